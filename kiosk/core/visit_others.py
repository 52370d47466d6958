"""Who may be inside without a visit, as the ledger holds it: what a start must not forget.

The gate minds guests, and the crowd of a group, so that what they carry out is pinned on nobody.
Whenever that changes the ledger is told how many a start at this moment should mind, and for how
long: whoever may just be passing the door is among them. A start reads the newest such event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kiosk.core.commands import Command, Record
from kiosk.core.events import EventRecord
from kiosk.core.policy import MAX_STAY_S
from kiosk.core.values import ClockSync, Json, Moment
from kiosk.core.visit_state import PASSING_MS, Gate, Others, Quiet, Rules, Unlocked
from kiosk.core.visit_table import Step

GUESTS_COUNTED: Final = "guests.counted"
"""How many may be inside without a visit; the newest one counts."""
FORGOTTEN_MS: Final = MAX_STAY_S * 1000
"""No count holds longer, whatever the policy was when it was written."""
MAX_TOLD: Final = 256  # more guests than any shop holds; an event must not grow without end
RIGHT: Final = frozenset({ClockSync.NTP, ClockSync.TRUSTED})
"""Clocks between whose times of two boots only time can have passed."""


@dataclass(frozen=True, slots=True)
class Count:
    """The newest count in the ledger, and how long ago it was written, at least."""

    event: EventRecord
    age_ms: int


def age_ms(then: Moment, now: Moment, *, same_boot: bool) -> int:
    """Return how much time has passed for certain; in doubt none, so that nobody is forgotten."""
    if same_boot:
        return max(0, now.mono_ms - then.mono_ms)
    if {then.sync, now.sync} <= RIGHT:
        return max(0, now.wall_ms - then.wall_ms - now.err_ms - then.err_ms)
    return 0


def may_add(state: Unlocked) -> bool:
    """Whether somebody without a visit comes in by this lock, if anybody comes in."""
    # The others of a group come in on a visit that is inside already.
    of_group = state.visit is None and state.group_ms
    return (state.visit is None and not of_group) or state.staff or state.unseen


def tell(rules: Rules, before: Gate, gate: Gate, commands: tuple[Command, ...], at: Moment) -> Step:
    """Return the step that tells the ledger too, when it holds another count.

    A count that could not be written waits for the next record: only one that is too high can.
    """
    others = _at_stake(rules, gate)
    records = [each for each in commands if isinstance(each, Record)]
    changed = others != _at_stake(rules, before)
    if not (records or changed) or _covers(gate.counted, others, at):
        return gate, commands
    others = others.at(at.mono_ms)
    event = counted(others, at)
    gate = replace(gate, counted=others)
    if not records:
        return gate, (*commands, Record((event,)))
    # In the record that is there: what staff order does not wait for a second one.
    last = records[-1]
    longer = replace(last, events=(*last.events, event))
    return gate, tuple(longer if each is last else each for each in commands)


def counted(others: Others, at: Moment) -> EventRecord:
    """Return the event that tells of them: for how long each may yet be inside."""
    data: dict[str, Json] = {
        "guests_ms": [until_ms - at.mono_ms for until_ms in others.guests],
        "crowd_ms": max(0, others.crowd_ms - at.mono_ms),
    }
    return EventRecord(GUESTS_COUNTED, data)


def recall(gate: Gate, count: Count | None, at: Moment) -> Gate:
    """Return the gate of a start that minds whom the ledger counted last."""
    if count is None:
        return gate
    told = count.event.data.get("guests_ms")
    guests = told if isinstance(told, Sequence) else ()
    since_ms = at.mono_ms - count.age_ms
    untils = [since_ms + left for left in guests if isinstance(left, int)]
    crowd = count.event.data.get("crowd_ms")
    crowd_ms = since_ms + crowd if isinstance(crowd, int) else 0
    others = Others(tuple(untils), crowd_ms).at(at.mono_ms)
    return replace(gate, guests=others.guests, crowd_ms=others.crowd_ms)


def _at_stake(rules: Rules, gate: Gate) -> Others:
    """Return whom a start should mind that knows nothing else of this gate.

    The visit that is being let in, or is leaving, it finds by itself; not who passes with it.
    """
    timing, state, leaving = rules.policy.timing, gate.entry, gate.leaving
    stay_ms = timing.stay_s * 1000
    if isinstance(state, Unlocked) and may_add(state):
        # As late as they can have come in, so that it need not be told again when they have.
        passed_ms = state.due_ms + (0 if state.opened else PASSING_MS)
        group = state.visit is not None and state.visit.group
        gate = gate.with_others(passed_ms + stay_ms, group=group)
    if not isinstance(leaving, Quiet) and leaving.window.shared:
        visit = gate.visit(leaving.visit)
        if visit is not None:
            settled_ms = leaving.due_ms + timing.settle_s * 1000
            gate = gate.with_others(settled_ms + stay_ms, group=visit.group)
    return Others(gate.guests[-MAX_TOLD:], gate.crowd_ms)


def _covers(told: Others, others: Others, at: Moment) -> bool:
    """Whether the ledger holds as many, each for as long."""
    told, others = told.at(at.mono_ms), others.at(at.mono_ms)
    if len(told.guests) != len(others.guests) or bool(told.crowd_ms) != bool(others.crowd_ms):
        return False
    pairs = zip((*told.guests, told.crowd_ms), (*others.guests, others.crowd_ms), strict=True)
    return all(ours >= theirs for ours, theirs in pairs)
