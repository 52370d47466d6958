"""The entry side of the gate: who asks to come in, and what they are told.

Whoever is let in passes the open lock of `visit_passing`.
"""

from dataclasses import replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.access import (
    Decision,
    Kind,
    before_asking,
    before_vouching,
    decide,
    grant_voucher,
    judge_fault,
)
from kiosk.core.commands import Command, Record, Show
from kiosk.core.identity import TokenFault
from kiosk.core.inputs import (
    IdRejected,
    IdShown,
    ProviderAnswered,
    RecordFailed,
    RecordRefused,
    TimeUp,
    WayChosen,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Answer, Moment, Tier, Way
from kiosk.core.visit_answer import Attempt, ask, conclude, hindrance, shown
from kiosk.core.visit_state import (
    NOTICE_MS,
    RETRY_MS,
    Checking,
    Entry,
    Gate,
    Idle,
    Offered,
    Refused,
    Rules,
    Unlocked,
)
from kiosk.core.visit_table import Step

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

WAYS: Final = {Tier.SIGNED: Way.SCORE, Tier.CLAIM: Way.VOUCHED, Tier.VOUCHER: Way.VOUCHER}
"""The way in that an identity asks for by itself."""


def begin(rules: Rules, gate: Gate, _state: Entry, code: IdShown) -> Step:
    """Answer a fresh identity: ask, grant, or offer."""
    claim, way = code.claim, WAYS[code.claim.tier]
    first = (records.scan_accepted(code.visit, claim, code.side),)
    voucher = way is Way.VOUCHER
    attempt = Attempt(code.visit, claim, first, claim.spend, voucher=voucher)
    known = hindrance(rules, gate, claim, way) or _unasked(rules, way, code.at)
    if known is not None:
        return conclude(rules, gate, attempt, known, code.at)
    return ask(rules, gate, attempt, claim, way, code.at)


def reject(rules: Rules, gate: Gate, _state: Entry, code: IdRejected) -> Step:
    """Answer a code that proves nothing; a flood of them is answered, but not recorded.

    It ends any offer on the screen: whoever shows it may not be the customer who was offered.
    """
    bad_ms = _recent_bad(gate, code.at)
    if code.fault not in OURS:
        bad_ms = (*bad_ms, code.at.mono_ms)
    gate = replace(gate, bad_ms=bad_ms)
    decision = judge_fault(rules.policy, code.fault)
    if decision.kind is Kind.REFUSED and len(gate.bad_ms) > BAD_LIMIT:
        decision = Decision(Kind.REFUSED, Reason.RATE_LIMITED)
    attempt = Attempt(code.visit, None, (records.scan_rejected(code, decision.reason.value),), None)
    return _in_a_flood(*conclude(rules, gate, attempt, decision, code.at))


def show_while_offered(rules: Rules, gate: Gate, state: Offered, code: IdShown) -> Step:
    """Take the voucher that was chosen; let another customer, or a remedy, begin anew.

    Only a customer who chose a voucher is let in by the next one: whoever else shows a voucher
    comes in under the voucher's own name, not under that of the last customer.
    """
    claim = code.claim
    if claim.tier is Tier.VOUCHER and state.decision.reason is Reason.SHOW_VOUCHER:
        first = (records.scan_accepted(state.visit, claim, code.side),)
        holder = state.claim or claim
        attempt = Attempt(state.visit, holder, first, claim.spend, voucher=True)
        granted = grant_voucher(rules.policy, code.at)
        return conclude(rules, gate, attempt, granted, code.at)
    same = state.claim is not None and state.claim.customer == claim.customer
    if same and state.decision.reason not in SHOW_AGAIN:
        return gate, ()
    return begin(rules, gate, state, code)


def choose(rules: Rules, gate: Gate, state: Offered, chosen: WayChosen) -> Step:
    """Follow the customer's choice among the ways that are on the screen."""
    way = chosen.way.value if chosen.way else "leave"
    taken = records.choice_taken(state.visit, state.claim, way)
    if chosen.way is None:
        return (
            replace(gate, entry=Idle()),
            (Record((taken,)), Show("entry", Reason.LEFT)),
        )
    if chosen.way not in state.decision.ways:
        return gate, ()
    if chosen.way is Way.VOUCHED and state.claim is not None:
        attempt = Attempt(state.visit, state.claim, (taken,), None, asked=state.asked + 1)
        return ask(rules, gate, attempt, state.claim, Way.VOUCHED, chosen.at)
    decision = replace(state.decision, reason=Reason.SHOW_VOUCHER)
    due_ms = chosen.at.mono_ms + rules.policy.timing.offer_s * 1000
    entry = replace(state, decision=decision, due_ms=due_ms, asked=state.asked + 1)
    return replace(gate, entry=entry), (Record((taken,)), shown(rules, decision))


def answered(rules: Rules, gate: Gate, state: Checking, got: ProviderAnswered) -> Step:
    """Turn the answer into a decision; one that answers another question is dropped."""
    if got.answer.request_id != state.request_id:
        return gate, ()
    decision = decide(rules.policy, got.answer, state.way, got.at)
    latency_ms = got.at.mono_ms - state.asked_ms
    attempt = Attempt(state.visit, state.claim, (), None, latency_ms, state.asked)
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


def not_recorded(rules: Rules, gate: Gate, state: Entry, failed: RecordFailed) -> Step:
    """Say that the machine has a fault; nothing opened, and nothing is held against anybody."""
    if isinstance(state, Unlocked):
        waits = isinstance(failed.cause, TimeUp)
        due_ms = failed.at.mono_ms + RETRY_MS if waits else state.due_ms
        return replace(gate, entry=replace(state, due_ms=due_ms)), ()
    fault = Decision(Kind.OFFERED, Reason.NOT_RECORDED)
    entry = Refused(fault, failed.at.mono_ms + NOTICE_MS)
    return replace(gate, entry=entry), (shown(rules, fault),)


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
    gate = replace(gate, bad_ms=(*_recent_bad(gate, refused.at), refused.at.mono_ms))
    if not isinstance(state, Unlocked):
        gate = replace(gate, entry=Refused(decision, refused.at.mono_ms + NOTICE_MS))
    return _in_a_flood(gate, (Record(events), shown(rules, decision)))


def _recent_bad(gate: Gate, at: Moment) -> tuple[int, ...]:
    """Return when the latest wrong codes of the last minute were shown."""
    recent = tuple(ms for ms in gate.bad_ms if at.mono_ms - ms < BAD_WINDOW_MS)
    return recent[-BAD_LIMIT - 1 :]


def _in_a_flood(gate: Gate, commands: tuple[Command, ...]) -> Step:
    """Leave the record out when wrong codes come faster than they are worth one each."""
    if len(gate.bad_ms) <= BAD_LIMIT + 1:
        return gate, commands
    return gate, tuple(each for each in commands if not isinstance(each, Record))


def _unasked(rules: Rules, way: Way, now: Moment) -> Decision | None:
    """Return the decision that needs no provider, None when one must be asked."""
    if way is Way.VOUCHER:
        return grant_voucher(rules.policy, now)
    return before_asking(rules.policy, now) if way is Way.SCORE else before_vouching(rules.policy)
