"""The open lock: who passes the door counts as inside, and the lock is locked again in time."""

import pytest

from kiosk.core.commands import Record, Show, Unlock
from kiosk.core.identity import is_customer_ref
from kiosk.core.inputs import (
    DeviceFound,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    GroupDeclared,
    PaymentsSeen,
    StaffLocked,
    StaffUnlocked,
)
from kiosk.core.visit import step
from kiosk.core.visit_passing import GROUP_S
from kiosk.core.visit_records import STAFF
from kiosk.core.visit_state import CROWD_MS, Exiting, Gate, Idle, Reading, Unlocked
from tests.core.gate_cases import at, items_paid, rules, shown, signed, snack, tea
from tests.core.loop import Loop, lines_of, locks, shows
from tests.core.visits import come_in, door, grant, settle, staff_comes_in, walk_out


def loop_of(max_inside: int = 1) -> Loop:
    return Loop(rules(max_inside=max_inside))


def test_the_customer_at_the_open_door_is_not_told_to_wait_for_themselves() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    assert loop.give(shown(loop.now_ms, signed("ada", "n2"), "v2")) == []


def test_the_lock_is_locked_when_the_door_closes_and_the_screen_welcomes() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    done = door(loop)
    assert locks(done) == ["Relock door-closed"]
    assert shows(done) == ["idle"]
    assert loop.disk.types()[-2:] == ["visit.entered", "lock.relocked"]


def test_a_granted_customer_may_come_in_by_a_door_that_stands_open() -> None:
    loop = loop_of()
    loop.give(DoorOpened(at(loop.now_ms)))
    loop.until(loop.now_ms + 30_000)
    grant(loop, "ada", "v1")
    loop.give(DoorClosed(at(loop.now_ms + 1000)))
    assert [visit.id for visit in loop.gate.inside] == ["v1"]


def test_an_opening_that_is_told_twice_is_written_once() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(DoorOpened(at(loop.now_ms)), DoorOpened(at(loop.now_ms + 500)))
    assert loop.disk.types().count("door.opened") == 1
    assert isinstance(loop.gate.entry, Unlocked)


def test_the_deadline_of_one_unlock_never_relocks_the_next() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.until(loop.now_ms + 5000)
    door(loop, open_ms=500)
    loop.gate = Gate()  # ada is settled; the shop is free again
    loop.until(loop.now_ms + 1000)
    begun = len(loop.quiet.done)
    grant(loop, "ben", "v2")
    loop.until(loop.now_ms + 9000)
    assert not [each for each in locks(loop.quiet.done[begun:]) if each.startswith("Relock")]
    loop.until(loop.now_ms + 1000)
    assert locks(loop.quiet.done[begun:])[-1] == "Relock time"


def test_staff_keep_the_longer_of_two_deadlines_and_the_visit_that_was_let_in() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.until(loop.now_ms + 6000)
    done = loop.give(StaffUnlocked(at(loop.now_ms), "help"))
    assert locks(done) == ["Unlock staff"]
    assert isinstance(loop.gate.entry, Unlocked)
    assert loop.gate.entry.visit is not None
    assert loop.gate.entry.due_ms == loop.now_ms + 10_000
    assert locks(loop.give(StaffLocked(at(loop.now_ms)))) == ["Relock staff"]


def test_p7_why_staff_opened_is_sealed_and_under_no_customer_s_name() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(StaffUnlocked(at(loop.now_ms), "ada forgot her bag"))
    loop.give(StaffUnlocked(at(loop.now_ms), ""))
    told, silent = [each for each in loop.disk.events if each.data.get("cause") == "staff"]
    assert (told.customer, told.personal) == (STAFF, {"reason": "ada forgot her bag"})
    assert "ada" not in repr(told.data)
    assert (silent.customer, silent.personal) == (None, {})
    assert not is_customer_ref(STAFF)


