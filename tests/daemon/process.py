"""A daemon as a process of its own, with simulated pins and documents that need no hub.

It runs this file, so that a mutant can be planted first and every edge of the lock be told last.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from drivers.lock import GpioLock
from drivers.sim import pins
from drivers.sim.control import SimClient
from kiosk.clock import create_offset
from kiosk.core.identity import mint
from kiosk.core.signing import b64encode, kid_of, public_of
from kiosk.daemon import app
from kiosk.daemon.caller import ask
from kiosk.daemon.control import SOCKET, ControlSocket
from kiosk.daemon.ending import Ending
from kiosk.daemon.loop import Owner
from kiosk.daemon.scrubber import Scrubber
from kiosk.ledger import schema
from kiosk.ledger.keys import create as create_keys
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.store import Ledger
from kiosk.logs import configure
from kiosk.settings import load
from tests.daemon.gatehouse import ORIGIN, OWNER, VOUCHER, documents
from tests.patience import patient_s

READY_S = 30.0
STUCK_S = 25.0
LOCK_PIN = 18
EDGES = "edges.json"
LOG = "daemon.log"
CAMERA = '[camera]\nkind = "sim"\nwidth = 320\nheight = 240\n'
CONFIG = """
[kiosk]
name = "door"
shop = "corner"
state_dir = "{state}"
[hub]
url = "http://127.0.0.1:9"
owner_key = "{owner}"
[provider]
kind = "none"
[gate]
egress = "handle"
[lock]
kind = "sim"
pin = 18
fail_mode = "{fail_mode}"
active_high = true
[door]
kind = "sim"
[exit]
trigger = "button"
kind = "sim"
{camera}
[[reader]]
name = "fob"
kind = "rdm6300"
port = "sim:"
role = "entry"
[[reader]]
name = "gate"
kind = "m100"
port = "sim:"
role = "exit"
[sim]
socket = "{state}/sim.sock"
[clock]
offset_file = "{state}/clock"
trust = "always"
"""


class Daemon:
    """One daemon on a state directory of its own; a context that leaves nothing running.

    Args:
        camera: CAMERA for a simulated one; without it a start takes half the time.
    """

    def __init__(self, state: Path, fail_mode: str = "secure", camera: str = "") -> None:
        self.state = state
        self.config = state / "kiosk.toml"
        keys = create_keys(state)
        create_offset(state / "clock")
        owner = b64encode(public_of(OWNER))
        text = CONFIG.format(state=state, owner=owner, fail_mode=fail_mode, camera=camera)
        self.config.write_text(text, encoding="utf-8")
        with Ledger.open(state / "ledger.db", ORIGIN, keys.log, keys.wrap, "boot-0") as ledger:
            for kind, envelope in documents().items():
                ledger.put_document(kind, 1, envelope)

    @contextmanager
    def running(self, mutant: str = "none", **variables: str) -> Iterator[None]:
        """Run it until the block ends; it is killed if it has not ended by then."""
        (self.state / EDGES).unlink(missing_ok=True)
        with (self.state / LOG).open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.daemon.process", mutant, str(self.config)],
                stderr=log,
                env={**os.environ, **variables},
            )
        try:
            wait_for(self.answers, "the daemon answers")
            with closing(SimClient(self.state / "sim.sock")) as self.sim:
                yield
        finally:
            self.process.kill()
            self.process.wait()

    def answers(self, within_s: float = READY_S) -> bool:
        """Whether the owner answers in time; fails when the process has ended."""
        assert self.process.poll() is None, self.said()
        with closing(socket.socket(socket.AF_UNIX)) as line:
            line.settimeout(within_s)
            try:
                line.connect(str(self.state / SOCKET))
                line.sendall(b'{"do":"idle"}\n')
                return line.recv(100).startswith(b'{"ok":true')
            except OSError:
                return False

    def status(self) -> Mapping[str, Any]:
        """Return what the control socket says about everything."""
        return ask(self.state, {"do": "status"})

    def said(self) -> str:
        """Return everything that was logged since the start."""
        return (self.state / LOG).read_text(encoding="utf-8")

    def ended(self) -> tuple[int, str]:
        """Wait for the end; return exit code and what was said."""
        return self.process.wait(READY_S), self.said()

    def unlocked(self) -> bool:
        """Whether the pin is at the level that unlocks, as the simulator sees it."""
        return bool(self.sim.tell("lock", "state")["unlocked"])

    def edges(self) -> list[bool]:
        """Return every level of the lock's pin, told by a daemon that ended by itself."""
        return list(json.loads((self.state / EDGES).read_text(encoding="ascii")))

    def show_voucher(self, number: int = 1) -> None:
        """Show a fresh voucher to the camera; it needs no provider."""
        kid = kid_of(public_of(VOUCHER))
        nonce = number.to_bytes(8, "big")
        text = mint(f"voucher:{number:08x}", ORIGIN, int(time.time()), 60, nonce, VOUCHER, kid)
        self.sim.tell("camera", "show", text=text)

    def types(self) -> list[str]:
        """Return the types of everything in the ledger."""
        with LedgerReader(self.state / "ledger.db") as reader:
            return [event.record.type for event in reader.events()]

    @contextmanager
    def stuck_writes(self) -> Iterator[None]:
        """Keep every write of the daemon waiting inside SQLite until the block ends."""
        with closing(sqlite3.connect(self.state / "ledger.db", isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            yield
            rival.execute("ROLLBACK")


def wait_for(
    condition: Callable[[], object], what: str, limit_s: float = READY_S, *, patient: bool = True
) -> None:
    """Wait until a condition holds; fail after the limit.

    Args:
        patient: Wait longer on a busy machine; not for a mutant, whose hold would end meanwhile.
    """
    ends = time.monotonic() + (patient_s(limit_s) if patient else limit_s)
    while not condition():
        assert time.monotonic() < ends, f"not in {limit_s:.0f} s: {what}"
        time.sleep(0.01)


def _deaf() -> None:
    """Listen to signals as Python does by itself: when the main thread comes to it."""

    def start(self: Ending) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.now())

    _plant(Ending, start=start, stop=lambda _self: None)


def _reviving() -> None:
    """Let a lock that was released for good be powered again."""

    def release(self: GpioLock) -> None:
        self._power(False)

    _plant(GpioLock, release=release)


def _patient() -> None:
    """Have the owner move the door, whenever it comes to it."""

    def answer(self: ControlSocket, line: bytes) -> bytes:
        answer = self._owners_answer(json.loads(line), self._clock.now())
        return json.dumps(answer, separators=(",", ":")).encode() + b"\n"

    _plant(ControlSocket, _answer=answer)


def _patient_but_for_the_lock() -> None:
    """Have the owner unlock the door, whenever it comes to it."""
    _plant(ControlSocket, _unlocked=ControlSocket._owners_answer)


def _lame() -> None:
    """Die in a thread, a moment after the door was opened."""

    def die(self: Scrubber) -> None:
        while not (self._path.parent / "die").exists():
            self._rest(0.02)
        raise ZeroDivisionError("with a customer's token in it")

    _plant(Scrubber, _run=die)


def _lame_and_deaf_to_it() -> None:
    """Die in a thread, and let nobody notice."""
    _lame()
    _plant(Ending, _thread_died=lambda _self, _fault: None)


def _faulty_owner() -> None:
    """Die on the owner thread, a moment after the door was opened."""

    def pass_time(self: Owner) -> None:
        if (self.ledger.path.parent / "die").exists():
            raise ZeroDivisionError("with a customer's token in it")

    _plant(Owner, _let_time_pass=pass_time)


def _plant(where: type, **members: object) -> None:
    for name, member in members.items():
        setattr(where, name, member)


MUTANTS: Mapping[str, Callable[[], None]] = {
    "none": lambda: None,
    "deaf": _deaf,
    "reviving": _reviving,
    "patient": _patient,
    "patient but for the lock": _patient_but_for_the_lock,
    "lame": _lame,
    "lame and deaf to it": _lame_and_deaf_to_it,
    "faulty owner": _faulty_owner,
}


def main(mutant: str, config: str) -> None:
    """Run the daemon with a mutant planted, and tell the levels of the lock's pin at its end."""
    MUTANTS[mutant]()
    # So that a stuck write lasts as long as the test wants, on however busy a machine.
    vars(schema)["BUSY_S"] = STUCK_S
    settings = load(Path(config))
    configure("info")
    try:
        app.run(settings)
    finally:
        pin: Any = pins.shared_factory().pin(LOCK_PIN)
        levels = [level for _, level in pin.history]
        (settings.kiosk.state_dir / EDGES).write_text(json.dumps(levels), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
