"""What a start does with visits that have no outcome yet: each goes to a safe state, once.

Before the door was passed: not entered. Inside: shopping goes on. Leaving: unresolved, because
nobody saw the rest (P3, P4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.core import visit_records as records
from kiosk.core.commands import Record, Show
from kiosk.core.events import OPENING, EventRecord
from kiosk.core.reasons import Reason
from kiosk.core.values import Claim, CustomerRef, Json, Moment, Outcome, Tier, VisitId, Way
from kiosk.core.visit_state import Gate, Rules, Settled, Visit
from kiosk.core.visit_table import Step


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A visit that the ledger opened and did not close, with its events in order."""

    visit: VisitId
    events: tuple[EventRecord, ...]


def recover(rules: Rules, gate: Gate, unfinished: Sequence[Unfinished], at: Moment) -> Step:
    """Return the gate with those who are still inside, and the record of what became of all."""
    inside: list[Visit] = []
    events: list[EventRecord] = []
    for each in unfinished:
        visit = _visit(rules, each, at)
        last = _last_step(each.events)
        if last == "visit.exit_started":
            events.append(_unresolved(rules, visit, gate.through))
        elif last in {"visit.entered", "visit.exit_abandoned"}:
            inside.append(visit)
        else:
            events.append(records.visit_event("not_entered", visit, cause="restart"))
    recovered = records.recovered(len(unfinished), len(inside))
    return (
        replace(gate, inside=tuple(inside)),
        (Record((recovered, *events)), Show("entry", Reason.IDLE)),
    )


def _unresolved(rules: Rules, visit: Visit, through: int) -> EventRecord:
    nothing_known = Settled((), 0, 0)
    return records.exit_settled(rules, visit, Outcome.UNRESOLVED, nothing_known, through, "restart")


def _last_step(events: Sequence[EventRecord]) -> str:
    steps = [event.type for event in events if event.type.startswith("visit.")]
    return steps[-1] if steps else ""


def _visit(rules: Rules, unfinished: Unfinished, at: Moment) -> Visit:
    opening = next(event for event in unfinished.events if event.type == OPENING)
    claim = Claim(
        CustomerRef(_text(opening.personal, "customer")),
        Tier(_text(opening.personal, "tier")),
        None,
    )
    until_ms = at.mono_ms + rules.policy.timing.stay_s * 1000
    way = Way(_text(opening.data, "way"))
    return Visit(unfinished.visit, claim, way, _text(opening.data, "tier"), until_ms)


def _text(data: Mapping[str, Json], key: str) -> str:
    """Return a text of an event of ours; its shape was checked when it was written."""
    value = data[key]
    return value if isinstance(value, str) else ""