def test_who_may_have_come_in_unseen_is_a_guest() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(DeviceLost(at(loop.now_ms), "contact", "door", "unplugged"))
    loop.give(DeviceFound(at(loop.now_ms), "contact", "door"))
    loop.until(loop.now_ms + 10_000)
    assert loop.disk.outcome("v1").type == "visit.not_entered"
    assert len(loop.gate.guests) == 1
    other = loop_of()
    grant(other, "ada", "v1")
    other.give(DeviceLost(at(other.now_ms), "lens", "camera", "unplugged"))
    other.until(other.now_ms + 10_000)
    assert other.gate.guests == ()


def test_staff_who_come_in_are_a_guest_until_a_stay_is_over() -> None:
    loop = loop_of()
    staff_comes_in(loop)
    assert len(loop.gate.guests) == 1
    assert isinstance(loop.gate.entry, Idle)
    loop.until(loop.now_ms + loop.rules.policy.timing.stay_s * 1000)
    come_in(loop, "ada", "v1")
    loop.until(loop.now_ms + loop.rules.policy.timing.stay_s * 1000)
    assert len(loop.gate.guests) == 1, "ada, who never showed an exit"


def test_a_payment_for_a_customer_at_the_door_is_kept() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    paid = items_paid(1, "v1", snack(1))
    loop.give(PaymentsSeen(at(loop.now_ms), (paid, paid), 1))
    loop.give(PaymentsSeen(at(loop.now_ms), (paid,), 1))
    door(loop)
    assert loop.gate.inside[0].payments == (paid,)


def test_a_second_code_that_cannot_be_written_leaves_the_door_to_the_first() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    state = loop.gate.entry
    loop.disk.failures = 1
    assert loop.give(shown(loop.now_ms, signed("ben", "n1"), "v2")) == []
    assert loop.gate.entry == state


def test_p2_the_lock_is_locked_in_time_although_the_disk_is_full() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.disk.failures = 2
    done = loop.until(loop.now_ms + 30_000)
    assert locks(done) == ["Relock time"] * 3
    assert loop.disk.outcome("v1").type == "visit.not_entered"


def test_p4_what_staff_carry_out_is_not_charged_to_the_customer_they_came_in_before() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(StaffUnlocked(at(loop.now_ms), "delivery"))
    door(loop)
    walk_out(loop, snack(1))
    settle(loop)
    assert loop.disk.outcome("v1").data["cause"] == "somebody-else-inside"


def test_p4_a_door_that_was_unseen_while_it_was_unlocked_may_have_let_in_another() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(DeviceLost(at(loop.now_ms), "contact", "door", "unplugged"))
    loop.give(DeviceFound(at(loop.now_ms + 500), "contact", "door"))
    door(loop)
    assert [visit.id for visit in loop.gate.inside] == ["v1"]
    assert loop.gate.others(loop.now_ms)


# --- a group on one visit --------------------------------------------------------------------


def group_comes_in(*, others: int = 1) -> Loop:
    """Return a shop that "ada" came into with others, on visit "v1"."""
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(GroupDeclared(at(loop.now_ms)))
    for _ in range(1 + others):
        door(loop)
        loop.until(loop.now_ms + 1000)
    loop.until(loop.now_ms + GROUP_S * 1000)
    return loop


def test_p1_a_group_is_written_before_the_door_stays_open_for_it() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    _, commands = step(loop.rules, loop.gate, GroupDeclared(at(loop.now_ms)))
    assert [type(each) for each in commands] == [Record, Unlock, Show]
    loop.disk.failures = 1
    assert locks(loop.give(GroupDeclared(at(loop.now_ms)))) == []
    assert locks(door(loop)) == ["Relock door-closed"]


def test_a_group_passes_by_several_openings_on_one_visit_and_then_the_door_is_locked() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    assert shows(loop.give(GroupDeclared(at(loop.now_ms)))) == ["group"]
    begun = loop.now_ms
    assert locks(door(loop)) == []
    loop.until(loop.now_ms + 3000)
    assert locks(door(loop)) == []
    done = loop.until(begun + GROUP_S * 1000)
    assert (locks(done), shows(done)) == (["Relock time"], ["idle"])
    assert [visit.id for visit in loop.gate.inside] == ["v1"]
    assert not loop.gate.others(loop.now_ms)
    (entered,) = [event for event in loop.disk.events if event.type == "visit.entered"]
    assert entered.data == {"group": True}


