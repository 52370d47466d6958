"""A start minds whom the gate minded before it: nothing they carry is pinned on the next (P4)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.inputs import (
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    StaffUnlocked,
)
from kiosk.core.values import ClockSync, Json, Moment
from kiosk.core.visit_others import GUESTS_COUNTED, MAX_TOLD, Count, age_ms, recall
from kiosk.core.visit_owed import MAX_OWED
from kiosk.core.visit_state import CROWD_MS, RETRY_MS, Gate
from tests.core.gate_cases import WALL_MS, at, rules, snack
from tests.core.loop import Loop
from tests.core.play import mutants
from tests.core.visits import (
    come_in,
    grant,
    group_left_by_its_first,
    inside,
    next_exit,
    settle,
    staff_comes_in,
    walk_out,
)

STAY_MS = rules().policy.timing.stay_s * 1000


def counts(loop: Loop) -> list[EventRecord]:
    return [event for event in loop.disk.events if event.type == GUESTS_COUNTED]


def unlocked_by_staff(loop: Loop) -> None:
    loop.give(StaffUnlocked(at(loop.now_ms), "delivery"))


def staff_in_the_door(loop: Loop) -> None:
    unlocked_by_staff(loop)
    loop.give(DoorOpened(at(loop.now_ms)))


def customer_and_staff_in_the_door(loop: Loop) -> None:
    grant(loop, "ada", "v1")
    staff_in_the_door(loop)


def overstayed(loop: Loop) -> None:
    come_in(loop, "ada", "v1")
    loop.until(loop.now_ms + STAY_MS + 1000)


def unseen_door(loop: Loop) -> None:
    grant(loop, "ada", "v1")
    loop.give(DeviceLost(at(loop.now_ms), "contact", "door", "unplugged"))
    loop.until(loop.now_ms + 11_000)


def shared_exit(loop: Loop) -> None:
    """Two pass, and nobody knows which of them went out."""
    come_in(loop, "ada", "v1")
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    unlocked_by_staff(loop)
    loop.give(DoorOpened(at(loop.now_ms)))


OTHERS: list[Callable[[Loop], None]] = [
    staff_comes_in,
    unlocked_by_staff,
    staff_in_the_door,
    customer_and_staff_in_the_door,
    overstayed,
    group_left_by_its_first,
    unseen_door,
    shared_exit,
]


@pytest.mark.parametrize("begin", OTHERS, ids=lambda begin: begin.__name__)
def test_p4_after_a_restart_an_exit_is_pinned_on_nobody_while_others_may_be_inside(
    begin: Callable[[Loop], None],
) -> None:
    loop = Loop(rules())
    begin(loop)
    loop.restart()
    loop.restart()
    assert loop.gate.others(loop.now_ms)
    assert next_exit(loop) == "exit.unresolved"


@pytest.mark.parametrize("begin", [staff_comes_in, overstayed, group_left_by_its_first])
def test_the_harness_catches_a_start_that_forgets_them(begin: Callable[[Loop], None]) -> None:
    loop = Loop(rules(), recover_by=mutants.recover_no_guests)
    begin(loop)
    loop.restart()
    assert next_exit(loop) == "exit.unpaid", "the mutant accuses, so the test above can fail"


def test_p4_two_who_may_be_passing_are_two() -> None:
    loop = Loop(rules())
    customer_and_staff_in_the_door(loop)
    loop.restart()
    assert len(loop.gate.guests) == 2


def test_a_guest_who_was_seen_to_leave_is_not_minded_after_a_restart() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    walk_out(loop)
    settle(loop)
    loop.restart()
    assert next_exit(loop) == "exit.unpaid"


def test_an_unlock_by_which_nobody_came_in_is_nobody_after_a_restart() -> None:
    loop = Loop(rules())
    unlocked_by_staff(loop)
    loop.until(loop.now_ms + 11_000)
    loop.restart()
    assert next_exit(loop) == "exit.unpaid"


def test_guests_and_crowd_are_minded_as_long_as_without_a_restart_and_no_longer() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    group_left_by_its_first(loop)
    before = loop.gate
    for _ in range(3):
        loop.until(loop.now_ms + 60_000)
        loop.restart()
    (guest,) = loop.gate.guests
    assert before.guests[0] <= guest <= before.guests[0] + 60_000
    assert loop.gate.crowd_ms == before.crowd_ms
    loop.until(loop.now_ms + STAY_MS)
    loop.restart()
    assert not loop.gate.others(loop.now_ms)
    assert next_exit(loop) == "exit.unpaid"


def test_staff_who_come_in_are_counted_once_and_once_more_when_they_left() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    assert [len(lefts(event)) for event in counts(loop)] == [1]
    walk_out(loop)
    settle(loop)
    assert [len(lefts(event)) for event in counts(loop)] == [1, 0]


def lefts(event: EventRecord) -> list[Json]:
    told = event.data["guests_ms"]
    assert isinstance(told, list)
    return told


def test_a_visit_with_nobody_else_about_counts_nobody() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    settle(loop)
    assert counts(loop) == []


def test_a_count_that_the_disk_refused_is_written_when_it_can_be() -> None:
    loop = Loop(rules())
    loop.disk.failures = 3
    staff_comes_in(loop)
    assert counts(loop) == []
    loop.until(loop.now_ms + RETRY_MS)
    assert loop.gate.owed == ()
    loop.restart()
    assert len(loop.gate.guests) == 1


def test_a_guest_who_left_while_the_disk_was_full_is_told_with_the_next_record() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    walk_out(loop)
    loop.disk.failures = 1
    loop.until(loop.now_ms + 10_000)
    loop.give(DoorOpened(at(loop.now_ms)), DoorClosed(at(loop.now_ms + 1000)))
    loop.until(loop.now_ms + 10_000)
    loop.restart()
    assert loop.gate.guests == ()


def test_of_owed_counts_the_newest_is_kept_however_much_else_is_owed() -> None:
    loop = Loop(rules())
    loop.disk.failures = 10_000
    for _ in range(3):
        staff_comes_in(loop)
    for number in range(2 * MAX_OWED):
        loop.give(DeviceLost(at(loop.now_ms), f"d{number}", "camera", "unplugged"))
    loop.disk.failures = 0
    loop.until(loop.now_ms + RETRY_MS)
    assert [len(lefts(event)) for event in counts(loop)] == [3]


def test_a_count_does_not_grow_without_end() -> None:
    loop = Loop(rules())
    for _ in range(MAX_TOLD + 2):
        staff_comes_in(loop)
    assert len(loop.gate.guests) > MAX_TOLD
    loop.restart()
    assert len(loop.gate.guests) == MAX_TOLD


NTP, RTC, NONE, TRUSTED = (
    *(ClockSync.NTP, ClockSync.RTC, ClockSync.NONE),
    ClockSync.TRUSTED,
)


@pytest.mark.parametrize(
    ("then", "now", "same_boot", "age"),
    [
        (Moment(5000, WALL_MS), Moment(65_000, 0), True, 60_000),
        (Moment(5000, WALL_MS), Moment(4000, WALL_MS), True, 0),
        (Moment(9000, WALL_MS, NTP, 50), Moment(10, WALL_MS + 60_000, NTP, 100), False, 59_850),
        (Moment(9000, WALL_MS, TRUSTED), Moment(10, WALL_MS + 60_000, NTP, 100), False, 59_900),
        (Moment(9000, WALL_MS), Moment(99_000, WALL_MS - 60_000), False, 0),
        (Moment(9000, WALL_MS, RTC), Moment(99_000, WALL_MS + 60_000), False, 0),
        (Moment(9000, WALL_MS), Moment(99_000, WALL_MS + 60_000, NONE), False, 0),
    ],
    ids=["same boot", "monotonic back", "ntp", "trusted", "set back", "was no ntp", "is no ntp"],
)
def test_p4_only_time_that_surely_passed_counts_against_a_guest(
    then: Moment, now: Moment, *, same_boot: bool, age: int
) -> None:
    assert age_ms(then, now, same_boot=same_boot) == age


def test_a_start_whose_ledger_counts_nobody_minds_nobody() -> None:
    assert recall(Gate(), None, at(9000)) == Gate()
    bare = Count(EventRecord(GUESTS_COUNTED), 0)
    assert recall(Gate(), bare, at(9000)) == Gate()


def test_a_start_minds_whose_time_is_not_over() -> None:
    event = EventRecord(GUESTS_COUNTED, {"guests_ms": [1000, 5000], "crowd_ms": CROWD_MS})
    gate = recall(Gate(), Count(event, 2000), at(100_000))
    assert (gate.guests, gate.crowd_ms) == ((103_000,), 98_000 + CROWD_MS)
    later = recall(Gate(), replace(Count(event, 2 * CROWD_MS)), at(100_000))
    assert not later.others(100_000)
