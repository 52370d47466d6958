"""The exit side of the gate: who leaves, what passes the reader, and the one outcome.

Nothing here holds a person in: the side only watches a door that always opens (P2). A reader that
failed, or reads that are not stable, end as unresolved and never as unpaid (P4).
"""

from dataclasses import replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.basket import observe, open_window
from kiosk.core.commands import AskPayments, Command, Record, Show
from kiosk.core.events import EventRecord
from kiosk.core.inputs import (
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    IdShown,
    InboxOverflowed,
    PaymentsFailed,
    PaymentsSeen,
    RecordFailed,
    RecordRefused,
    TagsRead,
    TimeUp,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Moment, RequestId
from kiosk.core.visit_settle import candidates, settle
from kiosk.core.visit_state import (
    Exiting,
    Gate,
    Leaving,
    Quiet,
    Reading,
    Rules,
    Settling,
    Unlocked,
    Visit,
)
from kiosk.core.visit_table import Step

RETRY_MS: Final = 2000  # between attempts to record what the disk refused
READER: Final = "exit-reader"
DOOR: Final = "door"


def requested(rules: Rules, gate: Gate, _state: Quiet, asked: ExitRequested) -> Step:
    """Begin an exit at its trigger; with one visit at a time that visit is leaving."""
    return _begin(rules, gate, asked.at, _who_leaves(rules, gate), asked.source)


def identified(rules: Rules, gate: Gate, _state: Quiet, shown: IdShown) -> Step:
    """Begin the exit of whoever showed their code to the exit reader, if they are inside."""
    visit = next(
        (each for each in gate.inside if each.claim.customer == shown.claim.customer), None
    )
    if visit is None:
        return gate, (Show("exit", Reason.EXIT_FREE),)
    gate, commands = _begin(rules, gate, shown.at, visit, "code")
    accepted = records.scan_accepted(visit.id, shown.claim, shown.side)
    return gate, _with_scan(commands, accepted, shown)


def named(rules: Rules, gate: Gate, state: Exiting | Reading, shown: IdShown) -> Step:
    """Give an exit that began unnamed to the customer who shows a code during it."""
    visit = next(
        (each for each in gate.inside if each.claim.customer == shown.claim.customer), None
    )
    if state.visit is not None or visit is None:
        return gate, ()
    del rules
    accepted = records.scan_accepted(visit.id, shown.claim, shown.side)
    started = records.visit_event("exit_started", visit, source="code")
    leaving = replace(state, visit=visit.id)
    return replace(gate, leaving=leaving), (Record((accepted, started), shown.claim.spend),)


def unnamed(_rules: Rules, gate: Gate, _state: Leaving, _refused: RecordRefused) -> Step:
    """Leave an exit unnamed when the code was used before; the door opens all the same."""
    return gate, (Show("exit", Reason.EXIT_FREE),)


def pushed(rules: Rules, gate: Gate, _state: Quiet, opened: DoorOpened) -> Step:
    """Begin an exit at the door itself when nobody was let in by it."""
    if isinstance(gate.entry, Unlocked):
        return gate, ()
    visit = _who_leaves(rules, gate)
    gate, commands = _begin(rules, gate, opened.at, visit, "door")
    if not gate.inside:
        commands = (Record((records.door_event("forced", None),)), *commands)
    gate, more = passing(rules, gate, gate.leaving, opened)
    return gate, (*commands, *more)


def passing(rules: Rules, gate: Gate, state: Leaving, opened: DoorOpened) -> Step:
    """Count what passes the reader from now on, at least as long as a person needs."""
    if not isinstance(state, Exiting):
        return gate, ()
    ends_ms = opened.at.mono_ms + rules.policy.timing.read_min_ms
    due_ms = opened.at.mono_ms + rules.policy.timing.read_max_ms
    return replace(gate, leaving=Reading(state.visit, state.window, ends_ms, due_ms)), ()


def door_closed(_rules: Rules, gate: Gate, state: Reading, _closed: DoorClosed) -> Step:
    """Let the window end as soon as it was long enough."""
    return replace(gate, leaving=replace(state, closed=True)), ()


def heard(rules: Rules, gate: Gate, state: Exiting | Reading, tags: TagsRead) -> Step:
    """Count reads into the window."""
    window = observe(state.window, tags.reads, tags.at.mono_ms, rules.policy)
    return replace(gate, leaving=replace(state, window=window)), ()


def lost(_rules: Rules, gate: Gate, state: Exiting | Reading | Settling, gone: DeviceLost) -> Step:
    """Mark the window: what a lost reader or door contact did not see proves nothing."""
    if gone.role not in {READER, DOOR}:
        return gate, ()
    window = replace(state.window, fault=f"{gone.role}-lost")
    return replace(gate, leaving=replace(state, window=window)), ()


def overflowed(
    _rules: Rules, gate: Gate, state: Exiting | Reading | Settling, _full: InboxOverflowed
) -> Step:
    """Mark the window: reads were dropped."""
    window = replace(state.window, fault="reads-dropped")
    return replace(gate, leaving=replace(state, window=window)), ()


def not_opened(rules: Rules, gate: Gate, state: Exiting, up: TimeUp) -> Step:
    """Go back to shopping when the door stayed shut; nobody left."""
    if up.at.mono_ms < state.due_ms:
        return gate, ()
    if DOOR in gate.lost:
        reading = Reading(state.visit, state.window, up.at.mono_ms, up.at.mono_ms, closed=True)
        return window_over(rules, replace(gate, leaving=reading), reading, up)
    visit = gate.visit(state.visit)
    gate = replace(gate, leaving=Quiet())
    if visit is None:
        return gate, ()
    return gate, (Record((records.visit_event("exit_abandoned", visit),)),)


def window_over(rules: Rules, gate: Gate, state: Reading, up: TimeUp) -> Step:
    """End the window; ask for payments once more unless nothing of the shop's was seen."""
    now_ms = up.at.mono_ms
    if now_ms < (state.ends_ms if state.closed else state.due_ms):
        return gate, ()
    timing = rules.policy.timing
    settling = Settling(
        state.visit,
        state.window,
        RequestId(f"{state.visit or 'anonymous'}.pay.{state.window.started_ms}"),
        ends_ms=now_ms + timing.absence_ms,
        due_ms=now_ms + timing.settle_s * 1000,
    )
    gate = replace(gate, leaving=settling)
    if gate.visit(state.visit) is None or not candidates(rules, gate, settling):
        return settle(rules, gate, replace(settling, failed=True), up.at)
    ask: tuple[Command, ...] = (
        AskPayments(settling.request_id, gate.through),
        Show("exit", Reason.READING),
    )
    return gate, ask


def paid(rules: Rules, gate: Gate, state: Settling, seen: PaymentsSeen) -> Step:
    """Take the answer to the last question about payments."""
    if seen.request_id != state.request_id:
        return gate, ()
    state = replace(state, through=seen.through)
    return settle(rules, replace(gate, leaving=state), state, seen.at)


def payments_unknown(rules: Rules, gate: Gate, state: Settling, failed: PaymentsFailed) -> Step:
    """Note that payments cannot be known; then only what is surely paid, or empty, is said."""
    if failed.request_id != state.request_id:
        return gate, ()
    state = replace(state, failed=True)
    return settle(rules, replace(gate, leaving=state), state, failed.at)


def settling_over(rules: Rules, gate: Gate, state: Settling, up: TimeUp) -> Step:
    """Settle as soon as the tags are gone, or when the time is up."""
    return settle(rules, gate, state, up.at)


def not_recorded(
    _rules: Rules, gate: Gate, state: Reading | Settling, failed: RecordFailed
) -> Step:
    """Try again soon; the outcome is written once, whenever the disk allows."""
    retry_ms = failed.at.mono_ms + RETRY_MS
    return replace(gate, leaving=replace(state, ends_ms=retry_ms, due_ms=retry_ms)), ()


def exit_not_recorded(_rules: Rules, gate: Gate, state: Exiting, failed: RecordFailed) -> Step:
    """Wait on; an exit that is not in the ledger yet is still an exit."""
    retry_ms = max(state.due_ms, failed.at.mono_ms + RETRY_MS)
    return replace(gate, leaving=replace(state, due_ms=retry_ms)), ()


def _begin(rules: Rules, gate: Gate, at: Moment, visit: Visit | None, source: str) -> Step:
    window = open_window(gate.heard, at.mono_ms)
    if READER in gate.lost:
        window = replace(window, fault=f"{READER}-lost")
    due_ms = at.mono_ms + rules.policy.timing.exit_s * 1000
    gate = replace(gate, leaving=Exiting(visit.id if visit else None, window, due_ms))
    shown = Show("exit", Reason.EXIT_FREE)
    if visit is None:
        return gate, (shown,)
    return gate, (Record((records.visit_event("exit_started", visit, source=source),)), shown)


def _who_leaves(rules: Rules, gate: Gate) -> Visit | None:
    """With one visit at a time it is that visit; with more it is decided, never assumed."""
    if rules.policy.max_inside == 1 and len(gate.inside) == 1:
        return gate.inside[0]
    return None


def _with_scan(
    commands: tuple[Command, ...], accepted: EventRecord, shown: IdShown
) -> tuple[Command, ...]:
    record = next(each for each in commands if isinstance(each, Record))
    first = Record((accepted, *record.events), shown.claim.spend)
    return tuple(first if each is record else each for each in commands)
