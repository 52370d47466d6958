"""A process of a play: started with its own log file, awaited, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from kiosk.stage.errors import ProcessError

READY_S: Final = 30.0  # a cold start on a busy Pi
STOP_S: Final = 20.0  # the last entry, and its way to the hub, on a busy Pi
LOOK_S: Final = 0.02
LOG_TAIL: Final = 3
KEPT: Final = frozenset({"KIOSK_DEBUG"})


class Child:
    """One process, `python -m kiosk VERB ...`, with `NAME.pid` and `NAME.log` in the directory.

    Args:
        name: daemon, hub or scores.
        arguments: What follows `kiosk`.
        extra: Environment variables beside the inherited ones.
        stop_s: How long it may take to stop when it is asked to.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        arguments: Sequence[str],
        extra: Mapping[str, str],
        stop_s: float = STOP_S,
    ) -> None:
        self.name = name
        self._directory = directory
        self._given = (tuple(arguments), dict(extra))
        self._log = directory / f"{name}.log"
        self._pid = directory / f"{name}.pid"
        self._stop_s = stop_s
        self._wanted = False
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs; call `wait_until` before relying on it."""
        if self.running:
            return
        arguments, extra = self._given
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [*leash(), sys.executable, "-P", "-m", "kiosk", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**inherited(), **extra},
                start_new_session=True,
            )
        self._wanted = True
        self._pid.write_text(f"{self._process.pid}\n", encoding="ascii")

    def with_arguments(self, more: Sequence[str]) -> "Child":
        """Return the same process with more arguments, not started."""
        arguments, extra = self._given
        return Child(self._directory, self.name, [*arguments, *more], extra, self._stop_s)

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

    def check(self) -> None:
        """Raise ProcessError when it ended though nobody stopped it."""
        if self._wanted and not self.running:
            raise ProcessError(f"{self.name} ended in the middle of the play; see {self._log}")

    def wait_until(self, ready: Callable[[], bool], what: str, limit_s: float = READY_S) -> None:
        """Wait until `ready` says so.

        Raises:
            ProcessError: It ended, or did not become ready in time; its last words are named.
        """
        ends = time.monotonic() + limit_s
        while not ready():
            if not self.running:
                raise ProcessError(
                    f"{self.name} ended before {what}: {self._last_words()}; see {self._log}"
                )
            if time.monotonic() > ends:
                raise ProcessError(f"{self.name}: no {what} in {limit_s:.0f} s; see {self._log}")
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """Ask it to stop, and make sure that it did; may be called twice."""
        self._wanted = False
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(self._stop_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._pid.unlink(missing_ok=True)

    def _last_words(self) -> str:
        said = self.lines()[-LOG_TAIL:]
        return " | ".join(line.strip() for line in said) or "nothing said"


@cache
def leash(program: str = "setpriv") -> tuple[str, ...]:
    """Return the words before a command that has to end with this process, even by kill -9.

    They are of util-linux. Where they are missing or others (busybox) a play that is killed leaves
    its processes running, and the next play in its directory names them.
    """
    words = (program, "--pdeathsig", "TERM")
    try:
        subprocess.run([*words, "true"], capture_output=True, check=True)  # noqa: S603 - as below
    except (OSError, subprocess.CalledProcessError):
        return ()
    return words


def inherited() -> dict[str, str]:
    """Return this environment without what configures a kiosk: a play brings all of that."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("KIOSK_") or name in KEPT
    }


def alive(pid_file: Path) -> int:
    """Return the id of a kiosk process that an earlier play left running, 0 for none."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return 0
    return pid if b"kiosk" in words else 0
