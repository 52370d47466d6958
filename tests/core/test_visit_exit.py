"""The exit side: the door always opens, and an outcome is said only of what was seen."""

from dataclasses import replace

import pytest

from kiosk.core.inputs import (
    DeviceFound,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    IdShown,
    InboxOverflowed,
    Input,
    PaymentsFailed,
    PaymentsSeen,
    TimeUp,
)
from kiosk.core.values import VisitId
from kiosk.core.visit import step
from kiosk.core.visit_state import Exiting, Gate, Quiet, Reading, Rules, Settling
from kiosk.core.visit_table import Step
from tests.core.gate_cases import (
    at,
    items_paid,
    rules,
    signed,
    snack,
    tags,
    voucher,
)
from tests.core.loop import Loop, Stepper, locks, shows
from tests.core.play.mutants import trust_a_blind_exit
from tests.core.visits import (
    come_in,
    door,
    grant,
    inside,
    next_exit,
    settle,
    staff_comes_in,
    walk_out,
)


def leaving_of(loop: Loop) -> type:
    return type(loop.gate.leaving)


def exit_code(loop: Loop, name: str, nonce: str) -> IdShown:
    return IdShown(at(loop.now_ms), signed(name, nonce), VisitId("x"), "exit")


def test_p2_the_exit_waits_for_nothing_and_leaves_the_lock_alone() -> None:
    loop = inside()
    loop.disk.failures = 99
    done = walk_out(loop, snack(1))
    assert shows(done)[0] == "exit-free"
    assert locks(done) == []
    assert leaving_of(loop) is Reading


def test_an_exit_by_an_open_door_counts_from_its_trigger() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    loop.give(DoorOpened(at(loop.now_ms)))
    loop.until(loop.now_ms + 31_000)
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    assert leaving_of(loop) is Reading
    assert "door.opened" in [event.type for event in loop.disk.of("v1")]


def test_a_bounce_of_the_closing_door_is_no_exit() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    door(loop)
    loop.give(DoorOpened(at(loop.now_ms + 60)), DoorClosed(at(loop.now_ms + 80)))
    assert leaving_of(loop) is Quiet
    loop.give(DoorOpened(at(loop.now_ms + 100)))
    assert leaving_of(loop) is Reading


def test_a_bounce_of_the_opening_door_does_not_end_the_reading() -> None:
    loop = inside()
    loop.give(DoorOpened(at(loop.now_ms)), DoorClosed(at(loop.now_ms + 20)))
    loop.give(DoorOpened(at(loop.now_ms + 30)))
    loop.until(loop.now_ms + 2000)
    assert leaving_of(loop) is Reading


def test_a_push_while_somebody_is_let_in_is_theirs() -> None:
    loop = inside(max_inside=2)
    grant(loop, "ben", "v2")
    loop.give(DoorOpened(at(loop.now_ms)))
    assert leaving_of(loop) is Quiet


def test_a_door_that_opens_for_nobody_is_forced_but_not_for_a_guest() -> None:
    loop = Loop(rules())
    door(loop)
    assert "door.forced" in loop.disk.types()
    settle(loop)
    other = Loop(rules())
    staff_comes_in(other)
    door(other)
    settle(other)
    assert "door.forced" not in other.disk.types()
    assert other.gate.guests == ()


def test_p4_reads_before_the_door_opened_charge_nothing_that_was_put_back() -> None:
    def count_all(the_rules: Rules, gate: Gate, got: Input) -> Step:
        after, commands = step(the_rules, gate, got)
        if isinstance(gate.leaving, Exiting) and isinstance(after.leaving, Reading):
            window = replace(after.leaving.window, sights=gate.leaving.window.sights)
            after = replace(after, leaving=replace(after.leaving, window=window))
        return after, commands

    for machine, outcome in ((step, "exit.empty"), (count_all, "exit.unpaid")):
        loop = inside(by=machine)
        loop.give(ExitRequested(at(loop.now_ms), "button"))
        for _ in range(8):
            loop.until(loop.now_ms + 150)
            loop.give(tags(loop.now_ms, snack(1)))
        loop.until(loop.now_ms + 3000)
        walk_out(loop, button=False, reads=0)
        settle(loop)
        assert loop.disk.outcome("v1").type == outcome


def test_p4_shelf_tags_that_fall_silent_are_charged_to_nobody() -> None:
    def forget_background(the_rules: Rules, gate: Gate, got: Input) -> Step:
        after, commands = step(the_rules, gate, got)
        if not isinstance(after.leaving, Quiet):
            window = replace(after.leaving.window, background=frozenset())
            after = replace(after, leaving=replace(after.leaving, window=window))
        return after, commands

    for machine, outcome in ((step, "exit.empty"), (forget_background, "exit.unpaid")):
        loop = inside(by=machine)
        for _ in range(20):
            loop.until(loop.now_ms + 500)
            loop.give(tags(loop.now_ms, snack(9)))
        walk_out(loop, snack(9))
        settle(loop)
        assert loop.disk.outcome("v1").type == outcome


