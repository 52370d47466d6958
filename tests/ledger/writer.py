"""A process that appends events and says so, for tests that pull the plug on it.

Run as `python -m tests.ledger.writer DIRECTORY COUNT MODE`. After each append it writes one line
to standard output: "ack N", or "failed N" when the ledger said that nothing was appended.

Modes are "honest" and the mutants that the harness must catch: "normal" commits with
synchronous=NORMAL, "early" says "ack" before it appends, "marked" says that the ledger began
before there is one.
"""

import os
import sys
from pathlib import Path

from kiosk.core.events import EventRecord
from kiosk.ledger import store
from kiosk.ledger.errors import LedgerWriteError
from kiosk.ledger.lockfile import remember_begun
from kiosk.ledger.store import Ledger
from tests.ledger.shelf import ALICE, LOG_KEY, ORIGIN, WRAP_KEY, at


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main(directory: Path, count: int, mode: str) -> None:
    """Append until the count is reached, or for ever when it is 0."""
    if mode == "marked":
        vars(store)["require_not_lost"] = lambda held, _, vkey: remember_begun(held, vkey)
    ledger = Ledger.open(directory / "ledger.db", ORIGIN, LOG_KEY, WRAP_KEY, "boot")
    if mode == "normal":
        ledger._connected().execute("PRAGMA synchronous=NORMAL")
    number = 0
    while number < count or not count:
        event = EventRecord("door.held", {"n": number, "text": "x" * 400}, None, ALICE, {"p": "q"})
        if mode == "early":
            say(f"ack {number}")
        try:
            ledger.append([event], at(number))
        except LedgerWriteError:
            say(f"failed {number}")
        else:
            if mode != "early":
                say(f"ack {number}")
        number += 1
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
