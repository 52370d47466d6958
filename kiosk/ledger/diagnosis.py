"""Naming what is wrong, once something is: which entry, and which part of it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from kiosk.ledger import rows
from kiosk.ledger.body import leaf_of
from kiosk.ledger.checkpoint import LogKey, parse, verify
from kiosk.ledger.errors import CheckpointError, LedgerCorruptError
from kiosk.ledger.merkle import inclusion_proof, verify_inclusion
from kiosk.ledger.schema import strangers
from kiosk.ledger.seal import CustomerKey, Keyring, plain_hash


@dataclass(frozen=True, slots=True)
class Finding:
    """Something stored that is not what was signed.

    Attributes:
        index: The first entry that is wrong, or may be.
        part: entry, body, salt, leaf, sealed, visit, tile, checkpoint, head or page.
        text: What is wrong with it.
    """

    index: int
    part: str
    text: str

    def __str__(self) -> str:
        return f"entry {self.index}: {self.part} {self.text}"


def what_is_wrong(
    connection: sqlite3.Connection, index: int, leaf: bytes, salt: bytes, body: bytes
) -> Finding:
    """Return which of leaf, salt and body was changed, given that they do not fit together.

    The signed tree tells whether the stored leaf is the true one; one flipped bit of salt or body
    is found by trying.
    """
    found = leaf_of(salt, body)
    if not _in_tree(connection, index, leaf) and _in_tree(connection, index, found):
        return Finding(index, "leaf", "is not the hash of its salt and body")
    if any(leaf_of(flipped, body) == leaf for flipped in _one_bit_off(salt)):
        return Finding(index, "salt", "has one bit flipped")
    if any(leaf_of(salt, flipped) == leaf for flipped in _one_bit_off(body)):
        return Finding(index, "body", "has one bit flipped")
    return Finding(index, "body", "or salt is not what its leaf commits to")


def wrong_page(
    connection: sqlite3.Connection, check: Literal["quick_check", "integrity_check"]
) -> Finding | None:
    """Return what SQLite finds wrong with its file, None when nothing; quick leaves out indexes."""
    (answer,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
    if answer == "ok":
        return None
    return Finding(0, "page", f"or a later one is damaged: {' '.join(answer.split())}")


def wrong_schema(connection: sqlite3.Connection) -> Finding | None:
    """Return the first table, index or trigger that is not as it was made, None when all are."""
    found = strangers(connection)
    return Finding(0, "page", f"holds a schema of {found[0]!a} that nobody made") if found else None


def wrong_seal(
    connection: sqlite3.Connection, keyring: Keyring, start: int, end: int
) -> Finding | None:
    """Return the first sealed part that does not open to what its body says, None when all do."""
    query = """SELECT idx, body, sealed, name, wrapped FROM entry
        LEFT JOIN subject_index USING (idx) LEFT JOIN subject_key USING (kid)
        WHERE idx >= ? AND idx < ? ORDER BY idx"""
    keys: dict[bytes, CustomerKey] = {}
    for index, body, sealed, name, wrapped in connection.execute(query, (start, end)):
        event = orjson.loads(body)
        want, subject, event_id = event.get("sealed"), event.get("subject"), event["id"]
        if (want is None) != (sealed is None):
            return Finding(index, "sealed", "is there without a hash in the body, or missing")
        if subject is None and name is None:
            continue
        if name is None:
            return Finding(index, "sealed", "has no key, and no erasure of it is logged")
        try:
            key = keys.get(name) or keyring.unwrap(name, wrapped)
            keys[name] = key
            opened = None if sealed is None else plain_hash(key.plaintext(event_id, sealed))
        except LedgerCorruptError as error:
            return Finding(index, "sealed", f"cannot be read: {error}")
        if opened != want or subject != key.subject(event_id):
            return Finding(index, "sealed", "is not what the body commits to")
    return None


def wrong_head(connection: sqlite3.Connection, key: LogKey) -> Finding | None:
    """Return what the stored head, its checkpoint or a peer's does not agree with."""
    (newest,) = connection.execute("SELECT max(size) FROM checkpoint").fetchone()
    head = rows.head(connection)
    size = head.size
    note = rows.checkpoint(connection, newest)
    try:
        signed = verify(note or "", key)
    except CheckpointError as error:
        return Finding(max(size - 1, 0), "checkpoint", f"of size {newest}: {error}")
    if (signed.size, signed.root) != (size, head.root()):
        return Finding(min(size, signed.size), "head", "is not the one that was signed last")
    return _wrong_peer(connection, key, size)


def _wrong_peer(connection: sqlite3.Connection, key: LogKey, size: int) -> Finding | None:
    """Compare with the newest head of every peer: what it holds cannot be missing here."""
    for name, acked, note in connection.execute("SELECT name, acked, note FROM peer").fetchall():
        if acked > size:
            return Finding(size, "entry", f"is missing: peer {name} holds {acked} entries")
        if note is None:
            continue
        try:
            seen = verify(note, key)
        except CheckpointError as error:
            return Finding(acked, "checkpoint", f"of peer {name}: {error}")
        if seen.size > size or rows.span_root(connection, 0, seen.size) != seen.root:
            return Finding(0, "checkpoint", f"of peer {name}, size {seen.size}, is of another log")
    return None


def _in_tree(connection: sqlite3.Connection, index: int, leaf: bytes) -> bool:
    """Return whether a leaf at this place leads to the newest signed root."""
    try:
        signed = parse(rows.checkpoint(connection, None) or "")
    except CheckpointError:
        return False
    if index >= signed.size:
        return False
    siblings = inclusion_proof(
        lambda start, end: rows.span_root(connection, start, end), index, signed.size
    )
    return verify_inclusion(leaf, index, signed.size, siblings, signed.root)


def _one_bit_off(value: bytes) -> Iterator[bytes]:
    """Yield every value that differs from `value` in one bit."""
    for bit in range(len(value) * 8):
        flipped = bytearray(value)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)
