"""Signs of life for the service manager: ready, status, and the watchdog while all parts beat."""

import logging
import socket
import threading
from typing import Final

from systemd_watchdog.systemd_watchdog import WatchDog

from kiosk.daemon.beats import Beats

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0


class Health:
    """A thread that feeds the watchdog while every part is alive; silent without a manager."""

    def __init__(self, beats: Beats) -> None:
        self._beats = beats
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager = WatchDog(self._socket)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health")
        self._silent: tuple[str, ...] = ()

    def ready(self, status: str) -> None:
        """Say that the gate is served, and begin to watch."""
        if self._manager.is_enabled:
            self._manager.ready()
            self._manager.status(status)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; the manager waits for the process to end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            silent = self._beats.silent()
            if silent and silent != self._silent:
                log.error("no sign of life parts=%s", ",".join(silent))
            self._silent = silent
            if not silent and self._manager.is_enabled:
                self._manager.notify()
