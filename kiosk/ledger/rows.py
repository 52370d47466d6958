"""What is read from the ledger's tables, by writer and readers alike.

Every function takes the connection; nothing here writes.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Json, Moment
from kiosk.ledger.body import Body, parse
from kiosk.ledger.errors import LedgerCorruptError
from kiosk.ledger.merkle import TILE_LEVEL, TILE_WIDTH, Frontier
from kiosk.ledger.seal import Keyring

STRIDE: Final = 256  # entries between two looks at how far back a search has come


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry as it is uploaded: the exact bytes that the log commits to.

    Attributes:
        index: Position in the log.
        salt: 32 random bytes; the commitment is over salt || body.
        body: Canonical CloudEvents JSON.
        sealed: The personal part, encrypted; None when there is none.
        leaf: RFC 6962 hash of the commitment.
    """

    index: int
    salt: bytes
    body: bytes
    sealed: bytes | None
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One entry read back: where and when, and the event as it was handed in."""

    index: int
    time: str
    event_id: str
    record: EventRecord


@dataclass(frozen=True, slots=True)
class Written:
    """An event outside visits, with the clocks of when it was written.

    Attributes:
        at: The moment; its monotonic part counts under `boot` only.
    """

    record: EventRecord
    at: Moment
    boot: str


def head(connection: sqlite3.Connection) -> Frontier:
    """Return the stored head: the right edge of the tree.

    Raises:
        LedgerCorruptError: It is missing, or not that of a tree of its size.
    """
    row = connection.execute("SELECT size, frontier FROM head").fetchone()
    if row is None:
        raise LedgerCorruptError("head: missing")
    size, stored = row
    try:
        return Frontier.from_bytes(size, stored)
    except ValueError as error:
        raise LedgerCorruptError(f"head: {error}") from error


def entries(connection: sqlite3.Connection, start: int, limit: int) -> list[StoredEntry]:
    """Return up to `limit` entries from `start` on.

    Raises:
        LedgerCorruptError: A body or salt is not there any more.
    """
    query = "SELECT idx, salt, body, sealed, leaf FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?"
    found = connection.execute(query, (start, limit)).fetchall()
    for index, salt, body, *_ in found:
        if salt is None or body is None:
            raise LedgerCorruptError(f"entry {index}: body missing; run kiosk ledger verify")
    return [StoredEntry(*row) for row in found]


def checkpoint(connection: sqlite3.Connection, size: int | None) -> str | None:
    """Return the signed checkpoint of exactly this size, or of the newest; None without one."""
    query = "SELECT note FROM checkpoint WHERE size = ?1 OR ?1 IS NULL ORDER BY size DESC LIMIT 1"
    row = connection.execute(query, (size,)).fetchone()
    return None if row is None else str(row[0])


def cursor(connection: sqlite3.Connection, peer: str) -> int:
    """Return how many entries the peer has acknowledged."""
    row = connection.execute("SELECT acked FROM peer WHERE name = ?", (peer,)).fetchone()
    return 0 if row is None else int(row[0])


def document(connection: sqlite3.Connection, kind: str) -> bytes | None:
    """Return the document of this kind that was kept last, None without one."""
    row = connection.execute("SELECT envelope FROM document WHERE kind = ?", (kind,)).fetchone()
    return None if row is None else bytes(row[0])


def tiled(connection: sqlite3.Connection, first: int, end: int) -> Frontier:
    """Return the tree over the tiles from `first` to before `end`."""
    frontier = Frontier()
    query = "SELECT root FROM tile WHERE number >= ? AND number < ? ORDER BY number"
    for (root,) in connection.execute(query, (first, end)):
        frontier.append_subtree(TILE_LEVEL, root)
    return frontier


def span_root(connection: sqlite3.Connection, start: int, end: int) -> bytes:
    """Return the root of the entries from `start` to before `end` as a tree of their own."""
    aligned = start % TILE_WIDTH == 0
    frontier = tiled(connection, start // TILE_WIDTH, end // TILE_WIDTH) if aligned else Frontier()
    query = "SELECT leaf FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    for (leaf,) in connection.execute(query, (start + frontier.size, end)):
        frontier.append(leaf)
    if frontier.size != end - start:
        raise LedgerCorruptError(f"entries {start} to {end}: {frontier.size} of them are stored")
    return frontier.root()


def events(
    connection: sqlite3.Connection, keyring: Keyring | None, start: int, end: int | None = None
) -> Iterator[Event]:
    """Yield the events from `start` to before `end`; personal parts only with the keyring."""
    query = """SELECT idx, body, sealed, name, wrapped FROM entry
        LEFT JOIN subject_index USING (idx) LEFT JOIN subject_key USING (kid)
        WHERE idx >= ?1 AND (?2 IS NULL OR idx < ?2) ORDER BY idx"""
    for index, raw, sealed, name, wrapped in connection.execute(query, (start, end)):
        if raw is None:
            raise LedgerCorruptError(f"entry {index}: body missing; run kiosk ledger verify")
        body = parse(index, raw)
        try:
            customer, personal = _unseal(keyring, body, sealed, name, wrapped)
        except LedgerCorruptError as error:
            raise LedgerCorruptError(f"entry {index}: {error}; run kiosk ledger verify") from error
        time = str(body.event.get("time"))
        yield Event(index, time, body.event_id, body.record(customer, personal))


def newest(
    connection: sqlite3.Connection, kind: str, is_old: Callable[[Moment, str], bool]
) -> Written | None:
    """Return the newest event of this type; None when there is none.

    Args:
        connection: Where to read.
        kind: The type; its events name nobody.
        is_old: Says of a moment and its boot that what is older is not looked for.
    """
    # The text is looked for in C; only what holds it, and now and then one more, is read.
    query = """SELECT idx, body FROM entry
        WHERE body NOT NULL AND (instr(body, ?1) OR idx % ?2 = 0) ORDER BY idx DESC"""
    named = kind.encode()
    for index, raw in connection.execute(query, (named, STRIDE)):
        try:
            body = parse(index, raw)
            at, boot = body.when()
        except LedgerCorruptError:
            if named in raw:
                raise
            continue  # the scrub names what is damaged
        if is_old(at, boot):
            return None
        if body.type == kind:
            return Written(body.record(None, {}), at, boot)
    return None


def _unseal(
    keyring: Keyring | None, body: Body, sealed: bytes | None, name: bytes | None, wrapped: bytes
) -> tuple[CustomerRef | None, Mapping[str, Json]]:
    """Return customer and personal part, as far as the keys allow."""
    if keyring is None or name is None:
        return None, {}
    key = keyring.unwrap(name, wrapped)
    return key.customer, {} if sealed is None else key.open(body.event_id, sealed)
