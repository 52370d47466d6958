"""Broken machines: each breaks one promise in the way that somebody might write it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from kiosk.core.access import Decision, Kind
from kiosk.core.commands import Command, Record, Relock, Show, Unlock
from kiosk.core.events import OPENING, OUTCOMES, EventRecord
from kiosk.core.inputs import DoorOpened, ExitRequested, IdShown, Input, RecordFailed, TimeUp
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.values import Json, Moment, RequestId, Spend, Tier
from kiosk.core.visit import step
from kiosk.core.visit_others import Count, recall
from kiosk.core.visit_recovery import Unfinished, recover
from kiosk.core.visit_state import (
    DOOR,
    Exiting,
    Gate,
    Idle,
    Offered,
    Quiet,
    Reading,
    Refused,
    Rules,
    Settling,
    Unlocked,
)
from kiosk.core.visit_table import Step
from tests.core.loop import lines_of


def unlock_first(rules: Rules, gate: Gate, got: Input) -> Step:
    """Open before the record is durable."""
    gate, commands = step(rules, gate, got)
    first = [each for each in commands if isinstance(each, Unlock)]
    return gate, (*first, *(each for each in commands if not isinstance(each, Unlock)))


def unlock_on_failure(rules: Rules, gate: Gate, got: Input) -> Step:
    """Let people in although it could not be recorded: the customer must not suffer."""
    if isinstance(got, RecordFailed):
        return step(rules, gate, got.cause)
    return step(rules, gate, got)


def keep_on_failure(rules: Rules, gate: Gate, got: Input) -> Step:
    """Move on although nothing was written."""
    if isinstance(got, RecordFailed):
        return step(rules, gate, got.cause)[0], ()
    return step(rules, gate, got)


def deaf_to_failure(rules: Rules, gate: Gate, got: Input) -> Step:
    """Stay as one was when the record failed, deadline and all."""
    if isinstance(got, RecordFailed):
        return gate, ()
    return step(rules, gate, got)


def trust_a_lost_reader(rules: Rules, gate: Gate, got: Input) -> Step:
    """Charge what the reader saw before it went away."""
    leaving = gate.leaving
    if not isinstance(leaving, Quiet):
        gate = replace(gate, leaving=replace(leaving, window=replace(leaving.window, fault="")))
    return step(rules, replace(gate, lost=frozenset()), got)


def trust_unknown_payments(rules: Rules, gate: Gate, got: Input) -> Step:
    """Take silence of the payment provider for "not paid"."""
    if isinstance(gate.leaving, Settling) and isinstance(got, TimeUp):
        gate = replace(gate, leaving=replace(gate.leaving, through=gate.through))
    return step(rules, gate, got)


def pin_on_the_last(rules: Rules, gate: Gate, got: Input) -> Step:
    """Give an exit without a name to whoever came in last."""
    leaving = gate.leaving
    if not isinstance(leaving, Quiet) and leaving.visit is None and gate.inside:
        gate = replace(gate, leaving=replace(leaving, visit=gate.inside[-1].id))
    return step(rules, gate, got)


def forget_guests(rules: Rules, gate: Gate, got: Input) -> Step:
    """Believe that nobody is inside who has no visit."""
    return step(rules, replace(gate, guests=()), got)


def forget_the_crowd(rules: Rules, gate: Gate, got: Input) -> Step:
    """Believe that a group has left when the first of it has."""
    return step(rules, replace(gate, crowd_ms=0), got)


def trust_a_blind_exit(rules: Rules, gate: Gate, got: Input) -> Step:
    """Take whoever pressed the button for gone, though no door showed anybody leaving."""
    before = gate.guests
    gate, commands = step(rules, gate, got)
    blind = DOOR in gate.lost and isinstance(got, TimeUp)
    return (replace(gate, guests=before) if blind else gate), commands


def let_anybody_be_the_guest(rules: Rules, gate: Gate, got: Input) -> Step:
    """Take a guest for gone whenever somebody left whom nobody can name."""
    before = gate
    gate, commands = step(rules, gate, got)
    nameless = isinstance(before.leaving, Reading | Settling) and before.leaving.visit is None
    if nameless and isinstance(gate.leaving, Quiet) and gate.guests == before.guests:
        gate = replace(gate, guests=gate.guests[1:])
    return gate, commands


def forget_what_was_paid_unclear(rules: Rules, gate: Gate, got: Input) -> Step:
    """Remember as sold only what left on a clear exit."""
    sold = gate.gone
    gate, commands = step(rules, gate, got)
    events = [event for each in commands if isinstance(each, Record) for event in each.events]
    unclear = any(event.type == "exit.unresolved" for event in events)
    return (replace(gate, gone=sold) if unclear else gate), commands


def count_what_was_put_back(rules: Rules, gate: Gate, got: Input) -> Step:
    """Charge everything that the reader heard since the trigger."""
    before = gate.leaving
    gate, commands = step(rules, gate, got)
    after = gate.leaving
    if isinstance(got, DoorOpened) and isinstance(before, Exiting) and isinstance(after, Reading):
        window = replace(after.window, sights=before.window.sights)
        gate = replace(gate, leaving=replace(after, window=window))
    return gate, commands


def ignore_absence(rules: Rules, gate: Gate, got: Input) -> Step:
    """Charge what stands at the door as if it had left."""
    if isinstance(gate.leaving, Settling):
        gate = replace(gate, heard={})
    return step(rules, gate, got)


def merge_equal_items(rules: Rules, gate: Gate, got: Input) -> Step:
    """Take two of the same for one that was read twice."""
    gate, commands = step(rules, gate, got)

    def merged(event: EventRecord) -> EventRecord:
        if event.type not in OUTCOMES or not event.visit:
            return event
        by_gtin = {line["gtin"]: line for line in lines_of(event)}
        return replace(event, data={**event.data, "lines": list(by_gtin.values())})

    return gate, _rewritten(commands, merged)


def hold_until_paid(rules: Rules, gate: Gate, got: Input) -> Step:
    """Begin no exit for somebody who has not paid yet."""
    unpaid = any(not visit.payments for visit in gate.inside)
    if isinstance(got, ExitRequested) and unpaid:
        return gate, (Show("exit", Reason.UNPAID),)
    return step(rules, gate, got)


def lock_whoever_leaves_in(rules: Rules, gate: Gate, got: Input) -> Step:
    """Lock the door as soon as somebody wants out."""
    gate, commands = step(rules, gate, got)
    return gate, ((Relock("exit"), *commands) if isinstance(got, ExitRequested) else commands)


def forget_the_sold(rules: Rules, gate: Gate, got: Input) -> Step:
    """Charge a tag whenever it passes."""
    return step(rules, replace(gate, gone=frozenset()), got)


def let_in_everybody(rules: Rules, gate: Gate, got: Input) -> Step:
    """Take no notice of who is inside."""
    return step(_with(rules, replace(rules.policy, max_inside=99)), gate, got)


def burn_vouchers(rules: Rules, gate: Gate, got: Input) -> Step:
    """Spend a voucher as soon as it is seen."""
    gate, commands = step(rules, gate, got)
    if isinstance(got, IdShown) and got.claim.tier is Tier.VOUCHER:
        commands = _spending(commands, got.claim.spend)
    return gate, commands


def voucher_for_the_last(rules: Rules, gate: Gate, got: Input) -> Step:
    """Let a voucher continue whatever offer is on the screen, whoever it was made to."""
    state = gate.entry
    if isinstance(got, IdShown) and isinstance(state, Offered):
        chosen = replace(state.decision, reason=Reason.SHOW_VOUCHER)
        gate = replace(gate, entry=replace(state, decision=chosen))
    return step(rules, gate, got)


def refuse_the_unknown(rules: Rules, gate: Gate, got: Input) -> Step:
    """Take "cannot say" for no, and no for the end."""
    gate, commands = step(rules, gate, got)
    state = gate.entry
    if isinstance(state, Offered) and state.decision.reason is Reason.PROVIDER_DOWN:
        refusal = Decision(Kind.REFUSED, Reason.PROVIDER_DOWN)
        gate = replace(gate, entry=Refused(refusal, state.due_ms))
    return gate, commands


def offer_nothing(rules: Rules, gate: Gate, got: Input) -> Step:
    """Say no and leave it at that."""
    gate, commands = step(rules, gate, got)
    state = gate.entry
    if isinstance(state, Offered):
        bare = replace(state.decision, reason=Reason.EXIT_FREE, ways=())
        gate = replace(gate, entry=replace(state, decision=bare))
    return gate, commands


def relock_by_any_timer(rules: Rules, gate: Gate, got: Input) -> Step:
    """Let whatever deadline passes relock the door."""
    before = gate
    gate, commands = step(rules, gate, got)
    if isinstance(got, TimeUp) and isinstance(before.entry, Unlocked):
        return replace(gate, entry=Idle()), (Relock("time"), *commands)
    return gate, commands


def forget_to_relock(rules: Rules, gate: Gate, got: Input) -> Step:
    """Leave the lock to its own timer when the door closes."""
    gate, commands = step(rules, gate, got)
    return gate, tuple(each for each in commands if not isinstance(each, Relock))


def name_the_customer(rules: Rules, gate: Gate, got: Input) -> Step:
    """Write the customer into the clear part of the event."""
    gate, commands = step(rules, gate, got)

    def named(event: EventRecord) -> EventRecord:
        data: dict[str, Json] = {**event.data, "who": event.customer}
        return replace(event, data=data) if event.type == OPENING else event

    return gate, _rewritten(commands, named)


def bill_the_unresolved(rules: Rules, gate: Gate, got: Input) -> Step:
    """Send a bill for what nobody is sure of."""
    gate, commands = step(rules, gate, got)

    def billed(event: EventRecord) -> EventRecord:
        if event.type != "exit.unresolved":
            return event
        return replace(event, data={**event.data, "unpaid_minor": 599})

    return gate, _rewritten(commands, billed)


def hurry(rules: Rules, gate: Gate, got: Input) -> Step:
    """Take every notice off the screen at the next step."""
    gate, commands = step(rules, gate, got)
    if gate.notice_ms and not any(isinstance(each, Show) for each in commands):
        commands = (*commands, Show("entry", Reason.IDLE))
    return gate, commands


def say_goodbye_for_good(rules: Rules, gate: Gate, got: Input) -> Step:
    """Never take the last notice off the screen."""
    gate, commands = step(rules, gate, got)
    return replace(gate, notice_ms=0), commands


def skip_the_reading(rules: Rules, gate: Gate, got: Input) -> Step:
    """Settle at once when the door opens."""
    gate, commands = step(rules, gate, got)
    state = gate.leaving
    if isinstance(got, DoorOpened) and isinstance(state, Reading):
        settling = Settling(
            state.visit, state.window, RequestId("none"), state.ends_ms, state.due_ms
        )
        gate = replace(gate, leaving=settling)
    return gate, commands


def recover_nothing(
    rules: Rules, gate: Gate, unfinished: Sequence[Unfinished], at: Moment, count: Count | None
) -> Step:
    """Start anew, whatever was open."""
    del unfinished
    return recover(rules, gate, (), at, count)


def recover_no_guests(
    rules: Rules, gate: Gate, unfinished: Sequence[Unfinished], at: Moment, count: Count | None
) -> Step:
    """Know the visits again, and nobody else who may be inside."""
    del count
    return recover(rules, gate, unfinished, at)


def recover_only_who_was_seen(
    rules: Rules, gate: Gate, unfinished: Sequence[Unfinished], at: Moment, count: Count | None
) -> Step:
    """Take nobody to be inside who was let in while nobody watched the door."""
    again, commands = recover(rules, gate, unfinished, at, count)
    return replace(again, guests=recall(gate, count, at).guests), commands


def recover_as_not_entered(
    rules: Rules, gate: Gate, unfinished: Sequence[Unfinished], at: Moment, count: Count | None
) -> Step:
    """Keep those inside, and end them too."""
    again, commands = recover(rules, gate, unfinished, at, count)
    ends = tuple(EventRecord("visit.not_entered", {}, visit.id) for visit in again.inside)
    return again, (*commands, Record(ends)) if ends else commands


def _with(rules: Rules, policy: Policy) -> Rules:
    return replace(rules, policy=policy)


def _rewritten(
    commands: tuple[Command, ...], change: Callable[[EventRecord], EventRecord]
) -> tuple[Command, ...]:
    return tuple(
        replace(each, events=tuple(change(event) for event in each.events))
        if isinstance(each, Record)
        else each
        for each in commands
    )


def _spending(commands: tuple[Command, ...], spend: Spend | None) -> tuple[Command, ...]:
    return tuple(
        replace(each, spend=spend) if isinstance(each, Record) else each for each in commands
    )