def test_a_group_whose_last_one_holds_the_door_is_told_so() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(GroupDeclared(at(loop.now_ms)))
    door(loop)
    loop.give(DoorOpened(at(loop.now_ms)))
    assert "door-held" in shows(loop.until(loop.now_ms + 30_000))
    assert not loop.gate.others(loop.now_ms)


def test_a_group_is_said_once_and_only_by_whoever_was_let_in() -> None:
    loop = loop_of()
    loop.give(StaffUnlocked(at(loop.now_ms), "delivery"))
    assert loop.give(GroupDeclared(at(loop.now_ms))) == []
    loop = loop_of()
    assert loop.give(GroupDeclared(at(loop.now_ms))) == []
    grant(loop, "ada", "v1")
    loop.give(GroupDeclared(at(loop.now_ms)))
    assert loop.give(GroupDeclared(at(loop.now_ms + 5000))) == []


def test_a_group_that_never_came_leaves_nobody_behind() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(GroupDeclared(at(loop.now_ms)))
    assert "not-entered" in shows(loop.until(loop.now_ms + GROUP_S * 1000))
    assert not loop.gate.others(loop.now_ms)


def test_p4_staff_who_open_to_a_group_may_be_a_guest() -> None:
    loop = loop_of()
    grant(loop, "ada", "v1")
    loop.give(GroupDeclared(at(loop.now_ms)))
    door(loop)
    loop.give(StaffUnlocked(at(loop.now_ms), "help"))
    assert locks(door(loop)) == ["Relock door-closed"]
    assert loop.gate.others(loop.now_ms)


def test_what_a_group_carries_out_one_by_one_is_on_its_visit() -> None:
    loop = group_comes_in()
    walk_out(loop, snack(1))
    loop.until(loop.now_ms + 500)
    walk_out(loop, tea(1), button=False)
    loop.until(loop.now_ms + 1600)
    settle(loop)
    ended = loop.disk.outcome("v1")
    assert ended.type == "exit.unpaid"
    assert [line["epc"] for line in lines_of(ended)] == [snack(1), tea(1)]


def test_a_group_that_stays_in_the_door_does_not_keep_the_window_open_for_good() -> None:
    loop = group_comes_in()
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    begun = loop.now_ms
    while isinstance(loop.gate.leaving, Exiting | Reading):
        door(loop, open_ms=300)
    assert loop.now_ms - begun < 30_000


@pytest.mark.parametrize("minutes", [0, 14, 16])
def test_p4_who_stayed_behind_a_group_is_nobodys_burden_for_a_quarter_of_an_hour(
    minutes: int,
) -> None:
    loop = group_comes_in()
    walk_out(loop)
    settle(loop)
    loop.until(loop.now_ms + minutes * 60_000)
    come_in(loop, "ben", "v2")
    walk_out(loop, snack(1))
    settle(loop)
    expected = "exit.unpaid" if minutes > 15 else "exit.unresolved"
    assert loop.disk.outcome("v2").type == expected


def test_p4_an_exit_of_one_does_not_clear_a_group() -> None:
    loop = group_comes_in(others=2)
    for _ in range(2):
        walk_out(loop)
        settle(loop)
    assert loop.gate.others(loop.now_ms)


def test_p4_a_group_that_stayed_or_may_have_met_somebody_in_the_door_is_minded_as_long() -> None:
    stayed = group_comes_in()
    stayed.until(stayed.now_ms + stayed.rules.policy.timing.stay_s * 1000)
    assert stayed.disk.outcome("v1").data["cause"] == "stayed"
    shared = group_comes_in()
    shared.give(ExitRequested(at(shared.now_ms), "button"))
    staff_comes_in(shared)
    settle(shared)
    for loop in (stayed, shared):
        assert loop.gate.others(loop.now_ms + CROWD_MS + 1000)
