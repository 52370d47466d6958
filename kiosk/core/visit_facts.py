"""What both sides of the gate need to know: door, field, devices, payments, long stays."""

from collections.abc import Sequence
from dataclasses import replace

from kiosk.core import visit_records as records
from kiosk.core.basket import heard
from kiosk.core.commands import Command, Record, Show
from kiosk.core.inputs import (
    DeviceFound,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    Input,
    PaymentsSeen,
    TagsRead,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Moment, Payment, VisitId
from kiosk.core.visit_state import (
    NOTICE_MS,
    RETRY_MS,
    Gate,
    Idle,
    Quiet,
    Reading,
    Rules,
    Unlocked,
    Visit,
)
from kiosk.core.visit_table import Step


def note(rules: Rules, gate: Gate, got: Input) -> Step:
    """Remember what this input says to both sides."""
    match got:
        case DoorOpened():
            return replace(gate, door_open=True), ()
        case DoorClosed(at=at):
            return replace(gate, door_open=False, closed_ms=at.mono_ms), ()
        case TagsRead(at=at, reads=reads):
            return replace(gate, heard=heard(gate.heard, reads, at.mono_ms, rules.policy)), ()
        case DeviceLost(device=device, role=role, detail=detail):
            event = records.device_event("fault", device, role, detail)
            return _away(gate, gate.away | {(role, device)}), (Record((event,)),)
        case DeviceFound(device=device, role=role):
            if (role, device) not in gate.away:
                return gate, ()
            event = records.device_event("cleared", device, role, "")
            return _away(gate, gate.away - {(role, device)}), (Record((event,)),)
        case PaymentsSeen(payments=payments, through=through):
            return _paying(replace(gate, through=max(gate.through, through)), payments), ()
        case _:
            return gate, ()


def leaving_id(gate: Gate) -> VisitId | None:
    """Return the visit that is leaving, None when nobody is or nobody knows who."""
    return None if isinstance(gate.leaving, Quiet) else gate.leaving.visit


def overstayed(gate: Gate, at: Moment) -> tuple[Visit, ...]:
    """Return the visits that never showed an exit, however long one waits."""
    leaving = leaving_id(gate)
    return tuple(
        visit for visit in gate.inside if visit.until_ms <= at.mono_ms and visit.id != leaving
    )


def end_stays(rules: Rules, gate: Gate, at: Moment) -> Step:
    """End long stays as unresolved; whoever it was may be inside for as long again (ADR 13)."""
    over = overstayed(gate, at)
    guests = tuple(until_ms for until_ms in gate.guests if until_ms > at.mono_ms)
    gate = replace(gate, guests=guests)
    if not over:
        return gate, ()
    events = tuple(
        event
        for visit in over
        for event in records.exit_unseen(rules, visit, gate.through, "stayed")
    )
    until_ms = at.mono_ms + rules.policy.timing.stay_s * 1000
    gate = replace(
        gate,
        inside=tuple(visit for visit in gate.inside if visit not in over),
        gone=gate.gone.union(*(visit.paid_epcs for visit in over)),
    )
    for visit in over:
        gate = gate.with_others(until_ms, group=visit.group)
    return gate, (Record(events),)


def share_door(gate: Gate) -> Gate:
    """Return the gate with the exit marked when somebody may come in by the same open door."""
    leaving = gate.leaving
    if isinstance(leaving, Reading) and isinstance(gate.entry, Unlocked):
        return replace(gate, leaving=replace(leaving, window=replace(leaving.window, shared=True)))
    return gate


def try_later(gate: Gate, at: Moment) -> Gate:
    """Return the gate with what could not be recorded put off, so that time does not spin."""
    over = overstayed(gate, at)
    later_ms = at.mono_ms + RETRY_MS
    inside = tuple(
        replace(visit, until_ms=later_ms) if visit in over else visit for visit in gate.inside
    )
    return replace(gate, inside=inside, owed_ms=later_ms if gate.owed else 0)


def notice_over(gate: Gate, at: Moment) -> Step:
    """Take an old notice off the screen; somebody who is being answered keeps it."""
    if not gate.notice_ms or at.mono_ms < gate.notice_ms:
        return gate, ()
    gate = replace(gate, notice_ms=0)
    return gate, ((Show("entry", Reason.IDLE),) if isinstance(gate.entry, Idle) else ())


def keep_notice(gate: Gate, commands: tuple[Command, ...], at: Moment) -> Step:
    """See that every notice is readable long enough and none stays for good."""
    shows = [each for each in commands if isinstance(each, Show)]
    if not shows:
        return gate, commands
    last = shows[-1]
    if last.reason is Reason.IDLE:
        if at.mono_ms >= gate.notice_ms:
            return replace(gate, notice_ms=0), commands
        return gate, tuple(each for each in commands if each is not last)
    stays = last.side == "exit" or isinstance(gate.entry, Idle)
    return replace(gate, notice_ms=at.mono_ms + NOTICE_MS if stays else 0), commands


def _away(gate: Gate, away: frozenset[tuple[str, str]]) -> Gate:
    return replace(gate, away=away, lost=frozenset(role for role, _ in away))


def _paying(gate: Gate, payments: Sequence[Payment]) -> Gate:
    """Keep payments with their visits; what was paid for a visit that is over is sold."""
    inside = tuple(_with_new(visit, payments) for visit in gate.inside)
    known = {visit.id for visit in inside}
    if isinstance(gate.entry, Unlocked) and gate.entry.visit is not None:
        visit = _with_new(gate.entry.visit, payments)
        known.add(visit.id)
        gate = replace(gate, entry=replace(gate.entry, visit=visit))
    late = (epc for each in payments if each.visit not in known for epc in each.epcs)
    return replace(gate, inside=inside, gone=gate.gone | frozenset(late))


def _with_new(visit: Visit, payments: Sequence[Payment]) -> Visit:
    known = {each.number: each for each in visit.payments}
    for each in payments:
        if each.visit == visit.id:
            known.setdefault(each.number, each)
    return replace(visit, payments=tuple(known.values()))
