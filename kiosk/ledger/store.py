"""The ledger: durable, signed, append-only. One writer, the thread that opened it.

An append is one transaction: events, sealed parts, spent nonce, new head and its signed
checkpoint are all on the disk when it returns, or none of them is.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.events import CLOSING, EventRecord
from kiosk.core.values import Epc, Moment, Spend, VisitId
from kiosk.ledger import rows, visits
from kiosk.ledger.checkpoint import LogKey, Signer, parse, verify
from kiosk.ledger.errors import LedgerError, LedgerFullError, LedgerWriteError
from kiosk.ledger.lockfile import lock_beside, remember_begun, require_not_lost, unlock
from kiosk.ledger.merkle import Frontier
from kiosk.ledger.rows import Written
from kiosk.ledger.schema import UNREADABLE, connect, fold, migrate, why
from kiosk.ledger.seal import Keyring
from kiosk.ledger.start import check_start, corrupt, pin_identity
from kiosk.ledger.transaction import Book, Customers, spend_nonce, write

_PRIMARY: Final = 0xFF  # the low byte of an extended SQLite result code
_PUT_BACK: Final = "stop the kiosk before a backup is put back, then start it"
_DISTRUSTED: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CONSTRAINT,
    }
)
"""After these nothing is believed that the connection or this object remembers."""


@dataclass(frozen=True, slots=True)
class Appended:
    """The events are durable.

    Attributes:
        first: Index of the first of them.
        size: Size of the log with them.
        note: Signed checkpoint of that size.
    """

    first: int
    size: int
    note: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """The nonce was spent before; nothing was appended."""


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A visit without its closing event, as a starting daemon finds it.

    Attributes:
        visit: Its id.
        records: All of its events in order, personal parts opened.
    """

    visit: VisitId
    records: tuple[EventRecord, ...]