def test_p4_what_stays_in_the_field_did_not_leave() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    for _ in range(80):
        loop.until(loop.now_ms + 100)
        loop.give(tags(loop.now_ms, snack(1)))
        state = loop.gate.leaving
        if isinstance(state, Settling) and state.through < 0:
            loop.give(PaymentsSeen(at(loop.now_ms), (), 0, state.request_id))
    assert loop.disk.outcome("v1").type == "exit.empty"


@pytest.mark.parametrize("role", ["exit-reader", "door"])
@pytest.mark.parametrize("when", ["before", "waiting", "reading", "settling"])
def test_p4_sensors_that_go_away_at_any_time_accuse_nobody(role: str, when: str) -> None:
    loop = inside()

    def lose(now: str) -> None:
        if now == when:
            loop.give(DeviceLost(at(loop.now_ms), "it", role, "unplugged"))
            loop.give(DeviceLost(at(loop.now_ms), "lens", "camera", "unplugged"))
            if now != "before":
                loop.give(DeviceFound(at(loop.now_ms), "it", role))

    lose("before")
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    lose("waiting")
    walk_out(loop, snack(1), button=False)
    lose("reading")
    loop.until(loop.now_ms + 1600)
    lose("settling")
    settle(loop)
    ended = loop.disk.outcome("v1")
    assert (ended.type, ended.data["cause"]) == ("exit.unresolved", f"{role}-lost")


def test_p4_reads_that_were_dropped_while_settling_accuse_nobody() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.until(loop.now_ms + 1600)
    loop.give(InboxOverflowed(at(loop.now_ms), 4))
    settle(loop)
    assert loop.disk.outcome("v1").data["cause"] == "reads-dropped"


def test_an_exit_that_no_door_shows_is_settled_as_unresolved() -> None:
    loop = inside()
    loop.give(DeviceLost(at(loop.now_ms), "contact", "door", "unplugged"))
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.until(loop.now_ms + 30_000)
    assert loop.disk.outcome("v1").data["cause"] == "door-lost"


def exit_after_a_blind_one(by: Stepper) -> str:
    """Return how the next exit comes out after one that no door showed."""
    loop = inside(by=by)
    loop.give(DeviceLost(at(loop.now_ms), "contact", "door", "unplugged"))
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.until(loop.now_ms + 30_000)
    loop.give(DeviceFound(at(loop.now_ms), "contact", "door"))
    return next_exit(loop)


def test_p4_whom_no_door_showed_leaving_may_be_inside_when_the_next_one_leaves() -> None:
    assert exit_after_a_blind_one(step) == "exit.unresolved"


def test_p4_a_machine_that_takes_a_blind_exit_for_a_leaving_is_caught() -> None:
    assert exit_after_a_blind_one(trust_a_blind_exit) == "exit.unpaid"


def test_time_that_is_not_up_ends_neither_the_waiting_nor_the_window() -> None:
    loop = inside()
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    early = TimeUp(at(loop.now_ms))
    assert step(loop.rules, loop.gate, early) == (loop.gate, ())
    loop.give(DoorOpened(at(loop.now_ms)))
    assert step(loop.rules, loop.gate, early) == (loop.gate, ())


def test_an_exit_without_a_name_that_nobody_took_leaves_nothing() -> None:
    loop = Loop(rules())
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.until(loop.now_ms + 30_000)
    assert leaving_of(loop) is Quiet
    assert loop.disk.types() == []


def test_p4_a_guest_inside_makes_every_unpaid_exit_unsure() -> None:
    loop = inside()
    staff_comes_in(loop)
    walk_out(loop, snack(1))
    settle(loop)
    ended = loop.disk.outcome("v1")
    assert (ended.type, ended.data["cause"]) == ("exit.unresolved", "somebody-else-inside")


def test_what_the_customer_named_and_paid_is_theirs_whoever_else_is_inside() -> None:
    loop = inside()
    staff_comes_in(loop)
    walk_out(loop, snack(1))
    settle(loop, [items_paid(1, "v1", snack(1))])
    assert loop.disk.outcome("v1").type == "exit.paid"


def test_p4_a_door_by_which_somebody_may_come_in_accuses_nobody_who_leaves() -> None:
    loop = inside(max_inside=2)
    loop.give(exit_code(loop, "ada", "e1"))
    grant(loop, "ben", "v2")
    walk_out(loop, snack(1), button=False)
    settle(loop)
    assert loop.disk.outcome("v1").data["cause"] == "somebody-else-inside"
    assert len(loop.gate.guests) == 1


