"""What a start does with visits that have no outcome yet: each goes to a safe state, once.

Before the door was passed: not entered. Inside: shopping goes on. Leaving: unresolved, because
nobody saw the rest (P3, P4). Whoever may be inside all the same is a guest from then on, so that
nothing they carry is pinned on the next customer; so is every guest whom the gate minded before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.commands import Record, Show
from kiosk.core.events import OPENING, EventRecord
from kiosk.core.reasons import Reason
from kiosk.core.values import Claim, CustomerRef, Json, Moment, Tier, VisitId, Way
from kiosk.core.visit_others import Count, counted, recall
from kiosk.core.visit_state import CROWD_MS, Gate, Others, Rules, Visit
from kiosk.core.visit_table import Step

DOOR_OPENED: Final = "door.opened"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A visit that the ledger opened and did not close, with its events in order."""

    visit: VisitId
    events: tuple[EventRecord, ...]


def recover(
    rules: Rules,
    gate: Gate,
    unfinished: Sequence[Unfinished],
    at: Moment,
    count: Count | None = None,
) -> Step:
    """Return the gate with those who are still inside, and the record of what became of all.

    Args:
        count: The newest in the ledger of those inside without a visit; None when there is none.
    """
    gate = recall(gate, count, at)
    inside: list[Visit] = []
    events: list[EventRecord] = []
    for each in unfinished:
        visit = _visit(rules, each, at)
        step, passed = _last_step(each.events)
        if not visit.claim.customer:
            ended = records.exit_unseen(rules, visit, gate.through, "forgotten")
            events.extend(replace(event, customer=None) for event in ended)
        elif step == "visit.exit_started":
            events.extend(records.exit_unseen(rules, visit, gate.through, "restart"))
        elif step == OPENING:
            events.append(records.visit_event("not_entered", visit, cause="restart"))
        else:
            inside.append(visit)
            continue
        if step == OPENING or not passed:
            # The door was unlocked for them, and nobody watched it: they may have come in since.
            gate = gate.with_others(visit.until_ms, group=visit.group)
        elif visit.group:
            gate = gate.with_others(at.mono_ms + CROWD_MS, group=True)
    recovered = records.recovered(len(unfinished), len(inside))
    others = Others(gate.guests, gate.crowd_ms)
    return (
        replace(gate, inside=tuple(inside), counted=others),
        (Record((recovered, *events, counted(others, at))), Show("entry", Reason.IDLE)),
    )


def _last_step(events: Sequence[EventRecord]) -> tuple[str, bool]:
    """Return the last step of a visit, and whether the door was opened since."""
    steps = [event.type for event in events if event.type.startswith("visit.")]
    types = [event.type for event in events]
    since = types[len(types) - types[::-1].index(steps[-1]) :]
    return steps[-1], DOOR_OPENED in since


def _visit(rules: Rules, unfinished: Unfinished, at: Moment) -> Visit:
    opening = next(event for event in unfinished.events if event.type == OPENING)
    # Whose key was erased has no name any more; the visit must still end.
    customer = CustomerRef(_text(opening.personal, "customer"))
    tier = Tier(_text(opening.personal, "tier") or Tier.CLAIM)
    claim = Claim(customer, tier, None)
    until_ms = at.mono_ms + rules.policy.timing.stay_s * 1000
    way = Way(_text(opening.data, "way"))
    group = any(each.data.get("way") == records.GROUP for each in unfinished.events)
    opens = _text(opening.data, "tier")
    return Visit(unfinished.visit, claim, way, opens, until_ms, group=group)


def _text(data: Mapping[str, Json], key: str) -> str:
    """Return a text of an event of ours, "" when it was erased."""
    value = data.get(key)
    return value if isinstance(value, str) else ""
