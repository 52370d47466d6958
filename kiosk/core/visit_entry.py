"""The entry side of the gate: who asks to come in, what they are told, when the lock opens.

Every grant is one `Record` before one `Unlock` (P1). A staff override unlocks first and is
recorded after, because it waits for nothing.
"""

from dataclasses import replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.access import (
    Decision,
    Kind,
    before_asking,
    decide,
    grant_voucher,
    judge_fault,
)
from kiosk.core.commands import Command, Record, Relock, Show, Unlock
from kiosk.core.events import EventRecord
from kiosk.core.identity import TokenFault
from kiosk.core.inputs import (
    DoorClosed,
    DoorOpened,
    IdRejected,
    IdShown,
    ProviderAnswered,
    RecordFailed,
    RecordRefused,
    StaffLocked,
    StaffUnlocked,
    TimeUp,
    WayChosen,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Answer, Tier, Way
from kiosk.core.visit_answer import NOTICE_MS, Attempt, ask, conclude, shown
from kiosk.core.visit_state import Checking, Entry, Gate, Idle, Offered, Refused, Rules, Unlocked
from kiosk.core.visit_table import Step

PASSING_MS: Final = 30_000  # an opened door that is still open then is held
RETRY_MS: Final = 2000  # between attempts to record what the disk refused
BAD_WINDOW_MS: Final = 60_000
BAD_LIMIT: Final = 5  # wrong codes a minute before they are no longer recorded one by one

OURS: Final = frozenset({TokenFault.CLOCK_UNKNOWN, TokenFault.NOT_YET_VALID})
"""Faults of our own clock: they never count against whoever shows the code."""

SHOW_AGAIN: Final = frozenset(
    {
        Reason.PROVIDER_DOWN,
        Reason.BUSY,
        Reason.CLOSED,
        Reason.CLOCK_UNKNOWN,
        Reason.POLICY_EXPIRED,
        Reason.READER_DOWN,
    }
)
"""Offers whose remedy is to show the code again; elsewhere a phone's next code changes nothing."""


def has_room(rules: Rules, gate: Gate) -> bool:
    """Whether one more visit may begin (occupancy is decided, never assumed)."""
    pending = isinstance(gate.entry, Unlocked) and gate.entry.visit is not None
    return len(gate.inside) + pending < rules.policy.max_inside


def begin(rules: Rules, gate: Gate, _state: Entry, code: IdShown) -> Step:
    """Answer a fresh identity: ask, grant, or offer."""
    claim = code.claim
    first = (records.scan_accepted(code.visit, claim, code.side),)
    if not has_room(rules, gate):
        busy = Decision(Kind.OFFERED, Reason.BUSY)
        return conclude(rules, gate, Attempt(code.visit, claim, first, claim.spend), busy, code.at)
    attempt = Attempt(code.visit, claim, first, claim.spend)
    if claim.tier is Tier.VOUCHER:
        return conclude(rules, gate, attempt, grant_voucher(rules.policy, code.at), code.at)
    way = Way.SCORE if claim.tier is Tier.SIGNED else Way.VOUCHED
    early = before_asking(rules.policy, code.at) if way is Way.SCORE else None
    if early is not None:
        return conclude(rules, gate, attempt, early, code.at)
    return ask(rules, gate, attempt, way, code.at, 0)


def reject(rules: Rules, gate: Gate, state: Entry, code: IdRejected) -> Step:
    """Answer a code that proves nothing; a flood of them is counted, not recorded."""
    now_ms = code.at.mono_ms
    bad_ms = tuple(ms for ms in gate.bad_ms if now_ms - ms < BAD_WINDOW_MS)
    if code.fault not in OURS:
        bad_ms = (*bad_ms, now_ms)[-BAD_LIMIT - 2 :]
    gate = replace(gate, bad_ms=bad_ms)
    if len(bad_ms) > BAD_LIMIT + 1:
        return gate, ()
    decision = judge_fault(rules.policy, code.fault)
    if len(bad_ms) > BAD_LIMIT:
        decision = Decision(Kind.REFUSED, Reason.RATE_LIMITED)
    first = (records.scan_rejected(code, decision.reason.value),)
    del state
    return conclude(rules, gate, Attempt(code.visit, None, first, None), decision, code.at)


def show_while_offered(rules: Rules, gate: Gate, state: Offered, code: IdShown) -> Step:
    """Take a voucher for the offer on the screen; let another customer, or a remedy, begin anew."""
    claim = code.claim
    if claim.tier is Tier.VOUCHER and state.decision.reason is not Reason.BUSY:
        first = (
            records.scan_accepted(state.visit, claim, code.side),
            records.choice_taken(state.visit, state.claim or claim, Way.VOUCHER),
        )
        attempt = Attempt(state.visit, state.claim or claim, first, claim.spend)
        if has_room(rules, gate):
            granted = grant_voucher(rules.policy, code.at)
            return conclude(rules, gate, attempt, granted, code.at)
    same = state.claim is not None and state.claim.customer == claim.customer
    if same and state.decision.reason not in SHOW_AGAIN:
        return gate, ()
    return begin(rules, gate, state, code)


def choose(rules: Rules, gate: Gate, state: Offered, chosen: WayChosen) -> Step:
    """Follow the customer's choice among the ways that are on the screen."""
    taken = records.choice_taken(state.visit, state.claim, chosen.way)
    if chosen.way is None:
        return (
            replace(gate, entry=Idle()),
            (Record((taken,)), Show("entry", Reason.LEFT)),
        )
    if chosen.way not in state.decision.ways:
        return gate, ()
    if chosen.way is Way.VOUCHED and state.claim is not None:
        attempt = Attempt(state.visit, state.claim, (taken,), None)
        return ask(rules, gate, attempt, Way.VOUCHED, chosen.at, state.asked + 1)
    decision = replace(state.decision, reason=Reason.SHOW_VOUCHER)
    due_ms = chosen.at.mono_ms + rules.policy.timing.offer_s * 1000
    entry = replace(state, decision=decision, due_ms=due_ms, asked=state.asked + 1)
    return replace(gate, entry=entry), (Record((taken,)), shown(decision))


def answered(rules: Rules, gate: Gate, state: Checking, got: ProviderAnswered) -> Step:
    """Turn the answer into a decision; one that answers another question is dropped."""
    if got.answer.request_id != state.request_id:
        return gate, ()
    decision = decide(rules.policy, got.answer, state.way, got.at)
    attempt = Attempt(state.visit, state.claim, (), None, got.at.mono_ms - state.asked_ms)
    return conclude(rules, gate, attempt, decision, got.at)


def unanswered(rules: Rules, gate: Gate, state: Checking, up: TimeUp) -> Step:
    """Offer another way when the provider stayed silent: unknown is never no (P4)."""
    if up.at.mono_ms < state.due_ms:
        return gate, ()
    silence = Answer(state.request_id, {}, fault="deadline")
    return answered(rules, gate, state, ProviderAnswered(up.at, silence))


def notice_over(_rules: Rules, gate: Gate, state: Offered | Refused, up: TimeUp) -> Step:
    """Take an old notice or an unused offer off the screen."""
    if up.at.mono_ms < state.due_ms:
        return gate, ()
    return replace(gate, entry=Idle()), (Show("entry", Reason.IDLE),)


def busy_while_unlocked(rules: Rules, gate: Gate, state: Unlocked, code: IdShown) -> Step:
    """Tell the next customer to wait; the door stays the first one's."""
    if state.visit is not None and state.visit.claim.customer == code.claim.customer:
        return gate, ()
    busy = Decision(Kind.OFFERED, Reason.BUSY)
    events = (
        records.scan_accepted(code.visit, code.claim, code.side),
        records.decision_made(rules, code.visit, code.claim, busy, 0),
    )
    return gate, (Record(events, code.claim.spend), shown(busy))


def door_opened(_rules: Rules, gate: Gate, state: Unlocked, opened: DoorOpened) -> Step:
    """Note that somebody is passing."""
    due_ms = opened.at.mono_ms + PASSING_MS
    return replace(gate, entry=replace(state, opened=True, due_ms=due_ms)), ()


def door_closed(rules: Rules, gate: Gate, state: Unlocked, _closed: DoorClosed) -> Step:
    """Relock on door close; whoever passed is inside now."""
    if not state.opened:
        return gate, ()
    return _inside(rules, gate, state, "door-closed", ())


def unlock_over(rules: Rules, gate: Gate, state: Unlocked, up: TimeUp) -> Step:
    """Relock when nobody came, or when the door is held."""
    if up.at.mono_ms < state.due_ms:
        return gate, ()
    visit = state.visit
    if state.opened:
        held = records.door_event("held", visit.id if visit else None)
        gate, commands = _inside(rules, gate, state, "door-held", (held,))
        return gate, (*commands, Show("entry", Reason.DOOR_HELD))
    relocked = records.lock_relocked(rules, visit.id if visit else None, "time")
    ended = (records.visit_event("not_entered", visit),) if visit else ()
    return replace(gate, entry=Idle()), (
        Relock("time"),
        Record((*ended, relocked)),
        Show("entry", Reason.NOT_ENTERED),
    )


def staff_unlocked(rules: Rules, gate: Gate, state: Entry, staff: StaffUnlocked) -> Step:
    """Open at once for staff; the record follows and never holds it up."""
    hold_s = rules.policy.timing.unlock_s
    due_ms = staff.at.mono_ms + hold_s * 1000
    visit = state.visit if isinstance(state, Unlocked) else None
    opened = isinstance(state, Unlocked) and state.opened
    event = records.lock_commanded(rules, visit.id if visit else None, hold_s, "staff")
    commands: tuple[Command, ...] = (
        Unlock(hold_s, "staff"),
        Show("entry", Reason.STAFF),
        Record((event,)),
    )
    if isinstance(state, Unlocked):
        due_ms = max(due_ms, state.due_ms)
    return replace(gate, entry=Unlocked(visit, due_ms, opened)), commands


def staff_locked(rules: Rules, gate: Gate, state: Entry, _staff: StaffLocked) -> Step:
    """Drive the safe level; a visit that was let in keeps its time to be told apart."""
    visit = state.visit if isinstance(state, Unlocked) else None
    event = records.lock_relocked(rules, visit.id if visit else None, "staff")
    return gate, (Relock("staff"), Record((event,)))


def not_recorded(rules: Rules, gate: Gate, state: Entry, failed: RecordFailed) -> Step:
    """Say that the machine has a fault; nothing opened, and nothing is held against anybody."""
    if isinstance(state, Unlocked):
        due_ms = max(state.due_ms, failed.at.mono_ms + RETRY_MS)
        return replace(gate, entry=replace(state, due_ms=due_ms)), ()
    del rules
    fault = Decision(Kind.OFFERED, Reason.NOT_RECORDED)
    entry = Refused(fault, failed.at.mono_ms + NOTICE_MS)
    return replace(gate, entry=entry), (shown(fault),)


def replayed(rules: Rules, gate: Gate, state: Entry, refused: RecordRefused) -> Step:
    """Refuse a code whose nonce was spent before."""
    if not isinstance(refused.cause, IdShown):
        return gate, ()
    code = refused.cause
    decision = Decision(Kind.REFUSED, Reason.REPLAYED)
    events = (
        records.scan_replayed(code.visit, code.side),
        records.decision_made(rules, code.visit, None, decision, 0),
    )
    if not isinstance(state, Unlocked):
        gate = replace(gate, entry=Refused(decision, code.at.mono_ms + NOTICE_MS))
    return gate, (Record(events), shown(decision))


def _inside(
    rules: Rules, gate: Gate, state: Unlocked, cause: str, first: tuple[EventRecord, ...]
) -> Step:
    visit = state.visit
    relocked = records.lock_relocked(rules, visit.id if visit else None, cause)
    entered = (records.visit_event("entered", visit),) if visit else ()
    inside = (*gate.inside, visit) if visit else gate.inside
    return replace(gate, entry=Idle(), inside=inside), (
        Relock(cause),
        Record((*first, *entered, relocked)),
    )
