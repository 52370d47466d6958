"""Verifying the log again, from what is stored to what was signed.

Resumable: a scrub goes in steps, so that a background thread and the command line can both run
it; where it stands is one `Frontier`.
"""

import sqlite3
from base64 import b64encode
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from kiosk.ledger import rows
from kiosk.ledger.body import leaf_of
from kiosk.ledger.checkpoint import LogKey, verify
from kiosk.ledger.diagnosis import Finding, what_is_wrong, wrong_head, wrong_seal
from kiosk.ledger.errors import CheckpointError, LedgerCorruptError
from kiosk.ledger.merkle import TILE_LEVEL, TILE_WIDTH, Frontier, tile_root
from kiosk.ledger.schema import UNREADABLE, why
from kiosk.ledger.seal import Keyring
from kiosk.ledger.visits import VisitWatch

STEP_ROWS: Final = TILE_WIDTH  # larger steps fall out of the processor's cache

_Row = tuple[bytes, bytes | None, bytes | None]
"""leaf, salt, body; in a damaged file of any type."""


class Scrub:
    """One pass over a log, up to the size it had when the pass began.

    Every body, salt and leaf is hashed up to the tiles and to every stored head; the newest head's
    signature covers them all. An audit also verifies each older head's signature and the table of
    visits, and opens the sealed parts when it has the keys.

    Args:
        connection: A reader's connection; a writer may append meanwhile.
        key: Whose signature the heads must bear.
        since: `frontier` of an earlier pass; everything before it is taken as verified.
    """

    def __init__(
        self, connection: sqlite3.Connection, key: LogKey, since: Frontier | None = None
    ) -> None:
        self._connection = connection
        self._key = key
        self._keyring: Keyring | None = None
        self._every_signature = False
        self._visits: VisitWatch | None = None
        self.frontier = Frontier() if since is None else since.copy()
        self.size = rows.head(connection).size
        self.done = False

    @classmethod
    def audit(cls, connection: sqlite3.Connection, key: LogKey, keyring: Keyring | None) -> "Scrub":
        """Return a pass that verifies all that can be: slower by a signature for every append."""
        scrub = cls(connection, key)
        scrub._every_signature = True
        scrub._visits = VisitWatch()
        scrub._keyring = keyring
        return scrub

    def step(self) -> Finding | None:
        """Verify the next rows; return the first that is wrong. `done` tells when all are read."""
        try:
            return self._step()
        except (*UNREADABLE, LedgerCorruptError) as error:
            return Finding(
                self.frontier.size, "page", f"or a later one cannot be read: {why(error)}"
            )

    def _step(self) -> Finding | None:
        start = self.frontier.size
        end = min(self.size, (start // STEP_ROWS + 1) * STEP_ROWS)
        found = _fetch(self._connection, start, end)
        if not _all_fit(found, end - start):
            finding = _first_wrong(self._connection, start, end)
        else:
            finding = self._grow([row[0] for row in found], start, end)
        if finding is None and self._keyring is not None:
            finding = wrong_seal(self._connection, self._keyring, start, end)
        if finding is None and self._visits is not None:
            finding = self._visits.wrong(self._connection, start, end)
        if finding is None and end == self.size:
            self.done = True
            finding = wrong_head(self._connection, self._key)
            if finding is None and self._visits is not None:
                finding = self._visits.surplus(self._connection, end)
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
        if start < end == self.size and end not in notes:
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
        size, root = self.frontier.size, b64encode(self.frontier.root()).decode()
        if not note.startswith(f"{self._key.name}\n{size}\n{root}\n\n"):
            return "signed for other entries than these"
        if not self._every_signature:
            return ""
        try:
            verify(note, self._key)
        except CheckpointError as error:
            return str(error)
        return ""

    def _notes(self, start: int, end: int) -> Mapping[int, str]:
        query = "SELECT size, note FROM checkpoint WHERE size >= ? AND size <= ?"
        lowest = start + 1 if start else 0  # the first step verifies the empty log's head too
        return dict(self._connection.execute(query, (lowest, end)).fetchall())

    def _tiles(self, start: int, end: int) -> Mapping[int, bytes]:
        """Return the stored tile roots by the size at which each was complete."""
        query = "SELECT number, root FROM tile WHERE number >= ? AND number < ?"
        found = self._connection.execute(query, (start // TILE_WIDTH, end // TILE_WIDTH))
        return {(number + 1) * TILE_WIDTH: root for number, root in found}


def _fetch(connection: sqlite3.Connection, start: int, end: int) -> list[_Row]:
    query = "SELECT leaf, salt, body FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    return connection.execute(query, (start, end)).fetchall()


def _all_fit(found: Sequence[_Row], count: int) -> bool:
    """Return whether no row is missing and all hash to their leaves; a scrub lives here."""
    if len(found) != count or not count:
        return len(found) == count
    leaves, salts, bodies = zip(*found, strict=True)
    try:
        return list(map(leaf_of, salts, bodies)) == list(leaves)
    except TypeError:  # one is missing, or turned into another type
        return False


def _first_wrong(connection: sqlite3.Connection, start: int, end: int) -> Finding | None:
    """Return the first row that `_all_fit` does not like."""
    query = "SELECT idx, leaf, salt, body FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    found = connection.execute(query, (start, end)).fetchall()
    for expected, (index, leaf, salt, body) in enumerate(found, start):
        if index != expected:
            return Finding(expected, "entry", "is missing")
        for part, value in (("body", body), ("salt", salt), ("leaf", leaf)):
            if value is None:
                return Finding(index, part, "is missing, and no erasure of it is logged")
            if not isinstance(value, bytes):
                return Finding(index, part, "is not of the type that was stored")
        if leaf_of(salt, body) != leaf:
            return what_is_wrong(connection, index, leaf, salt, body)
    return Finding(start + len(found), "entry", "is missing") if len(found) < end - start else None
