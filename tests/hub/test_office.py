"""The office log: every queued event stands in it exactly once, whatever ends the process."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy.exc import OperationalError

from kiosk.clock import boot_id
from kiosk.core.events import EventRecord
from kiosk.core.values import Json, Moment
from kiosk.hub.office import OfficeLog
from kiosk.hub.outbox import queue
from kiosk.hub.sql.store import SqlStore, open_engine
from kiosk.hub.store.base import Store, Transaction
from kiosk.ledger import keys
from kiosk.ledger.errors import LedgerFullError
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.store import Appended, Ledger, Replayed
from tests.hub.worlds import moment

AT: Final = moment()


class KilledError(Exception):
    """Stands for the end of the process."""


def opener(tmp_path: Path) -> Callable[[], Ledger]:
    made = keys.create(tmp_path / "office")
    path = tmp_path / "office" / "ledger.db"
    return lambda: Ledger.open(path, "shop/office", made.log, made.wrap, boot_id())


def said(tmp_path: Path) -> list[str]:
    with LedgerReader(tmp_path / "office" / "ledger.db") as reader:
        return [str(event.record.data["key"]) for event in reader.events()]


def ask(store: Store, *names: str) -> None:
    for name in names:
        with store.write() as tx:
            queue(tx, f"grace.started/{name}", {"amount": 5}, AT, visit=f"v{name}")


def office(tmp_path: Path, store: Store) -> OfficeLog:
    found = OfficeLog(tmp_path / "office" / "ledger.db", opener(tmp_path))
    found.open(store)
    return found


def test_events_are_written_in_order_with_their_visit(tmp_path: Path, sql_store: SqlStore) -> None:
    ask(sql_store, "1", "2")
    log = office(tmp_path, sql_store)
    assert log.write(sql_store, AT) == 2
    assert log.write(sql_store, AT) == 0
    log.close()
    with LedgerReader(tmp_path / "office" / "ledger.db") as reader:
        first, second = reader.events()
    assert (first.record.type, first.record.visit) == ("grace.started", "v1")
    assert second.record.data == {"key": "grace.started/2", "amount": 5}
    with sql_store.read() as tx:
        assert [row.index for row in tx.office.of_visit("v2")] == [1]


def test_more_than_a_batch_is_written_too(tmp_path: Path, sql_store: SqlStore) -> None:
    ask(sql_store, *map(str, range(70)))
    log = office(tmp_path, sql_store)
    assert log.write(sql_store, AT) == 70
    log.close()


@pytest.mark.parametrize("written", [0, 1, 3])
def test_a_crash_between_log_and_note_neither_loses_nor_repeats(
    tmp_path: Path, sql_store: SqlStore, written: int
) -> None:
    """The log took `written` of the events, and the process ended before it noted that."""
    ask(sql_store, "1", "2", "3")
    with sql_store.read() as tx:
        rows = tx.office.waiting(9)
    with opener(tmp_path)() as ledger:
        data: list[dict[str, Json]] = [{"key": row.key, "amount": 5} for row in rows[:written]]
        if data:
            ledger.append([EventRecord("grace.started", each) for each in data], AT)
    log = office(tmp_path, sql_store)
    assert log.write(sql_store, AT) == 3 - written
    log.close()
    assert said(tmp_path) == ["grace.started/1", "grace.started/2", "grace.started/3"]
    with sql_store.read() as tx:
        assert tx.office.size() == 3
        assert tx.office.waiting(9) == []


def test_a_log_that_forgot_to_catch_up_repeats_an_event(
    tmp_path: Path, sql_store: SqlStore
) -> None:
    """Without the look at the log's end the same crash is seen to write twice."""
    ask(sql_store, "1")
    with opener(tmp_path)() as ledger:
        ledger.append([EventRecord("grace.started", {"key": "grace.started/1"})], AT)
    log = OfficeLog(tmp_path / "office" / "ledger.db", opener(tmp_path))
    log._ledger = log._open()
    log._noted = log._ledger.size
    log.write(sql_store, AT)
    log.close()
    assert said(tmp_path) == ["grace.started/1", "grace.started/1"]


class FullStore(SqlStore):
    """A store whose disk may be full."""

    full = False

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begin a transaction, as long as there is room."""
        if self.full:
            why = sqlite3.OperationalError("database or disk is full")
            raise OperationalError("COMMIT", None, why)
        with super().write() as tx:
            yield tx


def test_a_disk_that_fills_between_log_and_note_does_not_repeat_either(
    tmp_path: Path, migrated: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FullStore(open_engine(Path(shutil.copy(migrated, tmp_path / "hub.db"))))
    ask(store, "1", "2")
    log = office(tmp_path, store)
    store.full = True
    assert log.write(store, AT) == 0
    assert "why=database or disk is full" in caplog.text
    assert log.write(store, AT) == 0
    store.full = False
    ask(store, "3")
    assert log.write(store, AT) == 1
    log.close()
    store.close()
    assert said(tmp_path) == ["grace.started/1", "grace.started/2", "grace.started/3"]


class IdleLedger:
    """A ledger that takes nothing: its disk is full, or it takes everything for a replay."""

    size = 0

    def __init__(self, *, full: bool) -> None:
        self.full = full

    def append(self, events: Sequence[EventRecord], at: Moment) -> Appended | Replayed:
        """Take nothing."""
        if self.full:
            raise LedgerFullError(f"disk full at {at.wall_ms}: {len(events)} events")
        return Replayed()

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("full", [True, False])
def test_what_the_log_does_not_take_waits_for_better_times(
    tmp_path: Path, sql_store: SqlStore, *, full: bool
) -> None:
    ask(sql_store, "1")
    stuck = OfficeLog(tmp_path / "office" / "ledger.db", lambda: IdleLedger(full=full))
    stuck.open(sql_store)
    assert stuck.write(sql_store, AT) == 0
    stuck.close()
    log = office(tmp_path, sql_store)
    assert log.write(sql_store, AT) == 1
    log.close()


def test_a_closed_office_writes_nothing(tmp_path: Path, sql_store: SqlStore) -> None:
    ask(sql_store, "1")
    log = office(tmp_path, sql_store)
    log.close()
    log.close()
    assert log.write(sql_store, AT) == 0
