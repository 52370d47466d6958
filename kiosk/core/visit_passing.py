"""The open lock of the gate: who passes the door, and when it is locked again.

There is one deadline for the lock, and a later one wins. A staff override unlocks first and is
recorded after, because it waits for nothing.
"""

from dataclasses import replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.commands import Record, Relock, Show, Unlock
from kiosk.core.events import EventRecord
from kiosk.core.inputs import (
    DeviceLost,
    DoorClosed,
    DoorOpened,
    GroupDeclared,
    IdShown,
    StaffLocked,
    StaffUnlocked,
    TimeUp,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Moment, Tier
from kiosk.core.visit_answer import BUSY, shown, unlocked_now
from kiosk.core.visit_others import may_add
from kiosk.core.visit_state import DOOR, PASSING_MS, Entry, Gate, Idle, Rules, Unlocked, Visit
from kiosk.core.visit_table import Step

HELD: Final = "door-held"
GROUP_S: Final = 30  # for a group to pass one by one, each through a door that falls shut


def busy_while_unlocked(rules: Rules, gate: Gate, state: Unlocked, code: IdShown) -> Step:
    """Tell the next customer to wait; the door stays the first one's."""
    if state.visit is not None and state.visit.claim.customer == code.claim.customer:
        return gate, ()
    events = (
        records.scan_accepted(code.visit, code.claim, code.side),
        records.decision_made(rules, code.visit, code.claim, BUSY, 0),
    )
    spend = None if code.claim.tier is Tier.VOUCHER else code.claim.spend
    return gate, (Record(events, spend), shown(rules, BUSY))


def group_declared(rules: Rules, gate: Gate, state: Unlocked, said: GroupDeclared) -> Step:
    """Keep the door unlocked for the others; what a group takes is on the one visit."""
    visit = state.visit
    if visit is None or visit.group:
        return gate, ()
    group_ms = said.at.mono_ms + GROUP_S * 1000
    due_ms = max(state.due_ms, group_ms)
    visit = replace(visit, group=True)
    events = (
        records.choice_taken(visit.id, visit.claim, records.GROUP),
        records.lock_commanded(rules, visit.id, GROUP_S, records.GROUP),
    )
    entry = replace(state, visit=visit, due_ms=due_ms, group_ms=group_ms)
    return replace(gate, entry=entry), (
        Record(events),
        Unlock(GROUP_S, records.GROUP),
        Show("entry", Reason.GROUP),
    )


def door_opened(_rules: Rules, gate: Gate, state: Unlocked, opened: DoorOpened) -> Step:
    """Note that somebody is passing; after a restart it tells who may have come in."""
    due_ms = opened.at.mono_ms + PASSING_MS
    gate = replace(gate, entry=replace(state, opened=True, due_ms=due_ms))
    if state.opened:
        return gate, ()
    passing = records.door_event("opened", state.visit.id if state.visit else None)
    return gate, (Record((passing,)),)


def blinded(_rules: Rules, gate: Gate, state: Unlocked, gone: DeviceLost) -> Step:
    """Remember that the door could not be seen all the time."""
    unseen = state.unseen or gone.role == DOOR
    return replace(gate, entry=replace(state, unseen=unseen)), ()


def door_closed(rules: Rules, gate: Gate, state: Unlocked, closed: DoorClosed) -> Step:
    """Relock on door close; whoever passed is inside now. A group's door waits for the others."""
    if not state.opened:
        return gate, ()
    if closed.at.mono_ms < state.group_ms:
        waiting = replace(state, visit=None, opened=False, due_ms=state.group_ms)
        gate, entered = _inside(rules, gate, state, closed.at)
        return replace(gate, entry=waiting), ((Record(entered),) if entered else ())
    gate, commands = _relocked(rules, gate, state, "door-closed", closed.at)
    return gate, (*commands, Show("entry", Reason.IDLE))


def unlock_over(rules: Rules, gate: Gate, state: Unlocked, up: TimeUp) -> Step:
    """Relock when nobody came, when a group has had its time, or when the door is held."""
    if up.at.mono_ms < state.due_ms:
        return gate, ()
    visit = state.visit
    if state.opened:
        gate, commands = _relocked(rules, gate, state, HELD, up.at)
        return gate, (*commands, Show("entry", Reason.DOOR_HELD))
    relocked = records.lock_relocked(rules, visit.id if visit else None, "time")
    ended = (records.visit_event("not_entered", visit),) if visit else ()
    group_is_in = visit is None and state.group_ms
    # Nobody was seen at a door that cannot be seen: somebody may have come in all the same.
    if state.unseen and not group_is_in:
        gate = _with_others(rules, gate, visit, up.at)
    return replace(gate, entry=Idle()), (
        Relock("time"),
        Record((*ended, relocked)),
        Show("entry", Reason.IDLE if group_is_in else Reason.NOT_ENTERED),
    )


def staff_unlocked(rules: Rules, gate: Gate, state: Entry, staff: StaffUnlocked) -> Step:
    """Open at once for staff; the record follows and never holds it up.

    Whoever passes from then on may be staff, and no longer the customer or one of a group.
    """
    hold_s = rules.policy.timing.unlock_s
    due_ms = staff.at.mono_ms + hold_s * 1000
    unlocked = state if isinstance(state, Unlocked) else unlocked_now(gate, None)
    due_ms = max(due_ms, unlocked.due_ms)
    unlocked = replace(unlocked, due_ms=due_ms, staff=True, group_ms=0)
    visit = unlocked.visit.id if unlocked.visit else None
    return replace(gate, entry=unlocked), (
        Unlock(hold_s, "staff"),
        Show("entry", Reason.STAFF),
        Record((records.lock_commanded_by_staff(rules, visit, hold_s, staff.reason),)),
    )


def staff_locked(rules: Rules, gate: Gate, state: Entry, _staff: StaffLocked) -> Step:
    """Drive the safe level; a visit that was let in keeps its time to be told apart."""
    visit = state.visit if isinstance(state, Unlocked) else None
    event = records.lock_relocked(rules, visit.id if visit else None, "staff")
    return gate, (Relock("staff"), Record((event,)))


def _relocked(rules: Rules, gate: Gate, state: Unlocked, cause: str, at: Moment) -> Step:
    """Count in whoever passed, and lock."""
    visit = state.visit.id if state.visit else None
    held = (records.door_event("held", visit),) if cause == HELD else ()
    gate, entered = _inside(rules, gate, state, at)
    relocked = records.lock_relocked(rules, visit, cause)
    return replace(gate, entry=Idle()), (Relock(cause), Record((*held, *entered, relocked)))


def _inside(
    rules: Rules, gate: Gate, state: Unlocked, at: Moment
) -> tuple[Gate, tuple[EventRecord, ...]]:
    """Count in whoever passed; without a visit it is a guest, whom no later exit is pinned on."""
    visit = state.visit
    if may_add(state):
        gate = _with_others(rules, gate, visit, at)
    if visit is None:
        return gate, ()
    group = {"group": True} if visit.group else {}
    entered = records.visit_event("entered", visit, **group)
    return replace(gate, inside=(*gate.inside, visit)), (entered,)


def _with_others(rules: Rules, gate: Gate, visit: Visit | None, at: Moment) -> Gate:
    """Return the gate that minds whoever came in without a visit, or may have."""
    until_ms = at.mono_ms + rules.policy.timing.stay_s * 1000
    return gate.with_others(until_ms, group=visit is not None and visit.group)