class Ledger:
    """The one writer of a log; made by `open`, used by the thread that opened it."""

    def __init__(self, path: Path, key: LogKey, book: Book, lock: int) -> None:
        self.path = path
        self.key = key
        self._book = book
        self._lock = lock
        self._connection: sqlite3.Connection | None = None
        self._head = Frontier()
        self._folded = False
        self._file: tuple[int, int] | None = None

    @classmethod
    def open(
        cls, path: Path, origin: str, key: Ed25519PrivateKey, wrap_key: bytes, boot: str
    ) -> "Ledger":
        """Open the log at `path`, made or migrated first when need be, and check its end.

        Args:
            path: The SQLite file.
            origin: Name of the log, "shop/kiosk".
            key: Signs its heads.
            wrap_key: Wraps the customers' keys.
            boot: Boot id, under which monotonic times of the events count.

        Raises:
            LedgerError: In use by another process, not the log of these keys, or lost.
            LedgerVersionError: A newer program wrote it.
            LedgerCorruptError: Names the first index that is not what was signed.
        """
        signer = Signer(origin, key)
        book = Book(origin, boot, signer, Customers(Keyring(wrap_key)))
        ledger = cls(path, LogKey.of(origin, key), book, lock_beside(path))
        vkey = ledger.key.encode()
        try:
            require_not_lost(ledger._lock, path, vkey)
            ledger._connect()
            remember_begun(ledger._lock, vkey)
        except BaseException as error:
            unlock(ledger._lock)
            if isinstance(error, UNREADABLE):
                raise ledger._named(error) from error
            raise
        return ledger

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self._head.size

    @property
    def root(self) -> bytes:
        """Root of the log's tree."""
        return self._head.root()

    def append(
        self, events: Sequence[EventRecord], at: Moment, spend: Spend | None = None
    ) -> Appended | Replayed:
        """Append events in one durable transaction, spending a nonce with them.

        Raises:
            LedgerFullError: The disk is full; nothing was appended.
            OutcomeTakenError: A second opening or closing event of a visit; nothing was appended.
            LedgerWriteError: An event against the rules, or a disk that fails; nothing was
                appended, and the next append opens the file anew.
        """
        customers = self._book.customers
        with self._reading():
            # A file that failed before is opened anew first, so that the size is the true one.
            first = self.size
        try:
            with self._transaction() as connection:
                if spend is not None and not spend_nonce(connection, customers.keyring, spend, at):
                    connection.execute("ROLLBACK")
                    return Replayed()
                head, note = write(connection, self._book, self._head, events, at)
        except BaseException as error:
            customers.forget_cached()
            if isinstance(error, LedgerWriteError) and first < self.size == first + len(events):
                return Appended(first, self.size, self._note())  # see _recover
            raise
        self._head = head
        return Appended(first, head.size, note)

    def open_visits(self) -> tuple[OpenVisit, ...]:
        """Return every visit that was opened and not closed, in the order of their opening.

        Raises:
            LedgerCorruptError: The table of visits calls one open that its events close.
        """
        keyring = self._book.customers.keyring
        with self._reading() as connection:
            found = visits.gather(connection, keyring, unfinished=True)
        for event in (event for visit in found for event in visit.events):
            if event.record.type in CLOSING:
                raise corrupt(self.path, f"entry {event.index}: visit is closed, its row is open")
        return tuple(
            OpenVisit(visit.visit, tuple(event.record for event in visit.events)) for visit in found
        )

    def newest(self, kind: str, is_old: Callable[[Moment, str], bool]) -> Written | None:
        """Return the newest event of this type, which names nobody; None when there is none.

        Args:
            kind: The type.
            is_old: Says of a moment and its boot that what is older is not looked for.

        Raises:
            LedgerCorruptError: The event is there and cannot be read.
        """
        with self._reading() as connection:
            return rows.newest(connection, kind, is_old)

    @property
    def boot(self) -> str:
        """Boot id under which the monotonic times of new events count."""
        return self._book.boot

    def gone_epcs(self) -> frozenset[Epc]:
        """Return the EPCs that left on an outcome, or were paid for: never charged again."""
        with self._reading() as connection:
            return visits.gone_epcs(connection)

    def acked(self, peer: str, size: int, note: str) -> None:
        """Remember that `peer` holds the first `size` entries, and the checkpoint it saw.

        Args:
            peer: Its name.
            size: May fall: a peer that lost entries is sent them again.
            note: Our signed checkpoint of that size as it came back; "" takes the one kept here.

        Raises:
            LedgerError: More than there are, or a checkpoint that is not ours.
        """
        if not 0 <= size <= self.size:
            raise LedgerError(f"{self.path}: {peer} holds {size} entries, here are {self.size}")
        upsert = """INSERT INTO peer VALUES (?, ?, ?) ON CONFLICT (name)
            DO UPDATE SET acked = excluded.acked, note = excluded.note"""
        with self._transaction() as connection:
            ours = rows.checkpoint(connection, size)
            if note and verify(note, self.key) != parse(ours or ""):
                raise LedgerError(f"{self.path}: {peer} shows a checkpoint of other entries")
            connection.execute(upsert, (peer, size, note or ours))

    def cursor(self, peer: str) -> int:
        """Return how many entries `peer` holds, as far as it said."""
        with self._reading() as connection:
            return rows.cursor(connection, peer)

    def put_document(self, kind: str, version: int, envelope: bytes) -> None:
        """Keep the last good policy, key list or catalogue.

        Raises:
            LedgerError: A version below the one that is kept.
        """
        upsert = """INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (kind)
            DO UPDATE SET version = excluded.version, envelope = excluded.envelope
            WHERE excluded.version >= version"""
        with self._transaction() as connection:
            if connection.execute(upsert, (kind, version, envelope)).rowcount == 0:
                raise LedgerError(f"{kind} version {version}: older than the one that is kept")

    def document(self, kind: str) -> bytes | None:
        """Return the document that `put_document` kept last, None without one."""
        with self._reading() as connection:
            return rows.document(connection, kind)

    def idle(self) -> None:
        """Fold the write-ahead log into the file, so that nothing deleted lingers in it."""
        if not self._folded:
            with self._reading() as connection:
                self._folded = fold(connection)

    def close(self) -> None:
        """Let go of the ledger; a second call does nothing."""
        if self._lock < 0:
            return
        try:
            with suppress(LedgerError):
                self.idle()
            self._disconnect()
        finally:
            unlock(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _note(self) -> str:
        with self._reading() as connection:
            return rows.checkpoint(connection, self.size) or ""

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done inside, durably, or undo all of it."""
        with self._reading() as connection:
            self._require_same_file()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                if connection.in_transaction:
                    connection.execute("COMMIT")
                    self._folded = False
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Turn SQLite's errors into the ledger's; leave a connection that can be used."""
        try:
            yield self._connected()
        except UNREADABLE as error:
            raise self._recover(error) from error

    def _connected(self) -> sqlite3.Connection:
        if self._lock < 0:
            raise LedgerError(f"{self.path}: closed")
        return self._connection or self._connect()

    def _connect(self) -> sqlite3.Connection:
        """Open the file and check it; nothing changes here when that fails."""
        if self._file is not None:
            self._require_same_file()  # before one is made in its place
        connection = connect(self.path)
        try:
            self._require_same_file()
            migrate(connection, self.path)
            pin_identity(connection, self.path, self.key, self._book)
            self._folded = fold(connection)
            self._head = check_start(connection, self.path, self.key)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _require_same_file(self) -> None:
        """Refuse to write where nobody will read: a file that was removed, or put in its place."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise LedgerWriteError(f"{self.path}: {error.strerror}; {_PUT_BACK}") from error
        here = (found.st_dev, found.st_ino)
        self._file = self._file or here
        if self._file != here:
            raise LedgerWriteError(f"{self.path}: another file is in its place; {_PUT_BACK}")

    def _recover(self, error: sqlite3.Error | UnicodeDecodeError) -> LedgerError:
        """Return the error to raise; after a failed read or write the file is opened anew.

        The kernel reports a failed fsync once and drops the pages, so a second try on the same
        descriptor would lie. Opening folds what was committed into the file, through a descriptor
        that has seen no error; if that holds the failed transaction after all, the head says so.
        """
        if _code(error) in _DISTRUSTED:
            self._disconnect()
            with suppress(*UNREADABLE, LedgerError):
                self._connect()
        return self._named(error)

    def _named(self, error: sqlite3.Error | UnicodeDecodeError) -> LedgerError:
        code = _code(error)
        # The file that readers share cannot be made on a full disk, which SQLite calls a fault.
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(self.path)):
            return LedgerFullError(f"{self.path}: the disk is full; free some space")
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return corrupt(self.path, f"pages damaged: {why(error)}")
        return LedgerWriteError(f"{self.path}: {why(error)}; check the disk and who may write")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_full(path: Path) -> bool:
    try:
        return os.statvfs(path.parent).f_bavail == 0
    except OSError:
        return False


def _code(error: sqlite3.Error | UnicodeDecodeError) -> int:
    """Return the primary result code; errors of Python's own have none."""
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & _PRIMARY
