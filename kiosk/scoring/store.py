"""What the score service keeps: customers, facts, and for some minutes who asked what.

One SQLite file that one process holds. A number never stands in the rows that name a kiosk.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from kiosk.core.values import CustomerRef
from kiosk.scoring.errors import StateError
from kiosk.scoring.formula import DAY_S, KEEP_DAYS, Fact, Severity, Standing

KEPT_S: Final = 600
"""How long questions and nonces are kept: longer than a token (120 s) or an answer (300 s)."""

PRIVATE_FILE: Final = 0o600

_PRAGMAS: Final = """
PRAGMA locking_mode=EXCLUSIVE;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA secure_delete=ON;
PRAGMA foreign_keys=ON;
PRAGMA trusted_schema=OFF;
"""

MIGRATIONS: Final = (
    """
    CREATE TABLE customers (
        customer TEXT PRIMARY KEY,
        seed_points INTEGER CHECK (seed_points BETWEEN 0 AND 800)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE facts (
        id TEXT PRIMARY KEY,
        customer TEXT NOT NULL REFERENCES customers ON DELETE CASCADE,
        reporter TEXT NOT NULL,
        code TEXT NOT NULL CHECK (code NOT GLOB '*[^a-z0-9-]*' AND length(code) BETWEEN 1 AND 40),
        points INTEGER NOT NULL,
        severity TEXT NOT NULL,
        at_s INTEGER NOT NULL,
        cosigned_s INTEGER,
        notified_s INTEGER,
        waived INTEGER NOT NULL,
        standing TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX facts_of_customer ON facts (customer);
    """,
    """
    CREATE TABLE nonces (
        nonce TEXT PRIMARY KEY,
        kiosk TEXT NOT NULL,
        at_s INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX nonces_by_age ON nonces (at_s);
    CREATE TABLE checks (
        kiosk TEXT NOT NULL,
        request_id TEXT NOT NULL,
        customer TEXT NOT NULL,
        question BLOB NOT NULL,
        answer BLOB NOT NULL,
        at_s INTEGER NOT NULL,
        PRIMARY KEY (kiosk, request_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX checks_by_age ON checks (at_s);
    CREATE INDEX checks_of_customer ON checks (kiosk, customer, at_s);
    """,
    "ALTER TABLE nonces ADD COLUMN purpose TEXT NOT NULL DEFAULT '';",
    """
    DROP INDEX checks_of_customer;
    CREATE INDEX checks_of_customer ON checks (customer, at_s);
    """,
)
"""Each brings the file one version up; the version is `user_version`. Never edit a shipped one."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one customer.

    Attributes:
        seed_points: A base set for tests and plays; None for the formula's own.
    """

    seed_points: int | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was answered, to give a repeat the same answer.

    Attributes:
        question: Canonical bytes of the question.
        answer: The signed envelope.
    """

    kiosk: str
    request_id: str
    customer: CustomerRef = field(repr=False)
    question: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    at_s: int


class Store:
    """The file; one thread at a time may use it.

    Args:
        path: Made when it is new, brought up to date when it is old.

    Raises:
        StateError: Damaged, held by another process, or written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        with ExitStack() as undo:
            try:
                path.touch(mode=PRIVATE_FILE)
                self._db = sqlite3.connect(
                    path, timeout=0, isolation_level=None, check_same_thread=False
                )
                undo.callback(self._db.close)
                self._migrate(path)
            except OSError as error:
                raise StateError(f"{path}: {error.strerror}; choose a directory of ours") from error
            except sqlite3.Error as error:
                raise StateError(f"{path}: {_remedy(error)}") from error
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done inside durable at the end, or undo all of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has undone it by itself
                self._db.execute("ROLLBACK")
            raise

    def seed(self, customer: CustomerRef, points: int) -> None:
        """Make the customer known, with `points` in place of the formula's base."""
        self._db.execute(
            "INSERT INTO customers VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET seed_points = excluded.seed_points",
            (customer, points),
        )

    def add(self, customer: CustomerRef, fact: Fact) -> None:
        """Keep a fact and make the customer known; a fact that is there is replaced."""
        self._db.execute("INSERT OR IGNORE INTO customers VALUES (?, NULL)", (customer,))
        self._db.execute(
            "INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                fact.id,
                customer,
                fact.reporter,
                fact.code,
                fact.points,
                fact.severity,
                fact.at_s,
                fact.cosigned_s,
                fact.notified_s,
                fact.waived,
                fact.standing,
            ),
        )

    def record(self, customer: CustomerRef) -> Record | None:
        """Return what is known of the customer, None when nothing is: that is "unknown"."""
        row = self._db.execute(
            "SELECT seed_points FROM customers WHERE customer = ?", (customer,)
        ).fetchone()
        if row is None:
            return None
        rows = self._db.execute(
            "SELECT id, reporter, code, points, severity, at_s, cosigned_s, notified_s, waived,"
            " standing FROM facts WHERE customer = ?",
            (customer,),
        )
        return Record(row[0], tuple(_fact(fields) for fields in rows))

    def forget(self, customer: CustomerRef) -> None:
        """Erase the customer: facts, seed and questions (P7)."""
        self._db.execute("DELETE FROM customers WHERE customer = ?", (customer,))
        self._db.execute("DELETE FROM checks WHERE customer = ?", (customer,))

    def asks_first(self, nonce: str, kiosk: str, purpose: str, now_s: int) -> bool:
        """Say whether nobody else, and this kiosk for no other purpose, asked with this nonce."""
        self._db.execute(
            "INSERT OR IGNORE INTO nonces (nonce, kiosk, at_s, purpose) VALUES (?, ?, ?, ?)",
            (nonce, kiosk, now_s, purpose),
        )
        row = self._db.execute("SELECT kiosk, purpose FROM nonces WHERE nonce = ?", (nonce,))
        return bool(row.fetchone() == (kiosk, purpose))

    def asked(self, kiosk: str, request_id: str) -> Asked | None:
        """Return the question that was answered under this id, None when none was."""
        row = self._db.execute(
            "SELECT kiosk, request_id, customer, question, answer, at_s FROM checks"
            " WHERE kiosk = ? AND request_id = ?",
            (kiosk, request_id),
        ).fetchone()
        return None if row is None else Asked(*row)

    def remember(self, asked: Asked) -> None:
        """Keep an answered question for a repeat."""
        self._db.execute(
            "INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?)",
            (
                asked.kiosk,
                asked.request_id,
                asked.customer,
                asked.question,
                asked.answer,
                asked.at_s,
            ),
        )

    def times_asked(self, customer: CustomerRef, since_s: int) -> tuple[int, int]:
        """Return how often the customer was asked about since then, and first when."""
        row = self._db.execute(
            "SELECT count(*), coalesce(min(at_s), ?) FROM checks WHERE customer = ? AND at_s > ?",
            (since_s, customer, since_s),
        ).fetchone()
        return int(row[0]), int(row[1])

    def purge(self, now_s: int) -> None:
        """Delete questions and nonces past `KEPT_S`, and facts that weigh nothing any more."""
        self._db.execute("DELETE FROM checks WHERE at_s <= ?", (now_s - KEPT_S,))
        self._db.execute("DELETE FROM nonces WHERE at_s <= ?", (now_s - KEPT_S,))
        self._db.executemany(
            "DELETE FROM facts WHERE severity = ? AND at_s <= ?",
            [(severity, now_s - days * DAY_S) for severity, days in KEEP_DAYS.items()],
        )

    def shrink(self) -> None:
        """Write everything into the one file, so that what was deleted is nowhere any more."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _migrate(self, path: Path) -> None:
        """Bring the file to the newest version, each step whole or not at all."""
        self._db.executescript(_PRAGMAS)
        # Taking the lock now names a second process at its start, not at its first question.
        self._db.execute("BEGIN EXCLUSIVE")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        self._db.execute("COMMIT")
        if version > len(MIGRATIONS):
            raise StateError(
                f"{path}: written by a newer kiosk (version {version}, this one knows"
                f" {len(MIGRATIONS)}); update this machine"
            )
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            self._db.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")


def _fact(row: tuple[str, str, str, int, str, int, int | None, int | None, int, str]) -> Fact:
    identity, reporter, code, points, severity, at_s, cosigned_s, notified_s, waived, standing = row
    return Fact(
        id=identity,
        reporter=reporter,
        code=code,
        points=points,
        severity=Severity(severity),
        at_s=at_s,
        cosigned_s=cosigned_s,
        notified_s=notified_s,
        waived=bool(waived),
        standing=Standing(standing),
    )


def _remedy(error: sqlite3.Error) -> str:
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return "in use by another process; stop that one first"
    if error.sqlite_errorcode in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return "damaged; put it aside and restore a copy"
    return f"{error}; check that the directory is ours to write"
