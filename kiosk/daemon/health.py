"""Signs of life for the service manager: ready, status, and the watchdog while all parts beat."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Final

from systemd_watchdog.systemd_watchdog import WatchDog

from kiosk.daemon.beats import Beats

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
SEND_S: Final = 0.5  # a manager that does not listen holds nothing up


class Health:
    """A thread that feeds the watchdog while every part is alive; silent without a manager."""

    def __init__(self, beats: Beats, every_s: float = EVERY_S) -> None:
        self._beats = beats
        self._every_s = every_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(SEND_S)
        self._manager = WatchDog(self._socket)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health")
        self._silent: tuple[str, ...] = ()
        self._unheard = False

    def ready(self, status: str) -> None:
        """Say that the gate is served, and begin to watch."""
        self._say(self._manager.ready)
        self._say(lambda: self._manager.status(status))
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; the manager waits for the process to end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            silent = self._beats.silent()
            if silent and silent != self._silent:
                log.error("no sign of life parts=%s", ",".join(silent))
            self._silent = silent
            if not silent:
                self._say(self._manager.notify)

    def _say(self, send: Callable[[], None]) -> None:
        """Tell the manager, if there is one that listens; whether it does is logged once."""
        try:
            send()
        except OSError as error:
            if not self._unheard:
                log.warning("the service manager does not listen why=%s", error)
            self._unheard = True
        else:
            self._unheard = False
