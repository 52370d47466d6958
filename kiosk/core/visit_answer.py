"""What the gate does with a decision: grant and unlock, offer, or refuse; and how it asks.

This is the only place that writes `Unlock` for a visit, and it writes it right behind its
`Record` (P1).
"""

from dataclasses import dataclass, replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.access import PURPOSE, Decision, Kind, offer
from kiosk.core.commands import AskProvider, Record, Show, Unlock
from kiosk.core.events import EventRecord
from kiosk.core.reasons import Reason
from kiosk.core.values import Claim, Moment, RequestId, Spend, Tier, VisitId, Way
from kiosk.core.visit_state import Checking, Gate, Offered, Refused, Rules, Unlocked, Visit
from kiosk.core.visit_table import Step

NOTICE_MS: Final = 5000  # a refusal stays readable; a new code is taken at any time
EXIT_READER: Final = "exit-reader"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody's try to come in, on its way to a decision.

    Attributes:
        claim: Who it is, None when the code proved nothing.
        first: Events to be recorded with the decision, or before the question.
        spend: Nonce to spend with them.
        latency_ms: How long the provider took.
    """

    visit: VisitId
    claim: Claim | None
    first: tuple[EventRecord, ...]
    spend: Spend | None
    latency_ms: int = 0


def conclude(rules: Rules, gate: Gate, attempt: Attempt, decision: Decision, at: Moment) -> Step:
    """Record the decision and carry it out: unlock, offer the other ways, or refuse."""
    claim = attempt.claim
    if decision.way in {Way.SCORE, Way.VOUCHER} and EXIT_READER in gate.lost:
        # A visit whose basket nobody can see is not begun; staff may still vouch for one.
        ways = (Way.VOUCHED,) if claim and claim.tier is not Tier.VOUCHER else ()
        decision = replace(offer(rules.policy, Reason.READER_DOWN), ways=ways)
    made = records.decision_made(rules, attempt.visit, claim, decision, attempt.latency_ms)
    events = (*attempt.first, made)
    if decision.kind is Kind.GRANTED and decision.way is not None and claim is not None:
        return _grant(rules, gate, replace(attempt, first=events), decision, at)
    timing = rules.policy.timing
    if decision.kind is Kind.OFFERED:
        due_ms = at.mono_ms + timing.offer_s * 1000
        gate = replace(gate, entry=Offered(attempt.visit, claim, decision, due_ms))
    else:
        gate = replace(gate, entry=Refused(decision, at.mono_ms + NOTICE_MS))
    return gate, (Record(events, attempt.spend), shown(decision))


def ask(rules: Rules, gate: Gate, attempt: Attempt, way: Way, at: Moment, asked: int) -> Step:
    """Spend the nonce, then ask the provider; the answer comes back as an input (P1, DESIGN 8)."""
    claim = attempt.claim
    if claim is None:
        return gate, ()
    threshold = rules.policy.threshold_for(PURPOSE) if way is Way.SCORE else None
    request_id = RequestId(f"{attempt.visit}.{asked}")
    due_ms = at.mono_ms + rules.policy.timing.check_ms
    checking = Checking(attempt.visit, claim, way, request_id, at.mono_ms, due_ms)
    question = AskProvider(
        request_id,
        "score" if way is Way.SCORE else "vouch",
        claim.customer,
        PURPOSE,
        (threshold.id,) if threshold else (PURPOSE,),
        claim.spend.cti if claim.spend else "",
    )
    commands = (Record(attempt.first, attempt.spend), question, Show("entry", Reason.CHECKING))
    return replace(gate, entry=checking), commands


def shown(decision: Decision) -> Show:
    """Return what the customer reads about a decision."""
    return Show("entry", decision.reason, decision.ways, lines=decision.codes)


def _grant(rules: Rules, gate: Gate, attempt: Attempt, decision: Decision, at: Moment) -> Step:
    timing = rules.policy.timing
    claim, way = attempt.claim, decision.way
    if claim is None or way is None:
        raise ValueError("a grant names a customer and a way")
    visit = Visit(
        attempt.visit, claim, way, decision.tier, until_ms=at.mono_ms + timing.stay_s * 1000
    )
    events = (
        *attempt.first,
        records.visit_opened(rules, visit),
        records.lock_commanded(rules, visit.id, timing.unlock_s, way.value),
    )
    unlocked = Unlocked(visit, due_ms=at.mono_ms + timing.unlock_s * 1000)
    return replace(gate, entry=unlocked), (
        Record(events, attempt.spend),
        Unlock(timing.unlock_s, way.value),
        shown(decision),
    )
