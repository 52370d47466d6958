"""The outcome of an exit: paid, empty, unpaid or unresolved, once the tags are gone.

A stable, unsold tag of the shop that is no longer heard has left. What cannot be known is
unresolved; it is never turned into an accusation (P4).
"""

from dataclasses import dataclass, replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.basket import Sorted, cover, present, price, sort_tags, unpaid_minor
from kiosk.core.commands import Command, Flush, Record, Show
from kiosk.core.reasons import Reason
from kiosk.core.values import Epc, Line, Moment, Outcome
from kiosk.core.visit_state import Gate, Quiet, Rules, Settled, Settling, Visit
from kiosk.core.visit_table import Step

NOTICE_MS: Final = 20_000  # nobody should have to read in a hurry (DESIGN 6: at least 20 s)

REASONS: Final = {
    Outcome.PAID: Reason.PAID,
    Outcome.EMPTY: Reason.EMPTY,
    Outcome.UNPAID: Reason.UNPAID,
    Outcome.UNRESOLVED: Reason.UNRESOLVED,
}


@dataclass(frozen=True, slots=True)
class _Ending:
    outcome: Outcome
    settled: Settled
    cause: str


def candidates(rules: Rules, gate: Gate, state: Settling) -> tuple[Epc, ...]:
    """Return the tags whose absence decides: ours, unsold, read more than once."""
    tags = sort_tags(state.window, rules.catalogue, gate.gone, rules.policy)
    return (*tags.stable, *tags.unstable)


def next_look_ms(rules: Rules, gate: Gate, state: Settling) -> int:
    """Return when settling may have something new to say."""
    if not state.failed and state.through < 0:
        return state.due_ms
    last = [gate.heard[epc].last_ms for epc in candidates(rules, gate, state) if epc in gate.heard]
    gone_ms = max(last, default=0) + rules.policy.timing.absence_ms
    return min(state.due_ms, max(state.ends_ms, gone_ms))


def settle(rules: Rules, gate: Gate, state: Settling, at: Moment) -> Step:
    """Write the outcome when it can be known now, or when the time is up."""
    tags = sort_tags(state.window, rules.catalogue, gate.gone, rules.policy)
    watched = (*tags.stable, *tags.unstable)
    staying = present(gate.heard, watched, at.mono_ms, rules.policy.timing.absence_ms)
    waiting = watched and (bool(staying) or at.mono_ms < state.ends_ms)
    unanswered = not state.failed and state.through < 0
    if (waiting or unanswered) and at.mono_ms < state.due_ms:
        return gate, ()
    left = Sorted(
        tuple(epc for epc in tags.stable if epc not in staying),
        tuple(epc for epc in tags.unstable if epc not in staying),
        {**tags.counts, "stayed": len(staying)},
    )
    visit = gate.visit(state.visit)
    if visit is None:
        return _anonymous(rules, gate, state, left, at)
    return _outcome(rules, gate, state, visit, left, at)


def _outcome(
    rules: Rules, gate: Gate, state: Settling, visit: Visit, left: Sorted, at: Moment
) -> Step:
    tier = rules.policy.tier(visit.tier)
    lines = price(left.stable, rules.catalogue, tier.discount_permille if tier else 0)
    ending = _end(state, visit, lines, left)
    through = max(gate.through, state.through)
    events = (
        records.tags_observed(visit.id, state.window, left, at, gate.heard),
        records.basket_fixed(rules, visit, ending.settled.lines),
        *(records.payment_settled(visit, payment) for payment in visit.payments),
        records.exit_settled(rules, visit, ending.outcome, ending.settled, through, ending.cause),
    )
    known = ending.outcome in {Outcome.PAID, Outcome.UNPAID}
    gone = gate.gone | {line.epc for line in ending.settled.lines} if known else gate.gone
    gate = replace(
        gate,
        leaving=Quiet(),
        inside=tuple(each for each in gate.inside if each.id != visit.id),
        gone=gone,
        through=through,
        notice_ms=at.mono_ms + NOTICE_MS,
    )
    commands: tuple[Command, ...] = (Record(events),)
    if ending.outcome in {Outcome.UNPAID, Outcome.UNRESOLVED}:
        commands = (*commands, Flush(visit.id))
    return gate, (*commands, _notice(rules, ending))


def _end(state: Settling, visit: Visit, lines: tuple[Line, ...], left: Sorted) -> _Ending:
    covered, credit = cover(lines, visit.payments)
    settled = Settled(covered, unpaid_minor(covered), credit)
    if state.window.fault:
        return _Ending(Outcome.UNRESOLVED, settled, state.window.fault)
    if left.unstable:
        return _Ending(Outcome.UNRESOLVED, settled, "unstable-reads")
    if not lines:
        return _Ending(Outcome.EMPTY, settled, "")
    if all(line.paid for line in covered):
        return _Ending(Outcome.PAID, settled, "")
    if state.through < 0:
        return _Ending(Outcome.UNRESOLVED, settled, "payments-unknown")
    return _Ending(Outcome.UNPAID, settled, "")


def _anonymous(rules: Rules, gate: Gate, state: Settling, left: Sorted, at: Moment) -> Step:
    gate = replace(gate, leaving=Quiet(), notice_ms=at.mono_ms + NOTICE_MS)
    epcs = (*left.stable, *left.unstable)
    if not epcs:
        return gate, ()
    events = (
        records.tags_observed(None, state.window, left, at, gate.heard),
        records.exit_anonymous(rules, epcs, state.window.fault or "nobody-known"),
    )
    return gate, (Record(events), Flush(None))


def _notice(rules: Rules, ending: _Ending) -> Show:
    unpaid = [line for line in ending.settled.lines if not line.paid]
    if ending.outcome is not Outcome.UNPAID:
        return Show("exit", REASONS[ending.outcome])
    lines = tuple(f"{line.name}  {line.price_minor}" for line in unpaid)
    total = f"{ending.settled.unpaid_minor} {rules.policy.currency}"
    return Show("exit", Reason.UNPAID, lines=(*lines, total))
