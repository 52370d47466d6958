"""One append, inside its transaction: events become rows, the tree grows, the head is signed."""

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from uuid_utils import uuid7

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Moment, Spend
from kiosk.ledger import visits
from kiosk.ledger.body import SALT_BYTES, Stamp, build, leaf_of
from kiosk.ledger.checkpoint import Signer
from kiosk.ledger.errors import LedgerWriteError
from kiosk.ledger.merkle import TILE_LEVEL, TILE_WIDTH, Frontier
from kiosk.ledger.seal import CustomerKey, Keyring
from kiosk.ledger.wire import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_CHECKPOINT_BYTES, line_bytes

MAX_CACHED_KEYS: Final = 1024  # customers of a busy day; a miss costs one indexed read
NONCE_GRACE_S: Final = 366 * 86_400  # no clock that is wrong by less replays; 100 bytes a scan

_Entry = tuple[int, bytes, bytes, bytes, bytes | None]
"""idx, leaf, salt, body, sealed."""


class Customers:
    """The customers' keys: read from their rows, or minted at first sight."""

    __slots__ = ("_known", "keyring")

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._known: dict[CustomerRef, tuple[int, CustomerKey]] = {}

    def key_of(
        self, connection: sqlite3.Connection, customer: CustomerRef
    ) -> tuple[int, CustomerKey]:
        """Return a customer's row number and key; called inside a transaction."""
        known = self._known.get(customer)
        if known is None:
            if len(self._known) >= MAX_CACHED_KEYS:
                self._known.clear()
            known = self._known[customer] = self._fetch(connection, customer)
        return known

    def forget_cached(self) -> None:
        """Read every key from its row again; after a transaction that did not commit."""
        self._known.clear()

    def _fetch(
        self, connection: sqlite3.Connection, customer: CustomerRef
    ) -> tuple[int, CustomerKey]:
        name = self.keyring.name_of(customer)
        query = "SELECT kid, wrapped FROM subject_key WHERE name = ?"
        row = connection.execute(query, (name,)).fetchone()
        if row is not None:
            return int(row[0]), self.keyring.unwrap(name, row[1])
        key, wrapped = self.keyring.mint(customer)
        insert = "INSERT INTO subject_key(name, wrapped) VALUES (?, ?) RETURNING kid"
        (kid,) = connection.execute(insert, (name, wrapped)).fetchone()
        return int(kid), key


@dataclass(frozen=True, slots=True)
class Book:
    """What does not change from one append to the next.

    Attributes:
        origin: Name of the log.
        boot: Boot id under which monotonic times count.
        signer: Signs the heads.
        customers: Keys by customer.
    """

    origin: str
    boot: str
    signer: Signer
    customers: Customers


@dataclass(slots=True)
class _Rows:
    """What one append adds."""

    entries: list[_Entry] = field(default_factory=list)
    subjects: list[tuple[int, int]] = field(default_factory=list)
    tiles: list[tuple[int, bytes]] = field(default_factory=list)


def write(
    connection: sqlite3.Connection,
    book: Book,
    head: Frontier,
    events: Sequence[EventRecord],
    at: Moment,
) -> tuple[Frontier, str]:
    """Insert the events after `head`; return the new head and its signed checkpoint.

    Raises:
        LedgerWriteError: An event that breaks the ledger's rules; the caller rolls back.
    """
    if not 0 < len(events) <= MAX_BATCH_EVENTS:
        raise LedgerWriteError(f"append of {len(events)} events: want 1 to {MAX_BATCH_EVENTS}")
    rows, frontier = _Rows(), head.copy()
    for record in events:
        index, event_id = frontier.size, str(uuid7(nanoseconds=at.wall_ms * 1_000_000))
        stamp = Stamp(book.origin, index, event_id, book.boot, at)
        entry = _entry(connection, book, rows, record, stamp)
        rows.entries.append(entry)
        complete = frontier.append(entry[1])
        if len(complete) > TILE_LEVEL:
            rows.tiles.append((index // TILE_WIDTH, complete[TILE_LEVEL]))
    _require_one_batch(rows.entries)
    note = book.signer.sign(frontier.size, frontier.root())
    _insert(connection, rows, frontier, note)
    for index, record in enumerate(events, head.size):
        if record.visit is not None:
            visits.follow(connection, index, record)
    return frontier, note


def spend_nonce(connection: sqlite3.Connection, keyring: Keyring, spend: Spend, at: Moment) -> bool:
    """Spend a nonce; False when it was spent before. Forgets those long expired."""
    connection.execute("DELETE FROM nonce WHERE exp_s < ?", (at.wall_s - NONCE_GRACE_S,))
    insert = "INSERT OR IGNORE INTO nonce VALUES (?, ?)"
    row = (keyring.spent(spend.kid, spend.cti), spend.exp_s)
    return connection.execute(insert, row).rowcount == 1


def _entry(
    connection: sqlite3.Connection, book: Book, rows: _Rows, record: EventRecord, stamp: Stamp
) -> _Entry:
    """Return the row of one event; note whose it is."""
    subject = sealed = plain = None
    if record.customer is not None:
        kid, key = book.customers.key_of(connection, record.customer)
        rows.subjects.append((stamp.index, kid))
        subject = key.subject(stamp.event_id)
        if record.personal:
            sealed, plain = key.seal(stamp.event_id, record.personal)
    elif record.personal:
        raise LedgerWriteError(f"event {record.type}: a personal part needs a customer")
    body = build(record, stamp, subject, plain)
    salt = os.urandom(SALT_BYTES)
    return stamp.index, leaf_of(salt, body), salt, body, sealed


def _require_one_batch(entries: Sequence[_Entry]) -> None:
    """Refuse what could not be uploaded in one request: uploads end at signed heads."""
    wire = MAX_CHECKPOINT_BYTES + sum(line_bytes(entry[3], entry[4]) for entry in entries)
    if wire > MAX_BATCH_BYTES:
        raise LedgerWriteError(f"append of {wire} bytes: the hub takes {MAX_BATCH_BYTES} at once")


def _insert(connection: sqlite3.Connection, rows: _Rows, head: Frontier, note: str) -> None:
    insert = "INSERT INTO entry(idx, leaf, salt, body, sealed) VALUES (?, ?, ?, ?, ?)"
    connection.executemany(insert, rows.entries)
    if rows.subjects:
        connection.executemany("INSERT INTO subject_index VALUES (?, ?)", rows.subjects)
    if rows.tiles:
        connection.executemany("INSERT INTO tile VALUES (?, ?)", rows.tiles)
    connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (head.size, note))
    update = "UPDATE head SET size = ?, frontier = ?"
    connection.execute(update, (head.size, head.to_bytes()))
