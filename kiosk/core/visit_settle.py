"""The outcome of an exit: paid, empty, unpaid or unresolved, once the tags are gone.

A stable, unsold tag of the shop that is no longer heard has left. What cannot be known is
unresolved; it is never turned into an accusation (P4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.basket import Sorted, counted, cover, doubt, present, price, sort_tags, unpaid_minor
from kiosk.core.commands import Command, Flush, Record, Show
from kiosk.core.money import plain
from kiosk.core.policy import TierRule
from kiosk.core.reasons import Reason
from kiosk.core.values import ClockSync, Epc, Line, Moment, Outcome
from kiosk.core.visit_state import CROWD_MS, Gate, Quiet, Rules, Settled, Settling, Visit
from kiosk.core.visit_table import Step
from kiosk.core.zone import zone_name

MOST: Final = 50
"""Tags that are named on an exit with more than its events can hold, whatever the names are."""
NAMED: Final = 10
NAME: Final = 50
"""At most so many unpaid items, and characters of a name, stand on the screen at the exit."""
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
    tags = _tags(rules, gate, state)
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
    tags = _tags(rules, gate, state)
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
    after = _settled(rules, gate, state, left, at)
    if all(records.fits(each) for each in after[1] if isinstance(each, Record)):
        return after
    # An event that the ledger cannot hold would never be written, and the visit never end.
    state = replace(state, window=doubt(state.window, "too-many-tags"))
    return _settled(rules, gate, state, left.first(MOST), at)


def _settled(rules: Rules, gate: Gate, state: Settling, left: Sorted, at: Moment) -> Step:
    visit = gate.visit(state.visit)
    if visit is None:
        return _anonymous(rules, gate, state, left, at)
    return _outcome(rules, gate, state, visit, left, at)


def _tags(rules: Rules, gate: Gate, state: Settling) -> Sorted:
    visit = gate.visit(state.visit)
    paid = visit.paid_epcs if visit else frozenset()
    return sort_tags(state.window, rules.catalogue, gate.gone, rules.policy, paid)


def _outcome(
    rules: Rules, gate: Gate, state: Settling, visit: Visit, left: Sorted, at: Moment
) -> Step:
    alone = not gate.others(at.mono_ms) and not state.window.shared
    ending = _end(rules, state, visit, left, alone=alone)
    through = max(gate.through, state.through)
    events = (
        records.tags_observed(visit.id, state.window, left, at, gate.heard),
        records.basket_fixed(rules, visit, ending.settled.lines),
        *(records.payment_settled(visit, payment) for payment in visit.payments),
        records.exit_settled(rules, visit, ending.outcome, ending.settled, through, ending.cause),
    )
    gate = replace(
        gate,
        leaving=Quiet(),
        inside=tuple(each for each in gate.inside if each.id != visit.id),
        gone=gate.gone | _taken(visit, ending),
        through=through,
    )
    gate = _with_whoever_stayed(rules, gate, state, visit, left, at)
    commands: tuple[Command, ...] = (Record(events),)
    if ending.outcome in {Outcome.UNPAID, Outcome.UNRESOLVED}:
        commands = (*commands, Flush(visit.id))
    return gate, (*commands, _notice(rules, ending, at))


def _with_whoever_stayed(
    rules: Rules, gate: Gate, state: Settling, visit: Visit, left: Sorted, at: Moment
) -> Gate:
    """Return the gate that minds who may be inside yet of a visit that is over."""
    if state.window.shared:
        # When two may have passed, it may have been the other one who left.
        until_ms = at.mono_ms + rules.policy.timing.stay_s * 1000
        return gate.with_others(until_ms, group=visit.group)
    soon_ms = at.mono_ms + CROWD_MS
    if gate.crowd_ms > at.mono_ms and visit.paid_epcs.isdisjoint(left.stable):
        # Nothing tells the customer from one of the group before, whom nobody counts.
        gate = gate.with_others(soon_ms)
    return gate.with_others(soon_ms, group=True) if visit.group else gate


def _end(rules: Rules, state: Settling, visit: Visit, left: Sorted, *, alone: bool) -> _Ending:
    """Return the one outcome; every doubt is unresolved, and then nothing is owed."""
    currency = rules.policy.currency
    tier = rules.policy.tier(visit.tier)
    lines = price(left.stable, rules.catalogue, tier.discount_permille if tier else 0)
    payments = counted(visit.payments, currency)
    covered, credit_minor = cover(lines, payments)
    unpaid = any(not line.paid for line in covered)
    doubts = (
        (bool(state.window.fault), state.window.fault),
        (bool(left.unstable), "unstable-reads"),
        (
            not alone and any(line.epc not in visit.paid_epcs for line in covered),
            "somebody-else-inside",
        ),
        (unpaid and state.through < 0, "payments-unknown"),
        (unpaid and payments != visit.payments, "other-currency"),
    )
    cause = next((cause for doubted, cause in doubts if doubted), "")
    if cause:
        return _Ending(Outcome.UNRESOLVED, Settled(covered, 0, credit_minor), cause)
    settled = Settled(covered, unpaid_minor(covered), credit_minor, _over(tier, covered))
    if not lines:
        return _Ending(Outcome.EMPTY, settled, "")
    return _Ending(Outcome.UNPAID if unpaid else Outcome.PAID, settled, "")


def _over(tier: TierRule | None, lines: Sequence[Line]) -> tuple[str, ...]:
    """Return the limits of the tier that these lines go beyond."""
    if tier is None:
        return ()
    taken = {"items": len(lines), "value": sum(line.price_minor for line in lines)}
    limits = {"items": tier.max_items, "value": tier.max_value_minor}
    return tuple(name for name, limit in limits.items() if limit and taken[name] > limit)


def _taken(visit: Visit, ending: _Ending) -> frozenset[Epc]:
    """Return the tags that no later visit is charged for: what was paid, and what surely left."""
    known = ending.outcome is not Outcome.UNRESOLVED
    lines = frozenset(line.epc for line in ending.settled.lines if known or line.paid)
    return lines | visit.paid_epcs


def _anonymous(rules: Rules, gate: Gate, state: Settling, left: Sorted, at: Moment) -> Step:
    # Seen to its end, with nobody else about, it was a guest who left; else nobody can say.
    alone = not gate.inside and gate.crowd_ms <= at.mono_ms
    unsure = not alone or state.window.shared or state.window.fault
    gate = replace(gate, leaving=Quiet(), guests=gate.guests if unsure else gate.guests[1:])
    epcs = (*left.stable, *left.unstable)
    if not epcs:
        return gate, ()
    events = (
        records.tags_observed(None, state.window, left, at, gate.heard),
        records.exit_anonymous(rules, epcs, state.window.fault or "nobody-known"),
    )
    return gate, (Record(events), Flush(None))


def _notice(rules: Rules, ending: _Ending, at: Moment) -> Show:
    if ending.outcome is not Outcome.UNPAID:
        return Show("exit", REASONS[ending.outcome])
    currency = rules.policy.currency
    unpaid = [line for line in ending.settled.lines if not line.paid]
    told = unpaid if len(unpaid) <= NAMED else unpaid[: NAMED - 1]
    lines = [f"{line.name[:NAME]}  {plain(line.price_minor, currency)}" for line in told]
    if rest := len(unpaid) - len(told):
        lines.append(f"and {rest} more")
    total = f"Total  {plain(ending.settled.unpaid_minor, currency)}"
    return Show("exit", Reason.UNPAID, lines=(*lines, total, _pay_until(rules, at)))


def _pay_until(rules: Rules, at: Moment) -> str:
    """Return until when the grace runs, in the shop's local time and naming its zone."""
    if at.sync is ClockSync.NONE:
        return "Until: ask staff, our clock is not set"
    offset_min = rules.policy.utc_offset_min
    here = timezone(timedelta(minutes=offset_min))
    ends = datetime.fromtimestamp(at.wall_s + rules.policy.grace_s, tz=here)
    return f"Until: {ends:%Y-%m-%d %H:%M} {zone_name(offset_min)}"
