"""Whoever types the steps of `kiosk init` as they are printed has a running shop, and visits it."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.patience import patient_s

LIMIT_S = 60.0
SERVICES = ("hub", "scores --owner-key", "run")


class Terminal:
    """A shell in which `kiosk` is found, as after an installation."""

    def __init__(self, place: Path) -> None:
        kept_out = ("KIOSK", "COVERAGE_PROCESS")  # the other tests of this room count the lines
        mine = {n: value for n, value in os.environ.items() if not n.startswith(kept_out)}
        program = Path(sys.executable).parent
        self._environment = mine | {"PATH": f"{program}:{mine['PATH']}", "COLUMNS": "200"}
        self._place = place

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Return how a command line ended."""
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self._place,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=patient_s(LIMIT_S),
            check=False,
        )

    @contextmanager
    def keeping(self, line: str) -> Iterator[Path]:
        """Yield where a command that keeps its terminal writes; it is gone at the end."""
        log = self._place / f"{re.sub('[^a-z]', '', line)[:40]}.out"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {line}"],
                cwd=self._place,
                env=self._environment,
                stdout=out,
                stderr=out,
            )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(patient_s(LIMIT_S))


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(seen: Callable[[], bool], what: Callable[[], str]) -> None:
    end = time.monotonic() + patient_s(LIMIT_S)
    while not seen():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


def _says(log: Path, word: str) -> bool:
    return word in log.read_text(encoding="utf-8")


def _tells(terminal: Terminal, line: str, word: str) -> bool:
    return word in terminal.type(line).stdout


def commands(text: str) -> list[str]:
    """Return the lines to type, those that go on in the next line joined."""
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.startswith("     ")]


@pytest.mark.slow
@pytest.mark.timeout(900)  # every wait in it has a limit, which is longer on a busy machine
def test_the_steps_as_printed_lead_through_a_whole_visit_by_every_way_in(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    hub, scores = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    made = terminal.type(f"kiosk init 'my shop' --simulate --hub {hub} --scores {scores}")
    assert made.returncode == 0, made.stderr
    steps = commands(made.stdout)
    assert len(steps) == 20
    told: list[str] = []
    with ExitStack() as running:
        for place, line in enumerate(steps):
            if line.removeprefix("kiosk ").startswith(SERVICES):
                log = running.enter_context(terminal.keeping(line))
                until(partial(_says, log, "ready"), log.read_text)
            elif line.startswith("kiosk ledger tail"):
                until(partial(_tells, terminal, line, "exit.unpaid"), str)
            elif line.startswith("kiosk sim enter"):
                until(partial(_gets_in, terminal, line, steps[place - 2 : place]), str)
            else:
                done = terminal.type(line)
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                told.append(done.stdout)
        assert terminal.type("kiosk status --state 'my shop'").returncode == 0
    said = "".join(told)
    for words in (
        *("The door is open for you.", "Trail mix 5.99 EUR", "Your voucher is accepted."),
        *("That is not a no.", "Staff vouched for you.", "You took nothing."),
    ):
        assert words in said


def _gets_in(terminal: Terminal, line: str, before: list[str]) -> bool:
    """Go in; on a machine so busy that the door is locked again, show the code once more."""
    if terminal.type(line).returncode == 0:
        return True
    for each in before:
        if each.startswith(("kiosk sim show", "kiosk sim choose")):
            terminal.type(each)
    return False
