"""Runs the program in this process, as its entry point does; a ledger and a daemon to ask."""

import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kiosk.__main__ import main
from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Moment, VisitId
from kiosk.ledger.keys import LedgerKeys, create
from kiosk.ledger.store import Ledger
from tests.environment import environment
from tests.hub.worlds import Owner

ALICE = CustomerRef("alice-7Jq0mW3v0Yd2")
AT = Moment(mono_ms=1, wall_ms=1_795_435_200_000)


@dataclass(frozen=True, slots=True)
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str


Kiosk = Callable[..., Done]


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Let no program that ran in this process leave its logging to the next test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def kiosk(capsys: pytest.CaptureFixture[str]) -> Iterator[Kiosk]:
    """Yield the program `kiosk`, without what the caller's environment would configure."""
    ours = [name for name in os.environ if name.upper().startswith("KIOSK_")]

    def call(*words: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        code = ended.value.code
        told = capsys.readouterr()
        return Done(code if isinstance(code, int) else 0, told.out, told.err)

    with environment(COLUMNS="200", NO_COLOR="1", **dict.fromkeys(ours)):
        yield call


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The owner's private key in a file, as the tests of the hub know it."""
    path = tmp_path / "owner.key"
    path.touch(0o600)
    path.write_bytes(Owner().private.private_bytes_raw())
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a ledger of 12 events."""
    state = tmp_path / "state"
    with written(state, create(state)) as ledger:
        opened = EventRecord("visit.opened", {"gate": "g"}, VisitId("v1"), ALICE, {"tier": "x"})
        ledger.append([opened], AT)
        for n in range(11):
            ledger.append([EventRecord("door.held", {"n": n})], AT)
    return state


def written(state: Path, keys: LedgerKeys) -> Ledger:
    return Ledger.open(state / "ledger.db", "corner-shop/door-1", keys.log, keys.wrap, "boot")


class Control:
    """The control socket of a daemon: gives the answers it was told to, notes what it is asked."""

    def __init__(self, path: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answers: list[bytes] = []
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve, name="control")
        self._thread.start()

    def answers(self, *lines: bytes | dict[str, Any]) -> None:
        """Give these to the next callers, in order."""
        for line in lines:
            self._answers.append(
                line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            )

    def close(self) -> None:
        """Hang up for good."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                with self._server.accept()[0] as caller, caller.makefile("rb") as lines:
                    self.asked.append(json.loads(lines.readline()))
                    caller.sendall(self._answers.pop(0))


@pytest.fixture
def control(state: Path) -> Iterator[Control]:
    """A daemon that serves the state directory."""
    serving = Control(state / "control.sock")
    yield serving
    serving.close()
