"""What SQLite is told so that an acknowledged row survives, and rows that may never change."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from kiosk.hub.sql.store import SqlStore
from kiosk.hub.store.documents import DocumentRow
from kiosk.hub.store.logs import EntryRow, LogRow


def pragma(store: SqlStore, name: str) -> object:
    with store._engine.connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("synchronous", 2),
        ("journal_mode", "wal"),
        ("secure_delete", 1),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("page_size", 1024),
    ],
)
def test_a_commit_reaches_the_disk_and_a_deletion_does_too(
    sql_store: SqlStore, name: str, value: object
) -> None:
    assert pragma(sql_store, name) == value


@pytest.mark.parametrize("table", ["entry", "checkpoint", "document"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid"])
def test_what_was_taken_in_is_never_changed(sql_store: SqlStore, table: str, verb: str) -> None:
    row = LogRow("s~k", "s/k", "k", "v")
    with sql_store.write() as tx:
        tx.logs.enrol(row)
        tx.logs.append(row, [EntryRow(0, b"l", b"s", b"b", None)], b"r")
        tx.documents.add(DocumentRow("keys", 1, b"x", 0))
    change = verb.format(table).replace("rowid = rowid", _column(table))
    with (
        pytest.raises(IntegrityError, match="append-only"),
        sql_store._engine.begin() as connection,
    ):
        connection.execute(text(change))


def test_an_error_of_the_database_names_no_values(sql_store: SqlStore) -> None:
    row = DocumentRow("keys", 1, b"30340257BF7194E4", 0)
    with sql_store.write() as tx:
        tx.documents.add(row)
    with sql_store.write() as tx, pytest.raises(DatabaseError) as refused:
        tx.documents.add(row)
    assert "30340257BF7194E4" not in str(refused.value)


def test_the_journal_is_folded_in_at_the_end(sql_store: SqlStore) -> None:
    with sql_store.write() as tx:
        tx.documents.add(DocumentRow("keys", 1, b"a document to be found", 0))
    place = Path(str(sql_store._engine.url.database))
    sql_store.close()
    assert b"a document to be found" in place.read_bytes()
    assert not place.with_name(f"{place.name}-wal").exists()


def _column(table: str) -> str:
    column = {"entry": "leaf", "checkpoint": "root", "document": "envelope"}[table]
    return f"{column} = {column}"
