"""How the daemon ends, whatever ends it: the lock's safe level first, everything else after that.

A signal is heard by a thread of its own, because the owner may be stuck in a write. A thread that
dies ends the daemon too: half a gate must not stay in service.
"""

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from drivers.gpio import release_all
from kiosk.daemon.errors import ThreadDiedError
from kiosk.daemon.inbox import Inbox

log = logging.getLogger(__name__)

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WAKE: Final = b"\0"  # no signal has this number


class Ending:
    """Listens for signals and for the death of threads; the main thread starts and stops it.

    Args:
        make_safe: Drives every lock to its safe level; may be called from any thread.
    """

    def __init__(self, inbox: Inbox, make_safe: Callable[[], None] = release_all) -> None:
        self._inbox = inbox
        self._make_safe = make_safe
        self._died = ""
        self._thread = threading.Thread(target=self._listen, name="ending")

    def start(self) -> None:
        """Begin to listen."""
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        # Python's own handlers wait for the main thread; only this write is done at once.
        self._wakeup_before = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        self._handlers = {each: signal.signal(each, _nothing) for each in SIGNALS}
        self._hook_before, threading.excepthook = threading.excepthook, self._thread_died
        self._thread.start()

    def stop(self) -> None:
        """Give signals and threads back."""
        threading.excepthook = self._hook_before
        for each, handler in self._handlers.items():
            signal.signal(each, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.write(self._mouth, WAKE)
        self._thread.join()
        os.close(self._mouth)
        os.close(self._ear)

    def now(self) -> None:
        """Drive the safe level and have the owner stop; from any thread, as often as wanted."""
        self._make_safe()
        self._inbox.close()

    def check(self) -> None:
        """Say whether it was a fault that ended the daemon.

        Raises:
            ThreadDiedError: A thread died of a fault.
        """
        if self._died:
            raise ThreadDiedError(self._died)

    def _listen(self) -> None:
        while (heard := os.read(self._ear, 1)) != WAKE:
            if heard[0] in SIGNALS:
                self.now()
                log.info("stopping signal=%s", signal.Signals(heard[0]).name)

    def _thread_died(self, fault: threading.ExceptHookArgs) -> None:
        self._make_safe()
        name = fault.thread.name if fault.thread else "a thread"
        last = traceback.extract_tb(fault.exc_traceback)[-1:]
        place = "".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in last)
        # No message of the exception: it may hold what a customer showed.
        log.error("thread died thread=%s error=%s at=%s", name, fault.exc_type.__name__, place)
        self._died = f"{name}: died of {fault.exc_type.__name__} at {place}; see the log"
        self._inbox.close()  # last: the main thread asks for the reason as soon as it has stopped


def _nothing(_number: int, _frame: object) -> None:
    """Stand in for the default, which would kill the process; the wake-up says the rest."""
