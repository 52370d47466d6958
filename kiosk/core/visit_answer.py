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
from kiosk.core.money import plain
from kiosk.core.reasons import Reason, said_by_provider
from kiosk.core.values import Claim, Moment, RequestId, Spend, Tier, VisitId, Way
from kiosk.core.visit_state import (
    DOOR,
    NOTICE_MS,
    SENSORS,
    Checking,
    Gate,
    Offered,
    Refused,
    Rules,
    Unlocked,
    Visit,
)
from kiosk.core.visit_table import Step

WATCHED: Final = frozenset({Way.SCORE, Way.VOUCHER})
"""Ways in whose visit is not begun when nobody can see what will leave; staff may vouch."""
BUSY: Final = Decision(Kind.OFFERED, Reason.BUSY)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody's try to come in, on its way to a decision.

    Attributes:
        claim: Who it is, None when the code proved nothing.
        first: Events to be recorded with the decision, or before the question.
        spend: Nonce to spend with them.
        latency_ms: How long the provider took.
        asked: Times that a way was chosen in it.
        voucher: The nonce is a voucher's: only a grant spends it, or a busy shop would eat it.
    """

    visit: VisitId
    claim: Claim | None
    first: tuple[EventRecord, ...]
    spend: Spend | None
    latency_ms: int = 0
    asked: int = 0
    voucher: bool = False


def has_room(rules: Rules, gate: Gate) -> bool:
    """Whether one more visit may begin (occupancy is decided, never assumed)."""
    pending = isinstance(gate.entry, Unlocked) and gate.entry.visit is not None
    return len(gate.inside) + pending < rules.policy.max_inside


def hindrance(rules: Rules, gate: Gate, claim: Claim | None, way: Way | None) -> Decision | None:
    """Return why nobody can be let in by this way now, whoever it is; None when somebody can."""
    if not has_room(rules, gate):
        return BUSY
    if way not in WATCHED or not gate.lost & SENSORS:
        return None
    known = claim is not None and claim.tier is not Tier.VOUCHER
    down = offer(rules.policy, Reason.READER_DOWN, known=known)
    return replace(down, ways=tuple(each for each in down.ways if each not in WATCHED))


def conclude(rules: Rules, gate: Gate, attempt: Attempt, decision: Decision, at: Moment) -> Step:
    """Record the decision and carry it out: unlock, offer the other ways, or refuse."""
    claim = attempt.claim
    if decision.kind is Kind.GRANTED:
        decision = hindrance(rules, gate, claim, decision.way) or decision
    made = records.decision_made(rules, attempt.visit, claim, decision, attempt.latency_ms)
    events = (*attempt.first, made)
    timing = rules.policy.timing
    if decision.kind is Kind.GRANTED and decision.way is not None and claim is not None:
        until_ms = at.mono_ms + timing.stay_s * 1000
        visit = Visit(attempt.visit, claim, decision.way, decision.tier, until_ms)
        gate, let_in = _let_in(rules, gate, visit, Record(events, attempt.spend), at)
        return gate, (*let_in, shown(rules, decision))
    if decision.kind is Kind.OFFERED:
        due_ms = at.mono_ms + timing.offer_s * 1000
        offered = Offered(attempt.visit, claim, decision, due_ms, attempt.asked)
        gate = replace(gate, entry=offered)
    else:
        gate = replace(gate, entry=Refused(decision, at.mono_ms + NOTICE_MS))
    spend = None if attempt.voucher else attempt.spend
    return gate, (Record(events, spend), shown(rules, decision))


def ask(rules: Rules, gate: Gate, attempt: Attempt, claim: Claim, way: Way, at: Moment) -> Step:
    """Spend the nonce, then ask the provider; the answer comes back as an input (P1, DESIGN 8)."""
    thresholds = rules.policy.thresholds_for(PURPOSE) if way is Way.SCORE else ()
    request_id = RequestId(f"{attempt.visit}.{attempt.asked}")
    due_ms = at.mono_ms + rules.policy.timing.check_ms
    checking = Checking(attempt.visit, claim, way, request_id, at.mono_ms, due_ms, attempt.asked)
    question = AskProvider(
        request_id,
        "score" if way is Way.SCORE else "vouch",
        claim.customer,
        PURPOSE,
        tuple(one.id for one in thresholds) or (PURPOSE,),
        claim.spend.cti if claim.spend else "",
    )
    commands = (Record(attempt.first, attempt.spend), question, Show("entry", Reason.CHECKING))
    return replace(gate, entry=checking), commands


def shown(rules: Rules, decision: Decision) -> Show:
    """Return what the customer reads about a decision."""
    wait_s = rules.policy.timing.busy_retry_s if decision.reason is Reason.BUSY else 0
    lines = tuple(map(said_by_provider, decision.codes)) or _limits(rules, decision)
    return Show("entry", decision.reason, decision.ways, wait_s, lines)


def unlocked_now(gate: Gate, visit: Visit | None) -> Unlocked:
    """Return the state of the lock that is opened now, without its deadline."""
    unseen = DOOR in gate.lost
    # A door that stands open already lets people in; it need not open again.
    return Unlocked(visit, 0, opened=gate.door_open and not unseen, unseen=unseen)


def _limits(rules: Rules, decision: Decision) -> tuple[str, ...]:
    """Return what the tier that is opened allows to take, as lines to read before going in."""
    tier = rules.policy.tier(decision.tier)
    if tier is None:
        return ()
    items = (f"At most {tier.max_items} items",) if tier.max_items else ()
    minor = tier.max_value_minor
    return (*items, f"At most {plain(minor, rules.policy.currency)}") if minor else items


def _let_in(rules: Rules, gate: Gate, visit: Visit, first: Record, at: Moment) -> Step:
    hold_s = rules.policy.timing.unlock_s
    events = (
        *first.events,
        records.visit_opened(rules, visit),
        records.lock_commanded(rules, visit.id, hold_s, visit.way.value),
    )
    unlocked = replace(unlocked_now(gate, visit), due_ms=at.mono_ms + hold_s * 1000)
    passing = (records.door_event("opened", visit.id),) if unlocked.opened else ()
    return replace(gate, entry=unlocked), (
        Record((*events, *passing), first.spend),
        Unlock(hold_s, visit.way.value),
    )
