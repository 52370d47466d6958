"""At the exit: what left, whose it is, and what nobody is accused of."""

import pytest

from kiosk.core.commands import AskPayments, Record, Unlock
from kiosk.core.events import CLOSING, EventRecord
from kiosk.core.inputs import (
    Cause,
    DeviceFound,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    InboxOverflowed,
    RecordFailed,
    StaffUnlocked,
    TimeUp,
)
from kiosk.core.values import Verdict, VisitId
from kiosk.core.visit import step
from kiosk.core.visit_recovery import Unfinished, recover
from kiosk.core.visit_state import Gate, Quiet, Settling
from tests.core import gate_cases as cases
from tests.core.gate_cases import at
from tests.core.story import Story, of


def test_a_visit_without_items_is_empty_and_with_paid_items_paid() -> None:
    story = Story()
    story.come_in()
    story.leave()
    assert story.outcome().type == "exit.empty"
    visit = story.come_in("ben")
    story.leave(cases.snack(1), payments=[cases.items_paid(1, visit, cases.snack(1))])
    assert story.outcome().type == "exit.paid"
    assert story.gate.inside == ()


def test_two_equal_items_are_two_and_an_amount_covers_whole_lines() -> None:
    story = Story()
    visit = story.come_in()
    story.leave(cases.snack(1), cases.snack(2), payments=[cases.amount_paid(1, visit, 600)])
    out = story.outcome()
    assert out.type == "exit.unpaid"
    assert out.data["unpaid_minor"] == cases.SNACK_MINOR
    assert out.data["credit_minor"] == 1


def test_a_sold_tag_is_never_charged_again() -> None:
    story = Story()
    visit = story.come_in()
    story.leave(cases.snack(1), payments=[cases.items_paid(1, visit, cases.snack(1))])
    story.come_in()
    story.leave(cases.snack(1))
    assert story.outcome().type == "exit.empty"


def test_p4_payments_that_cannot_be_known_accuse_nobody() -> None:
    story = Story()
    story.come_in()
    story.leave(cases.snack(1), payments=None)
    assert story.outcome().type == "exit.unresolved"


def test_p4_a_reader_that_was_lost_accuses_nobody() -> None:
    story = Story()
    story.come_in()
    story.take(DeviceLost(at(story.now_ms), "gate", "exit-reader", "unplugged"))
    story.leave(cases.snack(1))
    assert story.outcome().type == "exit.unresolved"
    assert story.outcome().data["lines"] == [] or story.outcome().data["cause"]
    story.take(DeviceFound(at(story.now_ms), "gate", "exit-reader"))
    assert story.types("device.") == ["device.fault", "device.cleared"]


def test_p4_reads_that_were_dropped_accuse_nobody() -> None:
    story = Story()
    story.come_in()
    story.take(ExitRequested(at(story.now_ms), "button"))
    story.take(DoorOpened(at(story.now_ms)))
    story.take(InboxOverflowed(at(story.now_ms), 5))
    for _ in range(8):
        story.now_ms += 120
        story.take(cases.tags(story.now_ms, cases.snack(1)))
    story.take(DoorClosed(at(story.now_ms)))
    story.wait(2000)
    story.pay(())
    story.wait(6000)
    assert story.outcome().type == "exit.unresolved"


def test_p4_too_few_reads_accuse_nobody_and_a_glimpse_is_nothing() -> None:
    story = Story()
    story.come_in()
    story.leave(cases.snack(1), reads=2)
    assert story.outcome().type == "exit.unresolved"
    story.come_in("ben")
    story.leave(cases.snack(2), reads=1)
    assert story.outcome().type == "exit.empty"


def test_shelf_tags_and_own_tags_are_nobodys_lines() -> None:
    story = Story()
    for _ in range(10):
        story.now_ms += 500
        story.take(cases.tags(story.now_ms, cases.snack(9)))
    story.come_in()
    story.leave(cases.snack(9), cases.own(1))
    assert story.outcome().type == "exit.empty"


