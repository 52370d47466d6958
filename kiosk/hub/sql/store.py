"""The SQLite store: how transactions begin, and what a commit promises."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from kiosk.hub.sql.books import SqlDocuments, SqlGraces, SqlOffice, SqlPayments
from kiosk.hub.sql.logs import SqlLogs
from kiosk.hub.sql.visits import SqlVisits
from kiosk.hub.store.base import Transaction

PRAGMAS: Final = (
    "PRAGMA page_size=1024",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a reply of 200 says durable; NORMAL loses acknowledged rows
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA busy_timeout=5000",
)


def open_engine(path: Path) -> Engine:
    """Return an engine on this file whose transactions begin when they say so."""
    # An error may be logged, and parameters hold tags.
    engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


class SqlStore:
    """The hub's database in one SQLite file; any thread may read, one at a time writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begin a transaction that commits at the end of the block, or not at all."""
        with self._engine.connect() as connection:
            writing = connection.execution_options(kiosk_write=True)
            with writing.begin():
                yield _transaction(writing)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a consistent view of the last commit; nothing may be written in it."""
        with self._engine.connect() as connection:
            yield _transaction(connection)

    def close(self) -> None:
        """Fold the journal into the file, as far as the disk lets us, and let go of it."""
        # On a full disk the journal stays, and the next start reads it.
        with suppress(DatabaseError, sqlite3.Error), self._engine.connect() as connection:
            raw = connection.connection.cursor()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.close()
        self._engine.dispose()


def _prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # pysqlite begins transactions by guessing; None leaves that to `_begin`.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    # IMMEDIATE: two writers meet at the beginning, not in the middle of their work.
    writes = connection.get_execution_options().get("kiosk_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _transaction(connection: Connection) -> Transaction:
    return Transaction(
        logs=SqlLogs(connection),
        documents=SqlDocuments(connection),
        payments=SqlPayments(connection),
        visits=SqlVisits(connection),
        graces=SqlGraces(connection),
        office=SqlOffice(connection),
    )