def test_p4_two_codes_in_one_exit_accuse_neither() -> None:
    loop = inside(max_inside=2)
    come_in(loop, "ben", "v2")
    loop.give(exit_code(loop, "ada", "e1"), exit_code(loop, "ben", "e2"))
    walk_out(loop, snack(1), button=False)
    settle(loop)
    assert loop.disk.outcome("v1").data["cause"] == "somebody-else-inside"


def test_p4_a_second_opening_with_others_inside_accuses_nobody() -> None:
    loop = inside(max_inside=2)
    come_in(loop, "ben", "v2")
    loop.give(exit_code(loop, "ada", "e1"))
    walk_out(loop, snack(1), button=False, reads=5)
    loop.until(loop.now_ms + 150)
    loop.give(DoorOpened(at(loop.now_ms)), DoorClosed(at(loop.now_ms + 200)))
    settle(loop)
    assert loop.disk.outcome("v1").data["cause"] == "somebody-else-inside"


def test_a_bounce_of_the_closing_door_is_no_second_customer() -> None:
    loop = inside(max_inside=2)
    come_in(loop, "ben", "v2")
    loop.give(exit_code(loop, "ada", "e1"))
    walk_out(loop, snack(1), button=False)
    loop.give(DoorOpened(at(loop.now_ms + 40)), DoorClosed(at(loop.now_ms + 60)))
    loop.until(loop.now_ms + 1600)
    settle(loop)
    assert loop.disk.outcome("v1").type == "exit.unpaid"


def test_a_code_names_an_exit_that_began_without_one_and_only_once() -> None:
    loop = inside(max_inside=2)
    come_in(loop, "ben", "v2")
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    assert loop.give(exit_code(loop, "eve", "e0")) == []
    loop.give(exit_code(loop, "ben", "e1"))
    assert loop.give(exit_code(loop, "ben", "e2")) == []
    walk_out(loop, snack(1), button=False)
    settle(loop)
    assert loop.disk.outcome("v2").type == "exit.unpaid"


def test_a_code_of_nobody_inside_opens_as_freely() -> None:
    loop = inside()
    assert shows(loop.give(exit_code(loop, "eve", "e1"))) == ["exit-free"]
    assert leaving_of(loop) is Quiet


def test_a_used_code_leaves_the_exit_unnamed_and_the_door_free() -> None:
    loop = inside(max_inside=2)
    loop.disk.spent["aa" * 8, "e1"] = ()
    assert shows(loop.give(exit_code(loop, "ada", "e1"))) == ["exit-free"]
    assert leaving_of(loop) is Quiet


@pytest.mark.parametrize("phase", ["waiting", "reading"])
def test_a_name_that_cannot_be_written_is_not_given(phase: str) -> None:
    loop = inside(max_inside=2)
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    if phase == "reading":
        loop.give(DoorOpened(at(loop.now_ms)))
    loop.disk.failures = 1
    loop.give(exit_code(loop, "ada", "e1"))
    state = loop.gate.leaving
    assert isinstance(state, Exiting | Reading)
    assert state.visit is None


def test_a_voucher_names_its_exit_without_being_refused_as_used() -> None:
    loop = Loop(rules(max_inside=2))
    loop.give(IdShown(at(loop.now_ms), voucher(1), VisitId("v1")))
    door(loop)
    loop.give(IdShown(at(loop.now_ms), voucher(1), VisitId("x"), "exit"))
    assert leaving_of(loop) is Exiting


def test_a_guest_who_walks_out_is_one_no_more() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    walk_out(loop)
    settle(loop)
    assert loop.gate.guests == ()


def test_p4_a_guest_stays_one_when_staff_opened_the_door_they_asked_for() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    staff_comes_in(loop)
    settle(loop)
    assert len(loop.gate.guests) == 2


def test_p4_a_guest_stays_one_when_nobody_could_see_the_door_they_asked_for() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    loop.give(DeviceLost(at(loop.now_ms), "contact", "door", "unplugged"))
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.until(loop.now_ms + 30_000)
    assert len(loop.gate.guests) == 1


def test_p4_a_guest_stays_one_when_the_next_customer_opened_the_door_they_asked_for() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    grant(loop, "ada", "v1")
    door(loop)
    settle(loop)
    assert len(loop.gate.guests) == 1


def test_the_question_about_payments_that_failed_or_is_anothers_settles_nothing_falsely() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.until(loop.now_ms + 1600)
    state = loop.gate.leaving
    assert isinstance(state, Settling)
    loop.give(PaymentsSeen(at(loop.now_ms), (), 3))
    assert leaving_of(loop) is Settling
    loop.give(PaymentsFailed(at(loop.now_ms), state.request_id))
    loop.until(loop.now_ms + 6000)
    assert loop.disk.outcome("v1").data["cause"] == "payments-unknown"
