"""Whole visits for the tests, told to a loop: come in, walk out, with all the timing of a door."""

from collections.abc import Sequence

from kiosk.core.commands import Command
from kiosk.core.inputs import (
    DoorClosed,
    DoorOpened,
    ExitRequested,
    GroupDeclared,
    PaymentsSeen,
    StaffUnlocked,
)
from kiosk.core.values import Epc, Payment, RequestId, Verdict
from kiosk.core.visit import step
from kiosk.core.visit_state import Checking, Settling
from tests.core.gate_cases import answered, at, rules, shown, signed, snack, tags
from tests.core.loop import Loop, Stepper


def ask(loop: Loop, name: str, visit: str, nonce: str = "") -> RequestId:
    """Show a fresh code; return the request that the gate makes of it."""
    claim = signed(name, nonce or f"{visit}-{name}")
    loop.give(shown(loop.now_ms, claim, visit))
    assert isinstance(loop.gate.entry, Checking), loop.gate.entry
    return loop.gate.entry.request_id


def grant(loop: Loop, name: str, visit: str) -> list[Command]:
    """Be granted by the score."""
    return loop.give(answered(loop.now_ms, ask(loop, name, visit), Verdict.YES))


def door(loop: Loop, *, open_ms: int = 1000) -> list[Command]:
    """Open the door and let it fall shut."""
    begun = loop.now_ms
    return loop.give(DoorOpened(at(begun)), DoorClosed(at(begun + open_ms)))


def come_in(loop: Loop, name: str, visit: str) -> None:
    """Come in by the score; the next second is at the shelves."""
    grant(loop, name, visit)
    door(loop)
    loop.until(loop.now_ms + 1000)


def inside(name: str = "ada", *, max_inside: int = 1, by: Stepper = step) -> Loop:
    """Return a shop that this customer came into as visit "v1"."""
    loop = Loop(rules(max_inside=max_inside), step=by)
    come_in(loop, name, "v1")
    return loop


def staff_comes_in(loop: Loop) -> None:
    """Let staff in by the door, without a visit."""
    loop.give(StaffUnlocked(at(loop.now_ms), "delivery"))
    door(loop)
    loop.until(loop.now_ms + 1000)


def group_left_by_its_first(loop: Loop) -> None:
    """Let somebody bring others, and leave before them."""
    grant(loop, "ada", "v1")
    loop.give(GroupDeclared(at(loop.now_ms)))
    door(loop)
    loop.until(loop.now_ms + 31_000)
    walk_out(loop)
    settle(loop)


def walk_out(loop: Loop, *epcs: Epc, button: bool = True, reads: int = 8) -> list[Command]:
    """Walk through the door with these tags; the exit is not settled yet."""
    begun = len(loop.quiet.done)
    if button:
        loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.give(DoorOpened(at(loop.now_ms)))
    for _ in range(reads):
        loop.until(loop.now_ms + 150)
        loop.give(tags(loop.now_ms, *epcs))
    loop.give(DoorClosed(at(loop.now_ms)))
    return loop.quiet.done[begun:]


def settle(loop: Loop, payments: Sequence[Payment] = ()) -> list[Command]:
    """Let the window end, and answer the question about payments if there is one."""
    begun = len(loop.quiet.done)
    loop.until(loop.now_ms + 1600)
    state = loop.gate.leaving
    if isinstance(state, Settling):
        through = max((each.number for each in payments), default=0)
        loop.give(PaymentsSeen(at(loop.now_ms), tuple(payments), through, state.request_id))
    loop.until(loop.now_ms + 6000)
    return loop.quiet.done[begun:]


def next_exit(loop: Loop) -> str:
    """Let one more customer come in and walk out with something; return how it came out."""
    come_in(loop, "zoe", "v9")
    walk_out(loop, snack(9))
    settle(loop)
    return loop.disk.outcome("v9").type
