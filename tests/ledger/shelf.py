"""A ledger in a directory, its keys, its moments, and ways to damage it."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Json, Moment, Spend, VisitId
from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.store import Appended, Ledger, Replayed

ORIGIN = "corner-shop/door-1"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WRAP_KEY = bytes(range(100, 132))
KEY = LogKey.of(ORIGIN, LOG_KEY)
NOON_MS = 1_795_435_200_000  # 2026-11-23T12:00:00Z
ALICE = CustomerRef("alice-7Jq0mW3v0Yd2")
BOB = CustomerRef("bob-pX8sJ1tR4bA")


def at(second: float = 0.0) -> Moment:
    """A moment after noon."""
    return Moment(mono_ms=5_000 + int(second * 1000), wall_ms=NOON_MS + int(second * 1000))


def plain(kind: str = "door.held", **data: Json) -> EventRecord:
    return EventRecord(kind, data)


def opened(visit: str, customer: CustomerRef = ALICE) -> EventRecord:
    personal = {"customer": customer, "tier": "signed"}
    return EventRecord("visit.opened", {"gate": "door"}, VisitId(visit), customer, personal)


def closed(visit: str, outcome: str, *epcs: str, customer: CustomerRef = ALICE) -> EventRecord:
    lines: Json = [{"epc": epc, "price_minor": 100} for epc in epcs]
    return EventRecord(f"exit.{outcome}", {"lines": lines}, VisitId(visit), customer)


def nonce(cti: str = "00c0ffee00c0ffee", exp_s: int = NOON_MS // 1000 + 120) -> Spend:
    return Spend("a1b2c3d4e5f60718", cti, exp_s)


class Shelf:
    """Opens ledgers and readers in one directory; closes all of them at the end."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ledger.db"
        self._stack = ExitStack()

    def open(
        self,
        origin: str = ORIGIN,
        key: Ed25519PrivateKey = LOG_KEY,
        wrap_key: bytes = WRAP_KEY,
        boot: str = "boot-1",
    ) -> Ledger:
        """The ledger for writing; made when it is not there."""
        ledger = Ledger.open(self.path, origin, key, wrap_key, boot)
        self._stack.callback(ledger.close)
        return ledger

    def filled(self, events: int, each: int = 1) -> Ledger:
        """A ledger with this many events of a customer, `each` in one append."""
        ledger = self.open()
        for first in range(0, events, each):
            many = min(each, events - first)
            made = [
                EventRecord("door.held", {"n": first + n}, None, ALICE, {"secret": "s" * 9})
                for n in range(many)
            ]
            ledger.append(made, at(first))
        return ledger

    def reader(self, wrap_key: bytes | None = WRAP_KEY) -> LedgerReader:
        """A reader beside the writer."""
        return self._stack.enter_context(LedgerReader(self.path, wrap_key))

    def raw(self) -> sqlite3.Connection:
        """A connection that may do anything: the triggers are gone."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        self._stack.callback(connection.close)
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        return connection

    def close(self) -> None:
        """Close all that was opened here."""
        self._stack.close()


def appended(result: Appended | Replayed) -> Appended:
    assert isinstance(result, Appended)
    return result
