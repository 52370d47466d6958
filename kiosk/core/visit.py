"""The gate as one machine: `step` takes an input, `next_due_ms` says when time matters again.

`step` is pure: the same rules, gate and input give the same gate and commands. A gate is only
kept by its owner once the `Record` among the commands is durable.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.basket import heard
from kiosk.core.commands import Command, Record, Relock, Show
from kiosk.core.events import EventRecord
from kiosk.core.inputs import (
    DeviceFound,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    IdRejected,
    IdShown,
    Input,
    PaymentsSeen,
    RecordFailed,
    RecordRefused,
    StaffLocked,
    StaffUnlocked,
    TagsRead,
    TimeUp,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Outcome, Payment
from kiosk.core.visit_settle import next_look_ms
from kiosk.core.visit_sides import ENTRY, EXIT
from kiosk.core.visit_state import (
    Exiting,
    Gate,
    Idle,
    Quiet,
    Reading,
    Rules,
    Settled,
    Settling,
    Visit,
)
from kiosk.core.visit_table import Side, Step

PHYSICAL: Final = (
    DoorOpened,
    DoorClosed,
    ExitRequested,
    StaffUnlocked,
    StaffLocked,
    DeviceLost,
    DeviceFound,
)
"""What has happened in the world stays true when the ledger cannot write it."""


def step(rules: Rules, gate: Gate, got: Input) -> Step:
    """Return the gate after this input, and what is to be done, in order.

    At most one `Record` is among the commands, before everything that it authorises.
    """
    if isinstance(got, RecordFailed) and isinstance(got.cause, PHYSICAL):
        moved, commands = step(rules, gate, got.cause)
        return moved, tuple(each for each in commands if isinstance(each, Show))
    gate, commands = _note(rules, gate, got)
    if _side_of(got) != EXIT.name:
        gate, more = _take(ENTRY, rules, gate, got)
        commands = (*commands, *more)
    if _side_of(got) != ENTRY.name:
        gate, more = _take(EXIT, rules, gate, got)
        commands = (*commands, *more)
    return gate, _one_record(commands)


def next_due_ms(rules: Rules, gate: Gate) -> int | None:
    """Return the monotonic millisecond of the next `TimeUp`, None when nothing is waited for."""
    due = [visit.until_ms for visit in gate.inside if visit.id != _leaving_id(gate)]
    if not isinstance(gate.entry, Idle):
        due.append(gate.entry.due_ms)
    match gate.leaving:
        case Exiting(due_ms=due_ms):
            due.append(due_ms)
        case Reading(closed=closed, ends_ms=ends_ms, due_ms=due_ms):
            due.append(ends_ms if closed else due_ms)
        case Settling() as settling:
            due.append(next_look_ms(rules, gate, settling))
        case Quiet():
            pass
    if gate.notice_ms:
        due.append(gate.notice_ms)
    return min(due, default=None)


def _take(side: Side, rules: Rules, gate: Gate, got: Input) -> Step:
    state = gate.entry if side is ENTRY else gate.leaving
    move = side.table.get((type(state), type(got)))
    if move is None or move.handler is None:
        return gate, ()
    after: Step = move.handler(rules, gate, state, got)
    return after


def _side_of(got: Input) -> str:
    """Return the only side that an input about a code is for, "" for all other inputs."""
    match got:
        case IdShown(side=side) | IdRejected(side=side):
            return side
        case RecordRefused(cause=cause) | RecordFailed(cause=cause):
            return _side_of(cause)
        case _:
            return ""


def _note(rules: Rules, gate: Gate, got: Input) -> Step:
    """Remember what both sides need to know: door, field, devices, payments, long stays."""
    match got:
        case DoorOpened() | DoorClosed():
            return replace(gate, door_open=isinstance(got, DoorOpened)), ()
        case TagsRead(at=at, reads=reads):
            return replace(gate, heard=heard(gate.heard, reads, at.mono_ms, rules.policy)), ()
        case DeviceLost(device=device, role=role, detail=detail):
            event = records.device_event("fault", device, role, detail)
            return replace(gate, lost=gate.lost | {role}), (Record((event,)),)
        case DeviceFound(device=device, role=role):
            event = records.device_event("cleared", device, role, "")
            known = role in gate.lost
            return replace(gate, lost=gate.lost - {role}), ((Record((event,)),) if known else ())
        case PaymentsSeen(payments=payments, through=through):
            return replace(
                gate, inside=_paying(gate, payments), through=max(gate.through, through)
            ), ()
        case TimeUp():
            return _stayed(rules, gate, got)
        case _:
            return gate, ()


def _paying(gate: Gate, payments: Sequence[Payment]) -> tuple[Visit, ...]:
    def with_new(visit: Visit) -> Visit:
        known = {payment.number for payment in visit.payments}
        new = (each for each in payments if each.visit == visit.id and each.number not in known)
        return replace(visit, payments=(*visit.payments, *new))

    return tuple(with_new(visit) for visit in gate.inside)


def _stayed(rules: Rules, gate: Gate, up: TimeUp) -> Step:
    """End visits that never showed an exit as unresolved, and clear an old notice."""
    commands: list[Command] = []
    if gate.notice_ms and up.at.mono_ms >= gate.notice_ms:
        gate = replace(gate, notice_ms=0)
        if isinstance(gate.entry, Idle):
            commands.append(Show("entry", Reason.IDLE))
    over = [
        visit
        for visit in gate.inside
        if visit.until_ms <= up.at.mono_ms and visit.id != _leaving_id(gate)
    ]
    nothing_known = Settled((), 0, 0)
    events = tuple(
        records.exit_settled(
            rules, visit, Outcome.UNRESOLVED, nothing_known, gate.through, "stayed"
        )
        for visit in over
    )
    if events:
        commands.append(Record(events))
        gate = replace(gate, inside=tuple(each for each in gate.inside if each not in over))
    return gate, tuple(commands)


def _leaving_id(gate: Gate) -> str | None:
    return None if isinstance(gate.leaving, Quiet) else gate.leaving.visit


def _one_record(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Join the records of both sides into the first one: one step is one transaction."""
    written = [each for each in commands if isinstance(each, Record)]
    if len(written) < 2:  # noqa: PLR2004 - one record needs no joining
        return commands
    events: tuple[EventRecord, ...] = tuple(event for each in written for event in each.events)
    spend = next((each.spend for each in written if each.spend), None)
    others = tuple(each for each in commands if not isinstance(each, Record))
    safe = tuple(each for each in others if isinstance(each, Relock))
    after = tuple(each for each in others if not isinstance(each, Relock))
    return (*safe, Record(events, spend), *after)
