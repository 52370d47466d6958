"""A ledger of an older version comes forward whole; a newer or a foreign file is refused."""

import sqlite3
from pathlib import Path

import pytest

from kiosk.ledger.errors import LedgerError, LedgerVersionError
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.schema import STEPS, connect, migrate
from tests.ledger.shelf import Shelf, appended, at, plain

NEXT = (*STEPS, ("CREATE TABLE daily(day INTEGER PRIMARY KEY, n INTEGER)",))
"""A later release, made up: what the second step will look like."""
BROKEN = (*NEXT, ("CREATE TABLE more(n)", "INSERT INTO nowhere VALUES (1)"))


def test_a_new_file_gets_the_newest_schema(tmp_path: Path) -> None:
    connection = connect(tmp_path / "ledger.db")
    assert migrate(connection, tmp_path / "ledger.db") == 0
    assert migrate(connection, tmp_path / "ledger.db") == len(STEPS)
    connection.close()


def test_an_older_ledger_comes_forward_with_its_events(shelf: Shelf) -> None:
    ledger = shelf.filled(5)
    root = ledger.root
    ledger.close()
    connection = connect(shelf.path)
    assert migrate(connection, shelf.path, NEXT) == len(STEPS)
    assert connection.execute("SELECT count(*) FROM daily").fetchone() == (0,)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(NEXT),)
    connection.execute("DROP TABLE daily")
    connection.execute(f"PRAGMA user_version={len(STEPS)}")
    connection.close()
    ledger = shelf.open()
    assert (ledger.size, ledger.root) == (5, root)
    appended(ledger.append([plain()], at()))


def test_a_step_that_fails_leaves_the_older_version_whole(shelf: Shelf) -> None:
    shelf.filled(5).close()
    connection = connect(shelf.path)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, shelf.path, BROKEN)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    assert not tables & {"daily", "more"}
    connection.close()
    assert shelf.open().size == 5


def test_a_newer_ledger_is_refused_with_the_remedy(shelf: Shelf) -> None:
    shelf.filled(1).close()
    raw = sqlite3.connect(shelf.path)
    raw.execute(f"PRAGMA user_version={len(STEPS) + 1}")
    raw.close()
    for opening in (shelf.open, shelf.reader):
        with pytest.raises(LedgerVersionError, match="install the newer kiosk") as told:
            opening()
        assert "\n" not in str(told.value)
        assert told.value.exit_code == 2


def test_an_older_ledger_is_not_read_before_it_is_migrated(tmp_path: Path) -> None:
    connect(tmp_path / "ledger.db").close()
    with pytest.raises(LedgerError, match="start the kiosk to migrate it"):
        LedgerReader(tmp_path / "ledger.db")


def test_a_ledger_cut_off_at_birth_is_finished_at_the_next_start(shelf: Shelf) -> None:
    connection = connect(shelf.path)
    migrate(connection, shelf.path)
    connection.close()
    with pytest.raises(LedgerError, match="never opened"):
        shelf.reader()
    assert shelf.open().size == 0


def test_another_programs_database_is_refused(shelf: Shelf) -> None:
    raw = sqlite3.connect(shelf.path)
    raw.execute("CREATE TABLE theirs(n)")
    raw.close()
    with pytest.raises(LedgerError, match="a database, but not a ledger"):
        shelf.open()


def test_what_is_no_database_is_refused(shelf: Shelf) -> None:
    shelf.path.write_bytes(b"this is a text file, not a database" * 100)
    for opening in (shelf.open, shelf.reader):
        with pytest.raises(LedgerError, match=r"not a (readable )?database"):
            opening()
