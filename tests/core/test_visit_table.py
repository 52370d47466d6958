"""A row that says "nothing happens" is kept to its word, in every state of many days."""

from collections.abc import Iterator

import pytest

from kiosk.core.identity import TokenFault
from kiosk.core.inputs import (
    Cause,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    GroupDeclared,
    IdRejected,
    IdShown,
    InboxOverflowed,
    Input,
    PaymentsFailed,
    PaymentsSeen,
    ProviderAnswered,
    RecordFailed,
    RecordRefused,
    StaffLocked,
    StaffUnlocked,
    TagsRead,
    TimeUp,
    WayChosen,
)
from kiosk.core.values import RequestId, Verdict, VisitId, Way
from kiosk.core.visit import step
from kiosk.core.visit_sides import ENTRY, EXIT
from kiosk.core.visit_state import Gate, Reading, Unlocked
from tests.core.gate_cases import answered, at, rejected, rules, shown, signed, snack, tags
from tests.core.loop import Loop
from tests.core.visits import ask, grant, inside, walk_out

NOW_MS = 2_000_000


def gates() -> Iterator[Gate]:
    """Yield a gate in every state of both sides."""
    loop = Loop(rules())
    yield loop.gate
    request = ask(loop, "ada", "v1")
    yield loop.gate
    loop.give(answered(loop.now_ms, request, Verdict.NO))
    yield loop.gate
    loop.give(rejected(loop.now_ms, TokenFault.BAD_SIGNATURE, "v2"))
    yield loop.gate
    grant(loop, "ada", "v3")
    yield loop.gate
    leaving = inside()
    leaving.give(ExitRequested(at(leaving.now_ms), "button"))
    yield leaving.gate
    walk_out(leaving, snack(1), button=False)
    yield leaving.gate
    leaving.until(leaving.now_ms + 1600)
    yield leaving.gate


def inputs() -> Iterator[Input]:
    """Yield one input of every kind."""
    now = at(NOW_MS)
    entry: IdShown = shown(NOW_MS, signed("eve", "n9"), "v9")
    causes: tuple[Cause, ...] = (
        entry,
        IdShown(now, signed("eve", "n8"), VisitId("v8"), "exit"),
        IdRejected(now, TokenFault.EXPIRED, VisitId("v7")),
        ProviderAnswered(now, answered(NOW_MS, "late.0", Verdict.YES).answer),
        WayChosen(now, Way.VOUCHED),
        GroupDeclared(now),
        DoorOpened(now),
        DoorClosed(now),
        ExitRequested(now, "beam"),
        tags(NOW_MS, snack(5)),
        DeviceLost(now, "it", "exit-reader", "unplugged"),
        PaymentsSeen(now, (), 0),
        PaymentsFailed(now, RequestId("late")),
        StaffUnlocked(now, "help"),
        StaffLocked(now),
        InboxOverflowed(now, 1),
        TimeUp(now),
    )
    yield from causes
    yield RecordFailed(now, entry)
    yield RecordRefused(now, entry)


def test_every_state_and_every_input_is_here() -> None:
    states = {type(gate.entry) for gate in gates()} | {type(gate.leaving) for gate in gates()}
    assert states == {*ENTRY.states, *EXIT.states}
    assert {type(got) for got in inputs()} == {*ENTRY.inputs, *EXIT.inputs}
    assert TagsRead in EXIT.inputs


@pytest.mark.parametrize("got", list(inputs()), ids=lambda got: type(got).__name__)
def test_a_row_without_a_handler_changes_nothing_of_its_side(got: Input) -> None:
    for gate in gates():
        after, _ = step(rules(), gate, got)
        row = ENTRY.table.get((type(gate.entry), type(got)))
        if row is not None and row.handler is None and not isinstance(got, RecordFailed):
            assert after.entry == gate.entry
        row = EXIT.table.get((type(gate.leaving), type(got)))
        shared = isinstance(gate.leaving, Reading) and isinstance(after.entry, Unlocked)
        if row is not None and row.handler is None and not shared:
            assert after.leaving == gate.leaving


@pytest.mark.parametrize("got", list(inputs()), ids=lambda got: type(got).__name__)
def test_p2_every_input_is_taken_in_every_state(got: Input) -> None:
    for gate in gates():
        step(rules(), gate, got)
