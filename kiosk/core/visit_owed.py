"""Events that happened while the ledger could not write: kept, and written with the next record.

A door that was opened stays opened, whatever the disk says; the event that tells of it is owed.
"""

from dataclasses import replace
from typing import Final

from kiosk.core.commands import Command, Record, Relock
from kiosk.core.events import EventRecord
from kiosk.core.inputs import Cause, RecordFailed
from kiosk.core.values import Moment
from kiosk.core.visit_others import GUESTS_COUNTED
from kiosk.core.visit_state import RETRY_MS, Gate
from kiosk.core.visit_table import Step

MAX_OWED: Final = 64  # of the events outside visits; those of visits are few and all kept


def one_record(gate: Gate, commands: tuple[Command, ...], at: Moment, *, due: bool) -> Step:
    """Join all records of a step into one transaction, with what is owed in front.

    Args:
        due: Whether what is owed is tried again by itself, once its time has come.
    """
    written = [each for each in commands if isinstance(each, Record)]
    pay = bool(gate.owed) and (bool(written) or (due and at.mono_ms >= gate.owed_ms))
    owed = gate.owed if pay else ()
    if pay:
        gate = replace(gate, owed=(), owed_ms=0)
    events = (*owed, *(event for each in written for event in each.events))
    if not events:
        return gate, commands
    joined = Record(events, next((each.spend for each in written if each.spend), None))
    if len(written) == 1:
        return gate, tuple(joined if each is written[0] else each for each in commands)
    others = [each for each in commands if not isinstance(each, Record)]
    safe = [each for each in others if isinstance(each, Relock)]
    return gate, (*safe, joined, *(each for each in others if not isinstance(each, Relock)))


def owe(gate: Gate, commands: tuple[Command, ...], failed: RecordFailed) -> Gate:
    """Return the gate that owes the events of these commands."""
    written = [event for each in commands if isinstance(each, Record) for event in each.events]
    events = [_dated(event, failed.cause) for event in written or gate.owed]
    counts = [event for event in events if event.type == GUESTS_COUNTED]
    outside = [event for event in events if event.visit is None and event not in counts]
    # Of several counts the newest says all; it is never dropped.
    dropped = [*counts[:-1], *outside[: max(0, len(outside) - MAX_OWED)]]
    kept = tuple(event for event in events if not any(event is each for each in dropped))
    return replace(gate, owed=kept, owed_ms=failed.at.mono_ms + RETRY_MS if kept else 0)


def _dated(event: EventRecord, cause: Cause) -> EventRecord:
    """Return the event with the time at which it happened, which is not when it is written."""
    if "happened_ms" in event.data:
        return event
    return replace(event, data={**event.data, "happened_ms": cause.at.wall_ms})
