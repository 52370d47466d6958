"""The ledger's SQLite file: its tables, how it is opened, how an older one is brought forward.

A schema version is never edited once released: the next one is a further step. Tables are STRICT,
so that a check of the file also finds a value that turned into one of another type.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from kiosk.ledger.errors import (
    LedgerCorruptError,
    LedgerError,
    LedgerVersionError,
    LedgerWriteError,
)

LEDGER_FILE: Final = "ledger.db"
"""Name of the ledger in the state directory."""
PAGE_BYTES: Final = 1024  # half the device writes of 4096 for events of 1 kB (reference/ledger 3)
UNREADABLE: Final = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file raises: Python trips over words of SQLite that quote a damaged schema."""
BUSY_S: Final = 5.0  # longer than any reader's query; the lock file keeps writers out

_RELEASE_1: Final = (
    # The log. `leaf` is the RFC 6962 hash of the commitment and stays for good; `salt`, `body` and
    # `sealed` may be set to NULL once (forgotten), `digest` then keeps SHA-256(salt || body).
    """CREATE TABLE entry(
        idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, salt BLOB, body BLOB, sealed BLOB, digest BLOB
    ) STRICT""",
    """CREATE TRIGGER entry_append BEFORE UPDATE OF idx, leaf ON entry
        BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    """CREATE TRIGGER entry_forget BEFORE UPDATE OF salt, body, sealed, digest ON entry
        WHEN NEW.salt NOT NULL AND NEW.salt IS NOT OLD.salt
            OR NEW.body NOT NULL AND NEW.body IS NOT OLD.body
            OR NEW.sealed NOT NULL AND NEW.sealed IS NOT OLD.sealed
            OR OLD.digest NOT NULL AND NEW.digest IS NOT OLD.digest
        BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    """CREATE TRIGGER entry_keep BEFORE DELETE ON entry
        BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    # Whose log this is: origin, verifier key, a check of the wrap key.
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT",
    # Roots of 256 entries each, so that proofs and the start check need not read every leaf.
    "CREATE TABLE tile(number INTEGER PRIMARY KEY, root BLOB NOT NULL) STRICT",
    """CREATE TABLE head(
        one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL,
        size INTEGER NOT NULL, frontier BLOB NOT NULL
    ) STRICT""",
    "INSERT INTO head VALUES (1, 1, 0, x'')",
    # Every signed head: an upload ends at one of them, and none may ever be contradicted.
    "CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT",
    """CREATE TRIGGER checkpoint_append BEFORE UPDATE ON checkpoint
        BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    """CREATE TRIGGER checkpoint_keep BEFORE DELETE ON checkpoint
        BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    # The outbox is this cursor.
    """CREATE TABLE peer(
        name TEXT PRIMARY KEY, acked INTEGER NOT NULL, note TEXT
    ) WITHOUT ROWID, STRICT""",
    # Deleting a row forgets the customer; the name is an HMAC of the reference.
    """CREATE TABLE subject_key(
        kid INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE subject_index(
        idx INTEGER PRIMARY KEY REFERENCES entry(idx),
        kid INTEGER NOT NULL REFERENCES subject_key(kid) ON DELETE CASCADE
    ) STRICT""",
    # Spent nonces, by HMAC of (kid, cti).
    "CREATE TABLE nonce(name BLOB PRIMARY KEY, exp_s INTEGER NOT NULL) WITHOUT ROWID, STRICT",
    "CREATE INDEX nonce_exp ON nonce(exp_s)",
    # One row per visit or attempt; `opening` and `closing` are set once (P3).
    """CREATE TABLE visit(
        visit TEXT PRIMARY KEY, first INTEGER NOT NULL,
        opening INTEGER, closing INTEGER, outcome TEXT
    ) WITHOUT ROWID, STRICT""",
    "CREATE INDEX visit_first ON visit(first)",
    "CREATE INDEX visit_open ON visit(first) WHERE opening NOT NULL AND closing IS NULL",
    """CREATE TRIGGER visit_opening BEFORE UPDATE OF opening ON visit WHEN OLD.opening NOT NULL
        BEGIN SELECT RAISE(ABORT, 'has its opening event'); END""",
    """CREATE TRIGGER visit_unopened BEFORE UPDATE OF closing ON visit WHEN OLD.opening IS NULL
        BEGIN SELECT RAISE(ABORT, 'was never opened'); END""",
    """CREATE TRIGGER visit_closing BEFORE UPDATE OF closing, outcome ON visit
        WHEN OLD.closing NOT NULL BEGIN SELECT RAISE(ABORT, 'has its closing event'); END""",
    """CREATE TRIGGER visit_keep BEFORE DELETE ON visit
        BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    # Last good policy, key list and catalogue.
    """CREATE TABLE document(
        kind TEXT PRIMARY KEY, version INTEGER NOT NULL, envelope BLOB NOT NULL
    ) WITHOUT ROWID, STRICT""",
)

STEPS: Final[Sequence[Sequence[str]]] = (_RELEASE_1,)
"""Statements that lead from version n to n + 1; an empty file is version 0."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the ledger for writing, with every setting that its durability rests on.

    Raises:
        LedgerWriteError: There is no file to be had under that name.
        sqlite3.Error: It cannot be used as a database.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # -wal, -shm follow
    except OSError as error:
        raise LedgerWriteError(f"{path}: {error.strerror}; check the disk") from error
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        for setting in (
            f"page_size={PAGE_BYTES}",  # before the first table
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {setting}").close()
    except UNREADABLE:
        connection.close()
        raise
    return connection


def connect_readonly(path: Path) -> sqlite3.Connection:
    """Open the ledger for reading; sees the last commit, never blocks the writer."""
    if not path.is_file():
        raise LedgerError(f"{path}: no ledger here; give --state DIR, or run kiosk init")
    uri = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA trusted_schema=OFF").close()
    return connection


def why(error: Exception) -> str:
    """Return what SQLite says in one line, without the stored text that it may quote."""
    return " ".join(str(error).partition(" with text ")[0].split())


def fold(connection: sqlite3.Connection) -> bool:
    """Fold the write-ahead log into the file; False while a reader or a full disk is in the way.

    A reader is not waited for: an export may take longer than a customer has.
    """
    connection.execute("PRAGMA busy_timeout=0").close()
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            return False
        raise
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}").close()
    return bool(busy == 0)


def migrate(
    connection: sqlite3.Connection, path: Path, steps: Sequence[Sequence[str]] = STEPS
) -> int:
    """Bring the schema to the version after the last step; return the version it had.

    All steps are one transaction: a power cut leaves the old version, whole.

    Raises:
        LedgerVersionError: The file is of a newer version.
        LedgerError: The file is a database, but not a ledger.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = version_of(connection, path)
        require_version(found, path, len(steps))
        for step in steps[found:]:
            for statement in step:
                connection.execute(statement)
        if found < len(steps):
            connection.execute(f"PRAGMA user_version={len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return found


def strangers(connection: sqlite3.Connection) -> list[str]:
    """Return the names of tables, indexes and triggers that no step of this program made so."""
    query = "SELECT type, name, sql FROM sqlite_schema"
    with closing(sqlite3.connect(":memory:")) as fresh:
        for statement in (statement for step in STEPS for statement in step):
            fresh.execute(statement)
        known = set(fresh.execute(query).fetchall())
    return sorted(name for _, name, _ in set(connection.execute(query).fetchall()) - known)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema version, 0 for an empty file."""
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except UNREADABLE as error:
        raise LedgerCorruptError(f"{path}: not a readable database: {why(error)}") from error
    if version == 0 and tables:
        raise LedgerError(f"{path}: a database, but not a ledger; name another file")
    return int(version)


def require_version(found: int, path: Path, known: int = len(STEPS)) -> None:
    """Refuse a file that a newer program wrote."""
    if found > known:
        raise LedgerVersionError(
            f"{path}: schema version {found}, this program knows {known}; install the newer kiosk"
        )
