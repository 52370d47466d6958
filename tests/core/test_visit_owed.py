"""A ledger that cannot write stops only what needs it, and nothing that happened is lost."""

import pytest

from kiosk.core.commands import Record, Relock, Show
from kiosk.core.inputs import (
    Cause,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    PaymentsSeen,
    RecordFailed,
    StaffUnlocked,
    TimeUp,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import VisitId
from kiosk.core.visit import next_due_ms, step
from kiosk.core.visit_owed import MAX_OWED, one_record
from kiosk.core.visit_records import door_event
from kiosk.core.visit_state import RETRY_MS, Gate, Offered, Quiet, Reading, Settling
from tests.core.gate_cases import answered, at, items_paid, rules, shown, signed, snack
from tests.core.loop import Loop, locks
from tests.core.visits import ask, come_in, door, grant, inside, settle, walk_out


def test_p3_what_happened_while_the_disk_was_full_is_written_when_it_is_not() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    loop.disk.failures = 2
    door(loop)
    assert [visit.id for visit in loop.gate.inside] == ["v1"]
    assert "visit.entered" not in loop.disk.types()
    loop.until(loop.now_ms + RETRY_MS)
    late = [event for event in loop.disk.of("v1") if "happened_ms" in event.data]
    assert [event.type for event in late] == ["door.opened", "visit.entered", "lock.relocked"]
    assert loop.gate.owed == ()


def test_p3_what_is_owed_goes_before_the_next_record() -> None:
    loop = Loop(rules())
    loop.disk.failures = 1
    loop.give(DeviceLost(at(loop.now_ms), "lens", "camera", "unplugged"))
    loop.give(StaffUnlocked(at(loop.now_ms), "help"))
    assert loop.disk.types() == ["device.fault", "lock.commanded", "guests.counted"]


def test_what_is_owed_tells_when_it_happened_and_not_when_it_was_written() -> None:
    loop = Loop(rules())
    loop.disk.failures = 3
    happened = at(loop.now_ms)
    loop.give(DeviceLost(happened, "lens", "camera", "unplugged"))
    loop.until(loop.now_ms + 10_000)
    (event,) = loop.disk.events
    assert event.data["happened_ms"] == happened.wall_ms


def test_a_device_that_flaps_for_hours_leaves_room_for_the_visits() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    loop.disk.failures = 10_000
    door(loop)
    for number in range(3 * MAX_OWED):
        loop.give(DeviceLost(at(loop.now_ms), f"d{number}", "camera", "unplugged"))
    kept = [event.type for event in loop.gate.owed]
    assert kept.count("device.fault") == MAX_OWED
    assert "visit.entered" in kept


def test_time_does_not_spin_while_the_disk_is_full() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.disk.failures = 10_000
    begun = loop.disk.failures
    loop.until(loop.now_ms + 60_000)
    assert begun - loop.disk.failures <= 60_000 // RETRY_MS + 3
    loop.disk.failures = 0
    loop.until(loop.now_ms + 10_000)
    assert VisitId("v1") in loop.disk.ended


def test_a_long_stay_that_cannot_be_written_is_tried_again_later() -> None:
    loop = inside()
    loop.until(loop.gate.inside[0].until_ms - 1)
    loop.disk.failures = 5
    loop.until(loop.now_ms + 60_000)
    assert loop.disk.outcome("v1").data["cause"] == "stayed"


def test_p4_payments_that_came_with_a_failed_record_still_count() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.until(loop.now_ms + 2400)
    state = loop.gate.leaving
    assert isinstance(state, Settling)
    paid = items_paid(1, "v1", snack(1))
    loop.disk.failures = 1
    loop.give(PaymentsSeen(at(loop.now_ms), (paid,), 1, state.request_id))
    loop.until(loop.now_ms + 10_000)
    assert loop.disk.outcome("v1").type == "exit.paid"


def test_p4_an_unpaid_answer_is_not_forgotten_when_its_record_failed() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.until(loop.now_ms + 2400)
    loop.disk.failures = 1
    settle(loop)
    assert loop.disk.outcome("v1").type == "exit.unpaid"


def test_a_window_that_is_over_stays_over_though_its_outcome_waits() -> None:
    loop = inside()
    walk_out(loop)
    loop.disk.failures = 3
    loop.until(loop.now_ms + 1600)
    assert isinstance(loop.gate.leaving, Settling)
    loop.until(loop.now_ms + 20_000)
    assert loop.disk.outcome("v1").type == "exit.empty"


def test_an_abandoned_exit_that_cannot_be_written_is_abandoned_later() -> None:
    loop = inside()
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.disk.failures = 1
    loop.until(loop.now_ms + 60_000)
    assert loop.disk.types().count("visit.exit_abandoned") == 1


def test_a_failed_record_of_one_side_leaves_the_other_side_alone() -> None:
    loop = inside(max_inside=2)
    request = ask(loop, "ben", "v2")
    loop.give(DoorOpened(at(loop.now_ms)))
    reading = loop.gate.leaving
    assert isinstance(reading, Reading)
    loop.disk.failures = 1
    loop.give(answered(loop.now_ms, request, None))
    assert loop.gate.leaving == reading
    offered = Loop(rules(max_inside=2))
    come_in(offered, "ada", "v1")
    offered.give(shown(offered.now_ms, signed("ben", "n1"), "v2"))
    offered.until(offered.now_ms + 1500)
    assert isinstance(offered.gate.entry, Offered)
    walk_out(offered, snack(1))
    offered.disk.failures = 1
    settle(offered)
    assert isinstance(offered.gate.entry, Offered), "whoever is choosing goes on choosing"
    assert isinstance(offered.gate.leaving, Quiet)


def test_the_side_that_needs_no_record_moves_on_although_the_other_could_not() -> None:
    loop = inside(max_inside=2)
    loop.give(DoorOpened(at(loop.now_ms)))
    grant(loop, "ben", "v2")
    loop.give(DoorClosed(at(loop.now_ms)))
    loop.disk.failures = 1
    before = loop.gate
    loop.give(TimeUp(at(loop.now_ms + 20_000)))
    assert before != loop.gate


@pytest.mark.parametrize("cause", [DoorClosed(at(0)), TimeUp(at(0))])
def test_p1_a_failure_never_asks_for_another_record(cause: Cause) -> None:
    _, commands = step(rules(), Gate(), RecordFailed(at(0), cause))
    assert not [each for each in commands if isinstance(each, Record)]


def test_a_failure_that_owed_nothing_new_keeps_what_was_owed() -> None:
    event = door_event("held", None)
    gate, _ = step(rules(), Gate(owed=(event,)), RecordFailed(at(5), DoorClosed(at(5))))
    assert [each.type for each in gate.owed] == ["door.held"]
    assert next_due_ms(rules(), gate) == 5 + RETRY_MS


def test_p1_the_records_of_a_step_are_one_and_the_lock_is_safe_before_it() -> None:
    first, second = (Record((door_event(kind, None),)) for kind in ("held", "forced"))
    show, relock = Show("entry", Reason.IDLE), Relock("time")
    _, commands = one_record(Gate(), (first, show, relock, second), at(0), due=False)
    assert commands == (relock, Record((*first.events, *second.events)), show)


def test_p2_the_lock_is_relocked_when_the_door_closes_though_nothing_can_be_written() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    loop.disk.failures = 99
    assert "Relock door-closed" in locks(door(loop))
