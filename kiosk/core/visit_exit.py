"""The exit side of the gate: who leaves, what passes the reader, and the one outcome.

Nothing here holds a person in: the side only watches a door that always opens (P2). A reader that
failed, or reads that are not stable, end as unresolved and never as unpaid (P4).
"""

from dataclasses import replace
from typing import Final

from kiosk.core import visit_records as records
from kiosk.core.basket import doubt, observe, open_window, pass_door
from kiosk.core.commands import AskPayments, Command, Record, Show
from kiosk.core.events import EventRecord
from kiosk.core.inputs import (
    Cause,
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
from kiosk.core.values import Claim, Moment, RequestId, Spend, Tier
from kiosk.core.visit_settle import candidates, settle
from kiosk.core.visit_state import (
    DOOR,
    RETRY_MS,
    SENSORS,
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

BOUNCE_MS: Final = 100  # a contact that opens again so soon after closing is bouncing


def requested(rules: Rules, gate: Gate, _state: Quiet, asked: ExitRequested) -> Step:
    """Begin an exit at its trigger; with one visit at a time that visit is leaving."""
    return _begin(rules, gate, asked.at, _who_leaves(rules, gate), asked.source)


def identified(rules: Rules, gate: Gate, _state: Quiet, shown: IdShown) -> Step:
    """Begin the exit of whoever showed their code to the exit reader, if they are inside."""
    visit = _of(gate, shown.claim)
    if visit is None:
        return gate, (Show("exit", Reason.EXIT_FREE),)
    gate, commands = _begin(rules, gate, shown.at, visit, "code")
    accepted = records.scan_accepted(visit.id, shown.claim, shown.side)
    return gate, _with_scan(commands, accepted, shown)


def named(_rules: Rules, gate: Gate, state: Exiting | Reading, shown: IdShown) -> Step:
    """Give an exit that began unnamed to the customer who shows a code during it.

    A second customer's code means that two are passing: then nobody can say who carries what.
    """
    visit = _of(gate, shown.claim)
    if visit is None or visit.id == state.visit:
        return gate, ()
    if state.visit is not None:
        window = replace(state.window, shared=True)
        return replace(gate, leaving=replace(state, window=window)), ()
    accepted = records.scan_accepted(visit.id, shown.claim, shown.side)
    started = records.visit_event("exit_started", visit, source="code")
    leaving = replace(state, visit=visit.id)
    return replace(gate, leaving=leaving), (Record((accepted, started), _spend(shown.claim)),)


def unnamed(_rules: Rules, gate: Gate, _state: Leaving, _refused: RecordRefused) -> Step:
    """Leave an exit unnamed when the code was used before; the door opens all the same."""
    return gate, (Show("exit", Reason.EXIT_FREE),)


def pushed(rules: Rules, gate: Gate, _state: Quiet, opened: DoorOpened) -> Step:
    """Begin an exit at the door itself when nobody was let in by it."""
    if _bounced(gate, opened) or isinstance(gate.entry, Unlocked):
        return gate, ()
    visit = _who_leaves(rules, gate)
    gate, commands = _begin(rules, gate, opened.at, visit, "door")
    if gate.inside or gate.others(opened.at.mono_ms):
        return gate, commands
    return gate, (Record((records.door_event("forced", None),)), *commands)


def passing(rules: Rules, gate: Gate, state: Exiting, opened: DoorOpened) -> Step:
    """Count what passes the reader from now on, at least as long as a person needs."""
    window = pass_door(state.window, opened.at.mono_ms)
    reading = _reading(rules, gate, replace(state, window=window), opened.at)
    gate = replace(gate, leaving=reading)
    return gate, (Record((records.door_event("opened", state.visit),)),)


def reopened(rules: Rules, gate: Gate, state: Reading, opened: DoorOpened) -> Step:
    """Read on: the door had bounced, the customer pulled it again, or somebody else did.

    A group may pass one by one for as long as an exit may take.
    """
    other = state.closed and len(gate.inside) > 1 and not _bounced(gate, opened)
    window = replace(state.window, shared=state.window.shared or other)
    state = replace(state, window=window, closed=False)
    longest_ms = rules.policy.timing.exit_s * 1000
    if _is_group(gate, state) and opened.at.mono_ms - window.started_ms < longest_ms:
        state = _reading(rules, gate, state, opened.at)
    return replace(gate, leaving=state), ()


def door_closed(_rules: Rules, gate: Gate, state: Reading, _closed: DoorClosed) -> Step:
    """Let the window end as soon as it was long enough."""
    return replace(gate, leaving=replace(state, closed=True)), ()


def heard(rules: Rules, gate: Gate, state: Exiting | Reading, tags: TagsRead) -> Step:
    """Count reads into the window."""
    window = observe(state.window, tags.reads, tags.at.mono_ms, rules.policy)
    return replace(gate, leaving=replace(state, window=window)), ()


def lost(_rules: Rules, gate: Gate, state: Exiting | Reading | Settling, gone: DeviceLost) -> Step:
    """Mark the window: what a lost reader or door contact did not see proves nothing."""
    if gone.role not in SENSORS:
        return gate, ()
    window = doubt(state.window, f"{gone.role}-lost")
    return replace(gate, leaving=replace(state, window=window)), ()


def overflowed(
    _rules: Rules, gate: Gate, state: Exiting | Reading | Settling, _full: InboxOverflowed
) -> Step:
    """Mark the window: reads were dropped."""
    window = doubt(state.window, "reads-dropped")
    return replace(gate, leaving=replace(state, window=window)), ()


def not_opened(rules: Rules, gate: Gate, state: Exiting, up: TimeUp) -> Step:
    """Go back to shopping when the door stayed shut; nobody left.

    A door that cannot be seen may have let somebody out, so that exit is settled, as unresolved;
    whoever it was may also have stayed, or somebody else have left.
    """
    if up.at.mono_ms < state.due_ms:
        return gate, ()
    if DOOR in gate.lost:
        window = replace(state.window, shared=True)
        reading = Reading(state.visit, window, up.at.mono_ms, up.at.mono_ms, closed=True)
        return window_over(rules, replace(gate, leaving=reading), reading, up)
    visit = gate.visit(state.visit)
    gate = replace(gate, leaving=Quiet())
    if visit is None:
        return gate, ()
    return gate, (Record((records.visit_event("exit_abandoned", visit),)),)


def window_over(rules: Rules, gate: Gate, state: Reading, up: TimeUp) -> Step:
    """End the window; ask for payments once more unless nothing of the shop's was seen."""
    if up.at.mono_ms < (state.ends_ms if state.closed else state.due_ms):
        return gate, ()
    settling = _settling(rules, state, up.at)
    gate = replace(gate, leaving=settling)
    if gate.visit(state.visit) is None or not candidates(rules, gate, settling):
        settling = replace(settling, failed=True)
        return settle(rules, replace(gate, leaving=settling), settling, up.at)
    ask: tuple[Command, ...] = (
        AskPayments(settling.request_id, gate.through),
        Show("exit", Reason.READING),
    )
    return gate, ask


def paid(rules: Rules, gate: Gate, state: Settling, seen: PaymentsSeen) -> Step:
    """Take the answer to the last question about payments."""
    state = _told(state, seen)
    return settle(rules, replace(gate, leaving=state), state, seen.at)


def payments_unknown(rules: Rules, gate: Gate, state: Settling, failed: PaymentsFailed) -> Step:
    """Note that payments cannot be known; then only what is surely paid, or empty, is said."""
    state = _told(state, failed)
    return settle(rules, replace(gate, leaving=state), state, failed.at)


def settling_over(rules: Rules, gate: Gate, state: Settling, up: TimeUp) -> Step:
    """Settle as soon as the tags are gone, or when the time is up."""
    return settle(rules, gate, state, up.at)


def window_not_recorded(rules: Rules, gate: Gate, state: Reading, failed: RecordFailed) -> Step:
    """Close the window all the same and try again soon; a name that cannot be kept is not given."""
    if not isinstance(failed.cause, TimeUp):
        return gate, ()
    settling = replace(_settling(rules, state, failed.at), failed=True)
    return not_recorded(rules, replace(gate, leaving=settling), settling, failed)


def not_recorded(_rules: Rules, gate: Gate, state: Settling, failed: RecordFailed) -> Step:
    """Try again soon; the outcome is written once, whenever the disk allows."""
    retry_ms = failed.at.mono_ms + RETRY_MS
    state = replace(_told(state, failed.cause), ends_ms=retry_ms, due_ms=retry_ms)
    return replace(gate, leaving=state), ()


def exit_not_recorded(_rules: Rules, gate: Gate, state: Exiting, failed: RecordFailed) -> Step:
    """Wait on; an exit that is not in the ledger yet is still an exit."""
    retry_ms = max(state.due_ms, failed.at.mono_ms + RETRY_MS)
    return replace(gate, leaving=replace(state, due_ms=retry_ms)), ()


def _begin(rules: Rules, gate: Gate, at: Moment, visit: Visit | None, source: str) -> Step:
    window = open_window(gate.heard, at.mono_ms)
    for role in sorted(gate.lost & SENSORS):
        window = doubt(window, f"{role}-lost")
    due_ms = at.mono_ms + rules.policy.timing.exit_s * 1000
    exiting = Exiting(visit.id if visit else None, window, due_ms)
    events = (records.visit_event("exit_started", visit, source=source),) if visit else ()
    if gate.door_open:
        # A door that stands open will not open again: what passes counts from now on.
        events = (*events, records.door_event("opened", exiting.visit))
        gate = replace(gate, leaving=_reading(rules, gate, exiting, at))
    else:
        gate = replace(gate, leaving=exiting)
    shown = Show("exit", Reason.EXIT_FREE)
    return gate, ((Record(events), shown) if events else (shown,))


def _bounced(gate: Gate, opened: DoorOpened) -> bool:
    return gate.closed_ms is not None and opened.at.mono_ms - gate.closed_ms < BOUNCE_MS


def _reading(rules: Rules, gate: Gate, state: Exiting | Reading, at: Moment) -> Reading:
    """Return the window from this opening on; one of a group may have another behind them."""
    timing = rules.policy.timing
    read_ms = timing.read_max_ms if _is_group(gate, state) else timing.read_min_ms
    ends_ms, due_ms = at.mono_ms + read_ms, at.mono_ms + timing.read_max_ms
    return Reading(state.visit, state.window, ends_ms, due_ms)


def _is_group(gate: Gate, state: Exiting | Reading) -> bool:
    visit = gate.visit(state.visit)
    return visit is not None and visit.group


def _settling(rules: Rules, state: Reading, at: Moment) -> Settling:
    timing = rules.policy.timing
    return Settling(
        state.visit,
        state.window,
        RequestId(f"{state.visit or 'anonymous'}.pay.{state.window.started_ms}"),
        ends_ms=at.mono_ms + timing.absence_ms,
        due_ms=at.mono_ms + timing.settle_s * 1000,
    )


def _told(state: Settling, news: Cause) -> Settling:
    """Return the state with the answer to its own question, unchanged by any other news."""
    match news:
        case PaymentsSeen(request_id=state.request_id, through=through):
            return replace(state, through=through)
        case PaymentsFailed(request_id=state.request_id):
            return replace(state, failed=True)
        case _:
            return state


def _who_leaves(rules: Rules, gate: Gate) -> Visit | None:
    """With one visit at a time it is that visit; with more it is decided, never assumed."""
    if rules.policy.max_inside == 1 and len(gate.inside) == 1:
        return gate.inside[0]
    return None


def _spend(claim: Claim) -> Spend | None:
    """Return the nonce that naming an exit spends; a voucher's was spent on coming in."""
    return None if claim.tier is Tier.VOUCHER else claim.spend


def _of(gate: Gate, claim: Claim) -> Visit | None:
    """Return the visit inside of this customer, None when there is none."""
    return next((each for each in gate.inside if each.claim.customer == claim.customer), None)


def _with_scan(
    commands: tuple[Command, ...], accepted: EventRecord, shown: IdShown
) -> tuple[Command, ...]:
    record = next(each for each in commands if isinstance(each, Record))
    first = Record((accepted, *record.events), _spend(shown.claim))
    return tuple(first if each is record else each for each in commands)
