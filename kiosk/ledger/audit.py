"""Verifying the log again, from what is stored to what was signed.

Resumable: a scrub goes in steps, so that a background thread and the command line can both run
it; where it stands is one `Frontier`.
"""

import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Final

from kiosk.ledger import rows
from kiosk.ledger.checkpoint import LogKey, verify
from kiosk.ledger.diagnosis import Finding, what_is_wrong, wrong_head, wrong_page, wrong_seal
from kiosk.ledger.errors import CheckpointError, LedgerCorruptError
from kiosk.ledger.merkle import TILE_LEVEL, TILE_WIDTH, Frontier, tile_root
from kiosk.ledger.seal import Keyring

STEP_ROWS: Final = 4 * TILE_WIDTH

_Row = tuple[int, bytes, bytes | None, bytes | None]
"""idx, leaf, salt, body."""


class Scrub:
    """One pass over a log, up to the size it had when the pass began.

    Args:
        connection: A reader's connection; a writer may append meanwhile.
        key: Whose signature every checkpoint must bear.
        keyring: Opens the sealed parts; None leaves them unread.
        since: `frontier` of an earlier pass; everything before it is taken as verified.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        key: LogKey,
        keyring: Keyring | None = None,
        since: Frontier | None = None,
    ) -> None:
        self._connection = connection
        self._key = key
        self._keyring = keyring
        self.frontier = Frontier() if since is None else since.copy()
        self.size = rows.head(connection).frontier.size
        self.done = False

    def step(self) -> Finding | None:
        """Verify the next rows; return the first that is wrong. `done` tells when all are read."""
        try:
            return self._step()
        except (sqlite3.DatabaseError, LedgerCorruptError) as error:
            return Finding(self.frontier.size, "page", f"or a later one cannot be read: {error}")

    def _step(self) -> Finding | None:
        start = self.frontier.size
        end = min(self.size, (start // STEP_ROWS + 1) * STEP_ROWS)
        found = _fetch(self._connection, start, end)
        finding = _first_wrong(self._connection, found, start, end)
        if finding is None:
            finding = self._grow([row[1] for row in found], start, end)
        if finding is None and self._keyring is not None:
            finding = wrong_seal(self._connection, self._keyring, start, end)
        if finding is None and end == self.size:
            self.done = True
            finding = wrong_page(self._connection) or wrong_head(self._connection, self._key)
        return finding

    def _grow(self, leaves: Sequence[bytes], start: int, end: int) -> Finding | None:
        """Append leaves to the tree, comparing it with every tile and every signed head."""
        notes, tiles = self._notes(start, end), self._tiles(start, end)
        boundaries = range(start // TILE_WIDTH * TILE_WIDTH + TILE_WIDTH, end + 1, TILE_WIDTH)
        stops = sorted({start, end, *notes, *boundaries})
        known = start
        for begin, stop in pairwise([start, *stops]):
            root = self._extend(leaves[begin - start : stop - start])
            if root is not None and tiles.get(stop) != root:
                first = stop - TILE_WIDTH
                return Finding(first, "tile", f"is not the root of entries {first} to {stop - 1}")
            fault = self._note_fault(notes[stop]) if stop in notes else ""
            if fault:
                return Finding(known, "checkpoint", f"of size {stop}: {fault}")
            known = stop if stop in notes else known
        if end == self.size and end not in notes:
            return Finding(known, "checkpoint", f"of size {end} is missing")
        return None

    def _extend(self, leaves: Sequence[bytes]) -> bytes | None:
        """Append leaves; return the root of the tile that they completed, if they did."""
        if len(leaves) == TILE_WIDTH:
            root = tile_root(leaves)
            self.frontier.append_subtree(TILE_LEVEL, root)
            return root
        complete: list[bytes] = []
        for leaf in leaves:
            complete = self.frontier.append(leaf)
        return complete[TILE_LEVEL] if len(complete) > TILE_LEVEL else None

    def _note_fault(self, note: str) -> str:
        """Return what is wrong with the checkpoint of the present size, "" for nothing."""
        try:
            signed = verify(note, self._key)
        except CheckpointError as error:
            return str(error)
        if (signed.size, signed.root) != (self.frontier.size, self.frontier.root()):
            return "signed for other entries than these"
        return ""

    def _notes(self, start: int, end: int) -> Mapping[int, str]:
        query = "SELECT size, note FROM checkpoint WHERE size >= ? AND size <= ?"
        return dict(self._connection.execute(query, (start, end)).fetchall())

    def _tiles(self, start: int, end: int) -> Mapping[int, bytes]:
        """Return the stored tile roots by the size at which each was complete."""
        query = "SELECT number, root FROM tile WHERE number >= ? AND number < ?"
        found = self._connection.execute(query, (start // TILE_WIDTH, end // TILE_WIDTH))
        return {(number + 1) * TILE_WIDTH: root for number, root in found}


def first_wrong_row(connection: sqlite3.Connection, start: int, end: int) -> Finding | None:
    """Return the first entry whose salt and body do not hash to its leaf, None when all do."""
    return _first_wrong(connection, _fetch(connection, start, end), start, end)


def _fetch(connection: sqlite3.Connection, start: int, end: int) -> list[_Row]:
    query = "SELECT idx, leaf, salt, body FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    return connection.execute(query, (start, end)).fetchall()


def _first_wrong(
    connection: sqlite3.Connection, found: Sequence[_Row], start: int, end: int
) -> Finding | None:
    """Hash every row; the loop is written out because a scrub lives in it."""
    for expected, (index, leaf, salt, body) in enumerate(found, start):
        if index != expected:
            return Finding(expected, "entry", "is missing")
        if salt is None or body is None:
            part = "body" if body is None else "salt"
            return Finding(index, part, "is missing, and no erasure of it is logged")
        entry = b'{"c":"%s","v":1}' % urlsafe_b64encode(sha256(salt + body).digest())[:43]
        if sha256(b"\x00" + entry).digest() != leaf:
            return what_is_wrong(connection, index, leaf, salt, body)
    if len(found) != end - start:
        return Finding(start + len(found), "entry", "is missing")
    return None
