"""The gate as one machine: `step` takes an input, `next_due_ms` says when time matters again.

`step` is pure: the same rules, gate and input give the same gate and commands. A gate is only
kept by its owner once the `Record` among the commands is durable.
"""

from typing import Final, assert_never

from kiosk.core.commands import Record, Show
from kiosk.core.inputs import (
    Cause,
    DeviceFound,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    IdRejected,
    IdShown,
    Input,
    RecordFailed,
    RecordRefused,
    StaffLocked,
    StaffUnlocked,
    TimeUp,
)
from kiosk.core.visit_facts import (
    end_stays,
    keep_notice,
    leaving_id,
    note,
    notice_over,
    share_door,
    try_later,
)
from kiosk.core.visit_others import tell
from kiosk.core.visit_owed import one_record, owe
from kiosk.core.visit_settle import next_look_ms
from kiosk.core.visit_sides import ENTRY, EXIT
from kiosk.core.visit_state import Exiting, Gate, Idle, Quiet, Reading, Rules, Settling
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
    if isinstance(got, RecordFailed):
        gate, commands = _unrecorded(rules, gate, got)
    else:
        gate, commands = _moved(rules, gate, got)
    return keep_notice(gate, commands, got.at)


def next_due_ms(rules: Rules, gate: Gate) -> int | None:
    """Return the monotonic millisecond of the next `TimeUp`, None when nothing is waited for."""
    leaving = leaving_id(gate)
    due = [visit.until_ms for visit in gate.inside if visit.id != leaving]
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
        case _:
            assert_never(gate.leaving)
    due.extend(ms for ms in (gate.notice_ms, gate.owed_ms) if ms)
    return min(due, default=None)


def _moved(rules: Rules, gate: Gate, got: Cause | RecordRefused) -> Step:
    """Return what the input does to the facts, to the sides that it is for, and to long waits."""
    passes, before = isinstance(got, TimeUp), gate
    gate, commands = note(rules, gate, got)
    if passes:
        gate, commands = notice_over(gate, got.at)
    for side in _sides(got):
        gate, more = _take(side, rules, gate, got)
        commands = (*commands, *more)
    gate = share_door(gate)
    if passes:
        # After the sides: an exit that this very moment ends as abandoned may be overdue.
        gate, more = end_stays(rules, gate, got.at)
        commands = (*commands, *more)
    gate, commands = tell(rules, before, gate, commands, got.at)
    return one_record(gate, commands, got.at, due=passes)


def _unrecorded(rules: Rules, gate: Gate, failed: RecordFailed) -> Step:
    """Return what stays true although the ledger could not write it.

    What happened in the world happened; its events are owed. Of everything else only the side
    that asked for the record is told that it failed; the other moves on, and facts are kept.
    """
    cause = failed.cause
    if isinstance(cause, PHYSICAL):
        moved, commands = _moved(rules, gate, cause)
        return owe(moved, commands, failed), tuple(
            each for each in commands if isinstance(each, Show)
        )
    gate, told = note(rules, gate, cause)
    if isinstance(cause, TimeUp):
        gate, told = notice_over(gate, cause.at)
    for side in _sides(cause):
        moved, more = _take(side, rules, gate, cause)
        if any(isinstance(each, Record) for each in more):
            moved, more = _take(side, rules, gate, failed)
        gate, told = moved, (*told, *more)
    return try_later(gate, failed.at), told


def _take(side: Side, rules: Rules, gate: Gate, got: Input) -> Step:
    state = gate.entry if side is ENTRY else gate.leaving
    move = side.table.get((type(state), type(got)))
    if move is None or move.handler is None:
        return gate, ()
    after: Step = move.handler(rules, gate, state, got)
    return after


def _sides(got: Cause | RecordRefused) -> tuple[Side, ...]:
    """Return the sides that an input is for: a code is for the side it was shown at."""
    shown: Input = got.cause if isinstance(got, RecordRefused) else got
    if isinstance(shown, IdShown | IdRejected):
        return (ENTRY,) if shown.side == ENTRY.name else (EXIT,)
    return (ENTRY, EXIT)
