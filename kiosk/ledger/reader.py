"""Reading the ledger beside its writer: own connection, last commit, never in the way."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk.core.values import Epc
from kiosk.ledger import rows, visits
from kiosk.ledger.audit import Scrub
from kiosk.ledger.checkpoint import LogKey, parse_vkey
from kiosk.ledger.diagnosis import Finding, wrong_page, wrong_schema
from kiosk.ledger.errors import LedgerCorruptError, LedgerError
from kiosk.ledger.merkle import Frontier
from kiosk.ledger.rows import Event, StoredEntry
from kiosk.ledger.schema import (
    STEPS,
    UNREADABLE,
    connect_readonly,
    require_version,
    version_of,
    why,
)
from kiosk.ledger.seal import Keyring
from kiosk.ledger.visits import Visit


class LedgerReader:
    """A read-only view of a log; any thread or process, one thread at a time.

    Args:
        path: The ledger's file.
        wrap_key: Opens the personal parts; None leaves them out.

    Raises:
        LedgerError: No ledger there, or one that this program cannot read.
    """

    def __init__(self, path: Path, wrap_key: bytes | None = None) -> None:
        self.path = path
        self._keyring = None if wrap_key is None else Keyring(wrap_key)
        self._connection = connect_readonly(path)
        try:
            self._meta = self._identity()
        except BaseException:
            self._connection.close()
            raise

    @property
    def key(self) -> LogKey:
        """The key that the log says it is signed with; pin your own copy to trust it."""
        return parse_vkey(self._meta["vkey"])

    def size(self) -> int:
        """Return how many entries the log has."""
        with self._reading() as connection:
            return rows.head(connection).size

    def entries(self, start: int, limit: int) -> list[StoredEntry]:
        """Return up to `limit` entries from `start` on, as they are uploaded."""
        with self._reading() as connection:
            return rows.entries(connection, start, limit)

    def checkpoint(self, size: int | None = None) -> str | None:
        """Return the signed checkpoint of exactly `size`, or the newest; None without one."""
        with self._reading() as connection:
            return rows.checkpoint(connection, size)

    def checkpoints(self, start: int, end: int) -> list[tuple[int, str]]:
        """Return the signed checkpoints of sizes above `start`, up to `end`, rising."""
        query = "SELECT size, note FROM checkpoint WHERE size > ? AND size <= ? ORDER BY size"
        with self._reading() as connection:
            return connection.execute(query, (start, end)).fetchall()

    def cursor(self, peer: str) -> int:
        """Return how many entries `peer` has acknowledged."""
        with self._reading() as connection:
            return rows.cursor(connection, peer)

    def peers(self) -> list[tuple[str, int]]:
        """Return every peer and how many entries it has acknowledged."""
        with self._reading() as connection:
            return connection.execute("SELECT name, acked FROM peer ORDER BY name").fetchall()

    def document(self, kind: str) -> bytes | None:
        """Return the policy, key list or catalogue that the kiosk holds, None without one."""
        with self._reading() as connection:
            return rows.document(connection, kind)

    def events(self, start: int = 0, end: int | None = None) -> list[Event]:
        """Return the events from `start` to before `end`, read back."""
        with self._reading() as connection:
            return list(rows.events(connection, self._keyring, start, end))

    def tail(self, count: int) -> list[Event]:
        """Return the newest `count` events, oldest first."""
        return self.events(max(0, self.size() - count))

    def visits(self, start: int = 0, *, unfinished: bool = False) -> list[Visit]:
        """Return visits and attempts with all their events, in order of the first.

        Args:
            start: Index from which on a visit must have begun.
            unfinished: Only those that were opened and have no closing event.
        """
        with self._reading() as connection:
            return visits.gather(connection, self._keyring, unfinished=unfinished, start=start)

    def gone_epcs(self) -> frozenset[Epc]:
        """Return the EPCs that are never charged again: they surely left, or were paid for."""
        with self._reading() as connection:
            return visits.gone_epcs(connection)

    def span_root(self, start: int, end: int) -> bytes:
        """Return the root of the entries from `start` to before `end`, as proofs need it."""
        with self._reading() as connection:
            return rows.span_root(connection, start, end)

    def scrub(self, key: LogKey, since: Frontier | None = None) -> Scrub:
        """Return a pass over the log for the background: entries, tree, heads, newest signature."""
        with self._reading() as connection:
            return Scrub(connection, key, since)

    def audit(self, key: LogKey) -> Scrub:
        """Return a pass that also verifies every signature and opens what the wrap key opens."""
        with self._reading() as connection:
            return Scrub.audit(connection, key, self._keyring)

    def wrong_page(self) -> Finding | None:
        """Return what is wrong with the file as a database; reads all of it."""
        with self._reading() as connection:
            return wrong_page(connection, "integrity_check") or wrong_schema(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _identity(self) -> Mapping[str, str]:
        """Return whose log this is, once it is one that can be read."""
        with self._reading() as connection:
            version = version_of(connection, self.path)
            require_version(version, self.path)
            if version < len(STEPS):
                raise LedgerError(f"{self.path}: an older ledger; start the kiosk to migrate it")
            found = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        if not found:
            raise LedgerError(f"{self.path}: begun, but never opened; start the kiosk once")
        if found.get("origin") != parse_vkey(found.get("vkey", "")).name:
            raise LedgerCorruptError(f"{self.path}: origin and key differ; restore a backup")
        if self._keyring is not None and found.get("wrap") != self._keyring.check:
            raise LedgerError(f"{self.path}: wrap.key is not this ledger's; restore the right one")
        return found

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection
        except UNREADABLE as error:
            raise LedgerCorruptError(f"{self.path}: cannot be read: {why(error)}") from error
