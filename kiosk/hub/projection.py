"""What the entries of a kiosk's log mean for visits, losses and devices.

A log is evidence and is taken as it is: a field of another shape is left out here, never an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from kiosk.core.events import CLOSING, OUTCOMES
from kiosk.core.money import MAX_MINOR
from kiosk.core.values import MAX_JSON_INTEGER, Moment
from kiosk.hub import grace
from kiosk.hub.entries import MAX_AT_MS, Entry
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.logs import LogRow
from kiosk.hub.store.visits import AnonymousRow, DeviceRow, LineRow, MarkRow, OpeningRow, VisitRow

MAX_TEXT: Final = 200
DEVICE_STATES: Final = {"device.fault": "fault", "device.cleared": "ok"}


def project(tx: Transaction, log: LogRow, entries: Sequence[Entry], at: Moment) -> None:
    """Write what new entries mean, in the transaction that stores them."""
    touched: dict[str, VisitRow] = {}
    marks = []
    for entry in entries:
        if entry.event.noun_verb == "tags.observed":
            unread = entry.event.data.get("mostly_unread") is True
            tx.visits.count_reading(log.kiosk, entry.event.at_ms, unread=unread)
        visit = (entry.event.visit or _text(entry.event.data, "visit") or "")[:MAX_TEXT]
        if entry.event.noun_verb == "lock.commanded" and entry.event.data.get("cause") == "staff":
            # The door waits for no disk: such an event may be written long after it happened.
            at_ms = _number(entry.event.data, "happened_ms", MAX_AT_MS) or entry.event.at_ms
            tx.visits.add_opening(OpeningRow(log.kiosk, entry.index, visit or None, at_ms))
        if not visit:
            _outside_visits(tx, log, entry)
            continue
        kind, at_ms = entry.event.noun_verb, entry.event.at_ms
        marks.append(MarkRow(log.kiosk, visit, entry.index, kind, at_ms))
        row = touched.pop(visit, None) or tx.visits.find(log.kiosk, visit)
        row = _changed(row or VisitRow(log.kiosk, visit, opened_ms=at_ms), entry)
        if kind in OUTCOMES and row.exit_index == entry.index:
            tx.visits.put(row)
            tx.visits.put_lines(log.kiosk, visit, _lines(entry.event.data))
            grace.after_exit(tx, row, at)
        else:
            touched[visit] = row
    for row in touched.values():
        tx.visits.put(row)
    tx.visits.mark(marks)


def _outside_visits(tx: Transaction, log: LogRow, entry: Entry) -> None:
    kind, data, at_ms = entry.event.noun_verb, entry.event.data, entry.event.at_ms
    if kind in DEVICE_STATES:
        name, detail = _text(data, "device") or "unnamed", _text(data, "detail") or ""
        tx.visits.put_device(DeviceRow(log.kiosk, name, DEVICE_STATES[kind], detail, at_ms))
    elif kind in OUTCOMES:
        for epc in _epcs(data):
            tx.visits.add_anonymous(AnonymousRow(log.kiosk, entry.index, epc, at_ms))


def _changed(row: VisitRow, entry: Entry) -> VisitRow:
    change = CHANGES.get(entry.event.noun_verb)
    if change is not None:
        row = change(row, entry)
    if entry.event.noun_verb in CLOSING and row.ended_ms is None:
        row = replace(row, ended_ms=entry.event.at_ms)
    return row


def _decided(row: VisitRow, entry: Entry) -> VisitRow:
    """Keep the first answer; the way is that of the grant, whenever it came."""
    data = entry.event.data
    decision, policy = _text(data, "decision"), _number(data, "policy")
    if row.decision is None:
        row = replace(row, decision=decision, reason=_text(data, "reason"))
    way = _text(data, "way") if decision == "granted" else None
    return replace(row, way=way or row.way, policy=policy or row.policy)


def _opened(row: VisitRow, entry: Entry) -> VisitRow:
    way, policy = _text(entry.event.data, "way"), _number(entry.event.data, "policy")
    return replace(
        row, opened_ms=entry.event.at_ms, way=way or row.way, policy=policy or row.policy
    )


def _ended(row: VisitRow, entry: Entry) -> VisitRow:
    if row.outcome is not None:
        return row
    data = entry.event.data
    return replace(
        row,
        outcome=entry.event.noun_verb.removeprefix("exit."),
        currency=_text(data, "currency") or row.currency,
        payments_through=_number(data, "payments_through"),
        settled_through=_number(data, "payments_through"),
        credit_minor=_number(data, "credit_minor", MAX_MINOR),
        exit_origin=entry.event.source,
        exit_index=entry.index,
        exit_leaf=entry.leaf,
    )


CHANGES: Final[Mapping[str, Callable[[VisitRow, Entry], VisitRow]]] = {
    "decision.made": _decided,
    "visit.opened": _opened,
    **dict.fromkeys(OUTCOMES, _ended),
}
"""What an event changes in its visit; every other event only stands on the timeline."""


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return value[:MAX_TEXT] if isinstance(value, str) else None


def _number(data: Mapping[str, Any], name: str, most: int = MAX_JSON_INTEGER) -> int:
    value = data.get(name)
    return value if type(value) is int and 0 <= value <= most else 0


def _lines(data: Mapping[str, Any]) -> Sequence[LineRow]:
    try:
        lines = msgspec.convert(data.get("lines", []), list[LineRow], strict=True)
    except msgspec.ValidationError:
        return []
    return [line for line in lines if 0 <= line.price_minor <= MAX_MINOR]


def _epcs(data: Mapping[str, Any]) -> Sequence[str]:
    named = data.get("epcs")
    if isinstance(named, list):
        return [epc[:MAX_TEXT] for epc in named if isinstance(epc, str)]
    return [line.epc for line in _lines(data)]
