"""Visits that are open in the ledger and unknown to the gate: granted on paper, never let in.

A write can fail for whoever asked and reach the disk all the same. Then nobody was let in, and
the visit must still end once.
"""

from collections.abc import Sequence

from kiosk.core.events import EventRecord
from kiosk.core.visit_state import Gate, Unlocked
from kiosk.ledger.store import OpenVisit


def strays(open_visits: Sequence[OpenVisit], gate: Gate) -> tuple[OpenVisit, ...]:
    """Return the visits that the gate does not know."""
    known = {visit.id for visit in gate.inside}
    if isinstance(gate.entry, Unlocked) and gate.entry.visit is not None:
        known.add(gate.entry.visit.id)
    return tuple(each for each in open_visits if each.visit not in known)


def closing(found: Sequence[OpenVisit]) -> tuple[EventRecord, ...]:
    """Return the events that end them: the lock was not opened, so nobody entered."""
    return tuple(
        EventRecord(
            "visit.not_entered",
            {"cause": "not-recorded"},
            each.visit,
            next((event.customer for event in each.records if event.customer), None),
        )
        for each in found
    )
