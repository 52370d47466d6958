"""The thread of one part of the daemon: named, ended on request, and beating while it waits."""

import threading
import time
from collections.abc import Callable
from typing import Final

from kiosk.daemon.beats import Beats

STEP_S: Final = 0.5  # between signs of life in a long wait


class PartThread:
    """A thread that the watchdog expects to beat, from its start until it was stopped.

    Args:
        part: Name of the thread, and of the part in the beats.
        run: Called on the thread; it must return soon once `stopping` is true.
    """

    def __init__(self, part: str, run: Callable[[], object], beats: Beats) -> None:
        self._part = part
        self._beats = beats
        self._stop = threading.Event()
        self._thread = threading.Thread(target=run, name=part)

    @property
    def stopping(self) -> bool:
        """Whether the part was asked to end."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begin; from now on the part must beat."""
        self.beat()
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let every rest end, and `stopping` be true; does not wait."""
        self._stop.set()

    def stop(self) -> None:
        """End the part, wait for it, and expect no more of it; it may never have been started."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join()
        self._beats.leave(self._part)

    def beat(self) -> None:
        """Give a sign of life."""
        self._beats.beat(self._part)

    def rest(self, rest_s: float, step_s: float = STEP_S) -> bool:
        """Wait, beating on; return whether the part is to end."""
        ends = time.monotonic() + rest_s
        while not self.stopping:
            self.beat()
            left_s = ends - time.monotonic()
            if left_s <= 0:
                break
            self._stop.wait(min(left_s, step_s))
        return self.stopping
