"""A start takes every open visit to one safe state, whatever the last moment was (P3)."""

from dataclasses import replace

import pytest

from kiosk.core.commands import Record
from kiosk.core.events import EventRecord
from kiosk.core.inputs import DoorClosed, DoorOpened, ExitRequested, GroupDeclared
from kiosk.core.values import VisitId
from kiosk.core.visit_recovery import Unfinished, recover
from kiosk.core.visit_state import CROWD_MS, Gate
from tests.core.gate_cases import at, rules, snack
from tests.core.loop import Loop
from tests.core.play import mutants
from tests.core.visits import door, grant, inside, next_exit, settle, walk_out


@pytest.mark.parametrize("opened", [False, True])
def test_p4_whoever_the_door_was_unlocked_for_is_a_guest_and_burdens_nobody(
    *, opened: bool
) -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    if opened:
        loop.give(DoorOpened(at(loop.now_ms)))
    loop.restart()
    assert loop.disk.outcome("v1").type == "visit.not_entered"
    assert (loop.gate.inside, len(loop.gate.guests)) == ((), 1)
    assert next_exit(loop) == "exit.unresolved"


def test_the_harness_catches_a_start_that_trusts_a_door_that_nobody_watched() -> None:
    loop = Loop(rules(), recover_by=mutants.recover_only_who_was_seen)
    grant(loop, "ada", "v1")
    loop.restart()
    assert next_exit(loop) == "exit.unpaid", "the mutant accuses, so the test above can fail"


def test_shopping_goes_on_over_a_restart_and_is_charged_as_ever() -> None:
    loop = inside()
    loop.restart()
    assert [visit.claim.customer for visit in loop.gate.inside] == ["ada"]
    walk_out(loop, snack(1))
    settle(loop)
    assert loop.disk.outcome("v1").type == "exit.unpaid"


def test_an_abandoned_exit_is_shopping_again() -> None:
    loop = inside()
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.until(loop.now_ms + 30_000)
    loop.restart()
    assert [visit.id for visit in loop.gate.inside] == ["v1"]


@pytest.mark.parametrize("passed", [False, True])
def test_an_exit_that_nobody_saw_to_its_end_is_unresolved(*, passed: bool) -> None:
    loop = inside()
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    if passed:
        loop.give(DoorOpened(at(loop.now_ms)))
    loop.restart()
    assert loop.disk.outcome("v1").data["cause"] == "restart"
    assert bool(loop.gate.guests) is not passed, "who did not pass the door may still be inside"


@pytest.mark.parametrize("step", ["in the door", "leaving", "gone"])
def test_p4_a_start_minds_a_group_whose_visit_it_ends(step: str) -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    loop.give(GroupDeclared(at(loop.now_ms)), DoorOpened(at(loop.now_ms)))
    if step != "in the door":
        loop.give(DoorClosed(at(loop.now_ms + 1000)))
        loop.until(loop.now_ms + 30_000)
        loop.restart()
        assert loop.gate.inside[0].group
        loop.give(ExitRequested(at(loop.now_ms), "button"))
    if step == "gone":
        loop.give(DoorOpened(at(loop.now_ms)))
    loop.restart()
    assert VisitId("v1") in loop.disk.ended
    assert loop.gate.others(loop.now_ms)
    assert loop.gate.others(loop.now_ms + CROWD_MS) is (step != "gone")


def test_p3_a_second_start_finds_nothing_more_to_end() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.restart()
    events = len(loop.disk.events)
    loop.restart()
    assert loop.disk.types()[events:] == ["device.recovered", "guests.counted"]


def test_p7_a_visit_whose_customer_was_forgotten_still_ends_and_names_nobody() -> None:
    loop = inside()
    erased = tuple(replace(each, personal={}, customer=None) for each in loop.disk.of("v1"))
    found = [Unfinished(VisitId("v1"), erased)]
    gate, commands = recover(loop.rules, Gate(), found, at(loop.now_ms))
    (record,) = [each for each in commands if isinstance(each, Record)]
    ended: EventRecord = record.events[-2]
    assert (ended.type, ended.customer) == ("exit.unresolved", None)
    assert (gate.inside, len(gate.guests)) == ((), 1)


def test_p3_a_visit_that_was_cut_off_at_any_event_ends_exactly_once() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    door(loop)
    walk_out(loop, snack(1))
    told = loop.disk.of("v1")
    for upto in range(told.index(loop.disk.opened[VisitId("v1")]) + 1, len(told) + 1):
        found = [Unfinished(VisitId("v1"), told[:upto])]
        gate, commands = recover(loop.rules, Gate(), found, at(loop.now_ms))
        (record,) = [each for each in commands if isinstance(each, Record)]
        ends = [each for each in record.events if each.visit == "v1"]
        assert len(ends) + len(gate.inside) == 1