def test_what_leaves_with_nobody_known_is_pinned_on_nobody() -> None:
    story = Story()
    story.leave(cases.snack(1))
    out = story.outcome()
    assert (out.type, out.visit, out.customer) == ("exit.unresolved", None, None)
    assert out.data["epcs"] == [cases.snack(1)]


@pytest.mark.parametrize(
    "cause",
    [
        ExitRequested(at(100_000), "button"),
        DoorOpened(at(100_000)),
        StaffUnlocked(at(100_000), "delivery"),
        DeviceLost(at(100_000), "gate", "exit-reader", "unplugged"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_p2_what_happens_in_the_world_goes_on_without_the_disk(cause: Cause) -> None:
    story = Story()
    before = story.gate
    _, commands = step(story.rules, before, cause)
    story.take(RecordFailed(at(story.now_ms), cause))
    assert not of(story.last, Unlock)
    assert story.gate != before or not of(commands, Record)


def test_an_outcome_that_could_not_be_written_is_written_once_later() -> None:
    story = Story()
    story.come_in()
    story.take(ExitRequested(at(story.now_ms), "button"))
    story.take(DoorOpened(at(story.now_ms)))
    story.now_ms += 1600
    story.take(DoorClosed(at(story.now_ms)))
    old = story.gate
    up = TimeUp(at(story.now_ms))
    step(story.rules, old, up)
    story.take(RecordFailed(at(story.now_ms), up))
    story.wait(10_000)
    closings = [event for event in story.events if event.type in CLOSING]
    assert [event.type for event in closings] == ["exit.empty"]
    assert isinstance(story.gate.leaving, Quiet)


def test_a_door_that_stays_shut_sends_the_customer_back_to_shopping() -> None:
    story = Story()
    story.come_in()
    story.take(ExitRequested(at(story.now_ms), "button"))
    story.wait(25_000)
    assert story.types()[-1] == "visit.exit_abandoned"
    assert len(story.gate.inside) == 1


def test_a_stay_without_an_exit_ends_as_unresolved() -> None:
    story = Story()
    story.come_in()
    story.wait(5 * 3_600_000)
    assert story.outcome().type == "exit.unresolved"
    assert story.gate.inside == ()


def test_with_more_inside_an_exit_belongs_to_whoever_shows_a_code() -> None:
    story = Story(cases.rules(max_inside=2))
    story.come_in("ada")
    story.come_in("ben")
    story.show("ben", side="exit")
    assert "visit.exit_started" in story.types()
    story.take(DoorOpened(at(story.now_ms)))
    for _ in range(8):
        story.now_ms += 120
        story.take(cases.tags(story.now_ms, cases.snack(1)))
    story.take(DoorClosed(at(story.now_ms)))
    story.wait(2000)
    assert of(story.last, AskPayments) or isinstance(story.gate.leaving, Settling)
    story.pay(())
    story.wait(6000)
    assert [each.claim.customer for each in story.gate.inside] == ["ada"]
    assert story.outcome().customer == "ben"


def test_with_more_inside_an_exit_without_a_name_accuses_nobody() -> None:
    story = Story(cases.rules(max_inside=2))
    story.come_in("ada")
    story.come_in("ben")
    story.leave(cases.snack(1))
    assert story.outcome().visit is None
    assert len(story.gate.inside) == 2


def test_p3_a_restart_gives_each_open_visit_one_safe_state() -> None:
    story = Story()
    visit = story.show()
    story.answer(Verdict.YES)
    opened = tuple(story.events)
    for more, expected in (
        ((), "visit.not_entered"),
        (("visit.entered",), ""),
        (("visit.entered", "visit.exit_started"), "exit.unresolved"),
    ):
        events = (*opened, *(EventRecord(kind, {}, opened[-1].visit) for kind in more))
        unfinished = Unfinished(VisitId(visit), events)
        gate, commands = recover(story.rules, Gate(), [unfinished], at(story.now_ms))
        types = [event.type for each in of(commands, Record) for event in each.events]
        assert types[0] == "device.recovered"
        assert types[1:] == ([expected] if expected else [])
        assert [each.id for each in gate.inside] == ([] if expected else [visit])
