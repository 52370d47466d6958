"""A process of a play: started with its own log file, awaited, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from kiosk.stage.errors import ProcessError

READY_S: Final = 30.0  # a cold start on a busy Pi
STOP_S: Final = 10.0
LOOK_S: Final = 0.02
LOG_TAIL: Final = 3


class Child:
    """One process, `python -m kiosk VERB ...`, with `NAME.pid` and `NAME.log` in the directory.

    Args:
        name: daemon, hub or scores.
        arguments: What follows `kiosk`.
        extra: Environment variables beside the inherited ones.
    """

    def __init__(
        self, directory: Path, name: str, arguments: Sequence[str], extra: Mapping[str, str]
    ) -> None:
        self.name = name
        self._directory = directory
        self._given = (tuple(arguments), dict(extra))
        self._arguments = [sys.executable, "-P", "-m", "kiosk", *arguments]
        self._environment = {**os.environ, **extra}
        self._log = directory / f"{name}.log"
        self._pid = directory / f"{name}.pid"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; call `wait_until` before relying on it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        self._pid.write_text(f"{self._process.pid}\n", encoding="ascii")

    def with_arguments(self, more: Sequence[str]) -> "Child":
        """Return the same process with more arguments, not started."""
        arguments, extra = self._given
        return Child(self._directory, self.name, [*arguments, *more], extra)

    def lines(self) -> list[str]:
        """Return everything it has said."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()

    @property
    def pid(self) -> int:
        """Its process id, 0 before it was started."""
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        """Wait until `ready` says so.

        Raises:
            ProcessError: It ended, or did not become ready in time; its last words are named.
        """
        ends = time.monotonic() + READY_S
        while not ready():
            if not self.running:
                raise ProcessError(f"{self.name} ended before {what}: {self._last_words()}")
            if time.monotonic() > ends:
                raise ProcessError(f"{self.name}: no {what} in {READY_S:.0f} s; see {self._log}")
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """Ask it to stop, and make sure that it did; may be called twice."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._pid.unlink(missing_ok=True)

    def _last_words(self) -> str:
        return " | ".join(self.lines()[-LOG_TAIL:]) or f"nothing said; see {self._log}"
