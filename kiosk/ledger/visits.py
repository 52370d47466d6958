"""The table of visits: kept by the writer, read at a start, compared with its events by an audit.

It says what the events say, by visit: where each began, was opened and was closed, and how (P3).
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from kiosk.core.events import CLOSING, OPENING, OUTCOMES, EventRecord
from kiosk.core.values import Epc, VisitId
from kiosk.ledger import rows
from kiosk.ledger.body import kind_of, parse
from kiosk.ledger.diagnosis import Finding
from kiosk.ledger.errors import LedgerWriteError, OutcomeTakenError
from kiosk.ledger.rows import Event
from kiosk.ledger.seal import Keyring

_LISTED: Final = CLOSING | {OPENING}


@dataclass(frozen=True, slots=True)
class Visit:
    """Everything that was recorded of one visit or attempt.

    Attributes:
        visit: Its id.
        opening: Index of its opening event; None for an attempt that was not granted.
        closing: Index of its closing event; None while it goes on.
        outcome: paid, empty, unpaid or unresolved; None without one.
        events: All of its events, in order.
    """

    visit: VisitId
    opening: int | None
    closing: int | None
    outcome: str | None
    events: tuple[Event, ...]


def outcome_of(kind: str) -> str | None:
    """Return the outcome that a closing event gives its visit; None when it was not entered."""
    return kind.partition(".")[2] if kind in OUTCOMES else None


def follow(connection: sqlite3.Connection, index: int, record: EventRecord) -> None:
    """Keep the row of the visit that an event belongs to: its first, one opening, one closing.

    Raises:
        OutcomeTakenError: A second opening or closing.
        LedgerWriteError: A closing without an opening.
    """
    insert = "INSERT INTO visit(visit, first) VALUES (?, ?) ON CONFLICT DO NOTHING"
    connection.execute(insert, (record.visit, index))
    try:
        if record.type == OPENING:
            update = "UPDATE visit SET opening = ? WHERE visit = ?"
            connection.execute(update, (index, record.visit))
        elif record.type in CLOSING:
            update = "UPDATE visit SET closing = ?, outcome = ? WHERE visit = ?"
            connection.execute(update, (index, outcome_of(record.type), record.visit))
    except sqlite3.IntegrityError as error:
        taken = "has its" in str(error)
        kind = OutcomeTakenError if taken else LedgerWriteError
        raise kind(f"event {record.type}: visit {record.visit} {error}") from error


def gather(
    connection: sqlite3.Connection, keyring: Keyring | None, *, unfinished: bool, start: int = 0
) -> list[Visit]:
    """Return the visits whose first event is at `start` or later, in order of that event.

    Args:
        connection: Where to read.
        keyring: Opens the personal parts; None leaves them out.
        unfinished: Only those that were opened and have no closing event.
        start: Index from which on a visit must have begun.
    """
    query = "SELECT visit, opening, closing, outcome, first FROM visit WHERE first >= ?"
    if unfinished:
        query += " AND opening NOT NULL AND closing IS NULL"
    found = connection.execute(f"{query} ORDER BY first", (start,)).fetchall()
    gathered: dict[str, list[Event]] = {row[0]: [] for row in found}
    if found:
        for event in rows.events(connection, keyring, found[0][4]):
            if event.record.visit in gathered:
                gathered[event.record.visit].append(event)
    return [
        Visit(VisitId(visit), opening, closing, outcome, tuple(gathered[visit]))
        for visit, opening, closing, outcome, _ in found
    ]


def gone_epcs(connection: sqlite3.Connection) -> frozenset[Epc]:
    """Return the EPCs on the lines of every outcome that surely left, or that were paid for."""
    query = """SELECT idx, outcome, body FROM visit JOIN entry ON idx = closing
        WHERE outcome IN ('paid', 'unpaid', 'unresolved') AND body NOT NULL"""
    gone: set[Epc] = set()
    for index, outcome, raw in connection.execute(query):
        lines = parse(index, raw).data.get("lines", ())
        for line in lines if isinstance(lines, list) else ():
            if outcome != "unresolved" or line.get("paid"):
                gone.add(Epc(line["epc"]))
    return frozenset(gone)


class VisitWatch:
    """Compares the table of visits with the events it follows, stretch by stretch (P3)."""

    def __init__(self) -> None:
        self._opened = self._closed = 0

    def wrong(self, connection: sqlite3.Connection, start: int, end: int) -> Finding | None:
        """Return the first entry at which the table says something else, None when none does."""
        told = _told(connection, start, end)
        firsts = "SELECT first, visit FROM visit WHERE first >= ? AND first < ? ORDER BY first"
        for at, visit in connection.execute(firsts, (start, end)):
            if told[at][1] != visit:
                return Finding(at, "visit", "begins here in the table of visits only")
        query = "SELECT opening, closing, outcome FROM visit WHERE visit = ?"
        for at, (kind, visit) in told.items():
            if visit is None or kind not in _LISTED:
                continue
            opening, *ending = connection.execute(query, (visit,)).fetchone() or (None, None, None)
            if (opening != at) if kind == OPENING else (ending != [at, outcome_of(kind)]):
                return Finding(at, "visit", "is not in the table of visits as this event says")
            self._opened += kind == OPENING
            self._closed += kind in CLOSING
        return None

    def surplus(self, connection: sqlite3.Connection, size: int) -> Finding | None:
        """Return what the table says without an event; once all of `size` were compared."""
        query = """SELECT count(*) FILTER (WHERE opening < ?1),
            count(*) FILTER (WHERE closing < ?1) FROM visit"""
        if connection.execute(query, (size,)).fetchone() == (self._opened, self._closed):
            return None
        return Finding(0, "visit", "or a later one is in the table of visits without its event")


def _told(
    connection: sqlite3.Connection, start: int, end: int
) -> Mapping[int, tuple[str, str | None]]:
    """Return the type and the visit of entries whose hashes were verified."""
    query = "SELECT idx, body FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    found = ((at, orjson.loads(body)) for at, body in connection.execute(query, (start, end)))
    return {at: (kind_of(event), event["data"].get("visit")) for at, event in found}
