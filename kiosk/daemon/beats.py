"""Who is alive: every thread beats, and the watchdog is fed only while all of them do."""

import threading
import time
from collections.abc import Callable
from typing import Final

LIMIT_S: Final = 5.0  # half of the WatchdogSec of the unit


class Beats:
    """The last sign of life of each part, in monotonic seconds; any thread may beat."""

    def __init__(self, now: Callable[[], float] = time.monotonic, limit_s: float = LIMIT_S) -> None:
        self._now = now
        self._limit_s = limit_s
        self._last: dict[str, float] = {}
        self._guard = threading.Lock()

    def beat(self, part: str) -> None:
        """Note that `part` is alive; the first beat makes it a part that must go on."""
        with self._guard:
            self._last[part] = self._now()

    def leave(self, part: str) -> None:
        """Forget a part that ended on purpose."""
        with self._guard:
            self._last.pop(part, None)

    def silent(self) -> tuple[str, ...]:
        """Return the parts that have not beaten within the limit."""
        now = self._now()
        with self._guard:
            return tuple(part for part, at in self._last.items() if now - at > self._limit_s)
