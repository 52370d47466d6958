"""The hub's own log: what the office did, signed by the hub, written by its desk thread alone.

An event is queued in the transaction that makes it true and moved here afterwards. Each carries
its key, so that a crash between the two neither loses nor repeats it.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import orjson
from sqlalchemy.exc import DatabaseError

from kiosk.core.events import EventRecord
from kiosk.core.values import Moment, VisitId
from kiosk.hub.store.base import Store
from kiosk.hub.store.office import OfficeRow
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.store import Appended, Replayed

BATCH: Final = 64

log = logging.getLogger(__name__)


class Journal(Protocol):
    """What the office needs of a ledger."""

    @property
    def size(self) -> int:
        """How many entries it has."""

    def append(self, events: Sequence[EventRecord], at: Moment) -> Appended | Replayed:
        """Append events in one durable transaction; LedgerError when nothing was appended."""

    def close(self) -> None:
        """Let go of it."""


class OfficeLog:
    """The office's ledger and the way of queued events into it; desk thread only.

    Args:
        path: Its database.
        open_ledger: Opens it for writing, on the thread that calls `open`.
    """

    def __init__(self, path: Path, open_ledger: Callable[[], Journal]) -> None:
        self._path = path
        self._open = open_ledger
        self._ledger: Journal | None = None
        self._noted = 0

    def open(self, store: Store) -> None:
        """Open the log and note what a crash left unnoted.

        Raises:
            LedgerError: It cannot be opened, or is damaged.
        """
        self._ledger = self._open()
        self._catch_up(store, self._ledger)

    def write(self, store: Store, at: Moment) -> int:
        """Move waiting events into the log and return how many; a fault leaves them waiting."""
        moved = 0
        if self._ledger is None:
            return moved
        try:
            self._catch_up(store, self._ledger)
            while count := self._move(store, self._ledger, at):
                moved += count
        except (LedgerError, DatabaseError) as error:
            log.warning("office log not written why=%s", getattr(error, "orig", error))
        return moved

    def close(self) -> None:
        """Let go of the log."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _move(self, store: Store, ledger: Journal, at: Moment) -> int:
        """Move one batch and return how many it was."""
        with store.read() as tx:
            rows = tx.office.waiting(BATCH)
        if not rows:
            return 0
        done = ledger.append([_record(row) for row in rows], at)
        if isinstance(done, Replayed):  # no nonce is spent here
            return 0
        with store.write() as tx:
            for n, row in enumerate(rows):
                tx.office.written(row.number, done.first + n)
        self._noted = ledger.size
        return len(rows)

    def _catch_up(self, store: Store, ledger: Journal) -> None:
        """Note what the log took before a crash, or a full disk, kept that from being noted."""
        if ledger.size <= self._noted:
            return
        with store.read() as tx:
            start = tx.office.size()
        with LedgerReader(self._path) as reader:
            found = {event.record.data.get("key"): event.index for event in reader.events(start)}
        with store.write() as tx:
            for row in tx.office.waiting(len(found)):
                if row.key in found:
                    tx.office.written(row.number, found[row.key])
        self._noted = ledger.size


def _record(row: OfficeRow) -> EventRecord:
    visit = VisitId(row.visit) if row.visit else None
    return EventRecord(row.type, orjson.loads(row.data), visit)
