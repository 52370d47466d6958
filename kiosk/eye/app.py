"""The eye: reads codes off its camera and says them on its socket until it is stopped.

A lost camera is opened again with back-off; meanwhile listeners are told that there is none. A
decoder that hangs keeps the watchdog hungry, so the service manager ends the process.
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Protocol

from systemd_watchdog.systemd_watchdog import WatchDog

from drivers.base import CodeReader, DriverError, Health
from drivers.eye_lines import EVERY_S, Seeing, encode_code, encode_seeing
from kiosk.eye.outlet import Outlet

log = logging.getLogger(__name__)

POLL_S: Final = 0.1  # how soon a stop, or a new listener, is noticed
REOPEN_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # back-off of a lost camera


class Manager(Protocol):
    """What the service manager is told; `WatchDog` says it to systemd, when there is one."""

    def ready(self) -> None:
        """Say that the eye serves."""

    def ping(self) -> object:
        """Say that the eye is alive, when it is time to."""


class Eye:
    """One camera and one outlet; everything happens on the thread that calls `run`."""

    def __init__(
        self,
        camera: CodeReader,
        outlet: Outlet,
        manager: Manager,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._outlet = outlet
        self._manager = manager
        self._clock = clock
        self._seeing = Seeing(is_open=False, health=Health(ok=False, detail="not yet open"))
        self._said_at = -EVERY_S
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Watch until stopped; camera and outlet are closed by then.

        Raises:
            DeviceUnavailableError: The socket cannot be listened on.
        """
        self._outlet.open()
        with closing(self._outlet):
            while not stop.is_set():
                self._watch(stop)
                self._pause(stop)

    def _watch(self, stop: threading.Event) -> None:
        """Say codes until stopped or the camera is lost."""
        try:
            self._camera.open()
            self._found()
            while not stop.is_set():
                reads = self._camera.poll(POLL_S)
                if reads:
                    self._outlet.say(b"".join(map(encode_code, reads)))
                self._tend(Seeing(is_open=True, health=self._camera.health()))
        except DriverError as error:
            self._lost(error)
        finally:
            self._camera.close()

    def _pause(self, stop: threading.Event) -> None:
        """Wait before the next attempt, telling listeners that there is no camera."""
        until = self._clock() + REOPEN_S[min(max(self._failures - 1, 0), len(REOPEN_S) - 1)]
        while not stop.is_set() and self._clock() < until:
            self._tend(self._seeing)
            stop.wait(POLL_S)

    def _tend(self, seeing: Seeing) -> None:
        """Greet who came, say now and then how it is, and feed the watchdog."""
        changed = seeing.is_open != self._seeing.is_open
        self._seeing = seeing
        self._outlet.greet(lambda: encode_seeing(seeing))
        if changed or self._clock() - self._said_at >= EVERY_S:
            self._said_at = self._clock()
            self._outlet.say(encode_seeing(seeing))
        self._manager.ping()

    def _found(self) -> None:
        if self._failures:
            log.info("camera is back")
        self._failures = 0
        self._manager.ready()

    def _lost(self, error: DriverError) -> None:
        if not self._failures:
            log.warning("camera lost why=%s", error)
        self._failures += 1
        health = Health(ok=False, detail=str(error), counters=self._camera.health().counters)
        self._seeing = Seeing(is_open=False, health=health)
        self._outlet.say(encode_seeing(self._seeing))
        self._manager.ready()  # the eye serves, though it sees nothing yet


def run(camera: CodeReader, path: Path) -> None:
    """Run the eye on this thread until SIGTERM or SIGINT.

    Raises:
        DeviceUnavailableError: The socket cannot be listened on.
    """
    with _stopped_by_signals() as stop, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        Eye(camera, Outlet(path), WatchDog(notify)).run(stop)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
