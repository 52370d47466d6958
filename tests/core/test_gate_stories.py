"""Short stories at the gate, told through the pure machine: what each promise means at a door."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from kiosk.core.commands import AskPayments, AskProvider, Command, Record, Relock, Show, Unlock
from kiosk.core.events import CLOSING, EventRecord
from kiosk.core.identity import TokenFault
from kiosk.core.inputs import (
    Cause,
    DeviceFound,
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    InboxOverflowed,
    Input,
    PaymentsFailed,
    PaymentsSeen,
    RecordFailed,
    RecordRefused,
    StaffLocked,
    StaffUnlocked,
    TimeUp,
    WayChosen,
)
from kiosk.core.reasons import WORDS, Reason
from kiosk.core.values import ClockSync, Epc, Payment, Verdict, VisitId, Way
from kiosk.core.visit import next_due_ms, step
from kiosk.core.visit_recovery import Unfinished, recover
from kiosk.core.visit_state import Gate, Idle, Offered, Quiet, Refused, Rules, Settling, Unlocked
from tests.core import gate_cases as cases
from tests.core.gate_cases import at


@dataclass
class Story:
    """One gate through one story; time passes by its own deadlines."""

    rules: Rules = field(default_factory=cases.rules)
    gate: Gate = field(default_factory=Gate)
    now_ms: int = 100_000
    events: list[EventRecord] = field(default_factory=list)
    last: tuple[Command, ...] = ()
    tries: int = 0

    def take(self, fact: Input) -> tuple[Command, ...]:
        """Take one input, keep what it leads to."""
        self.gate, self.last = step(self.rules, self.gate, fact)
        for command in self.last:
            if isinstance(command, Record):
                self.events.extend(command.events)
        return self.last

    def wait(self, ms: int) -> None:
        """Let time pass, deadline by deadline."""
        until = self.now_ms + ms
        for _ in range(1000):
            due = next_due_ms(self.rules, self.gate)
            if due is None or due > until:
                break
            self.now_ms = max(self.now_ms, due)
            self.take(TimeUp(at(self.now_ms)))
        else:
            raise AssertionError("time alone never comes to rest")
        self.now_ms = until

    def show(self, name: str = "ada", *, side: str = "entry") -> str:
        """Show a fresh code; return the attempt."""
        self.tries += 1
        visit = f"v{self.tries}"
        claim = cases.signed(name, f"{self.tries:016x}")
        self.take(cases.shown(self.now_ms, claim, visit, side))
        return visit

    def answer(self, verdict: Verdict | None, *, provider: str = "http") -> None:
        """Answer the open question."""
        entry: Any = self.gate.entry
        threshold = cases.THRESHOLD if provider == "http" else "entry"
        self.take(
            cases.answered(
                self.now_ms, entry.request_id, verdict, provider=provider, threshold=threshold
            )
        )

    def door(self, *, passed: bool = True) -> None:
        """Open the door and, a second later, close it."""
        self.take(DoorOpened(at(self.now_ms)))
        if passed:
            self.wait(1000)
            self.take(DoorClosed(at(self.now_ms)))

    def come_in(self, name: str = "ada") -> str:
        """Come in by the score."""
        visit = self.show(name)
        self.answer(Verdict.YES)
        self.door()
        return visit

    def leave(self, *epcs: Epc, payments: Sequence[Payment] | None = (), reads: int = 8) -> None:
        """Press the button, walk out with these tags, and let it be settled."""
        self.take(ExitRequested(at(self.now_ms), "button"))
        self.take(DoorOpened(at(self.now_ms)))
        for _ in range(reads):
            self.now_ms += 120
            if epcs:
                self.take(cases.tags(self.now_ms, *epcs))
        self.take(DoorClosed(at(self.now_ms)))
        self.wait(2000)
        self.pay(payments)
        self.wait(6000)

    def pay(self, payments: Sequence[Payment] | None) -> None:
        """Answer the question about payments, if one is open."""
        leaving = self.gate.leaving
        if isinstance(leaving, Settling):
            through = max([0, *(each.number for each in payments or ())])
            if payments is None:
                self.take(PaymentsFailed(at(self.now_ms), leaving.request_id))
            else:
                given = tuple(payments)
                self.take(PaymentsSeen(at(self.now_ms), given, through, leaving.request_id))

    def types(self, prefix: str = "") -> list[str]:
        """Return the types of the events so far."""
        return [event.type for event in self.events if event.type.startswith(prefix)]

    def outcome(self) -> EventRecord:
        """Return the last outcome."""
        return [event for event in self.events if event.type.startswith("exit.")][-1]

    def shown(self) -> Reason:
        """Return what the screen says after the last input."""
        return [each.reason for each in self.last if isinstance(each, Show)][-1]


def of(commands: Sequence[Command], kind: type) -> list[Any]:
    return [each for each in commands if isinstance(each, kind)]


def test_p1_the_unlock_stands_right_behind_its_record() -> None:
    story = Story()
    story.show()
    assert [type(each) for each in story.last] == [Record, AskProvider, Show]
    story.answer(Verdict.YES)
    kinds = [type(each) for each in story.last]
    assert kinds.index(Record) < kinds.index(Unlock)
    assert isinstance(story.gate.entry, Unlocked)


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


def test_a_customer_who_does_not_come_in_leaves_no_outcome() -> None:
    story = Story()
    story.show()
    story.answer(Verdict.YES)
    story.wait(15_000)
    assert story.types()[-2:] == ["visit.not_entered", "lock.relocked"]
    assert isinstance(story.gate.entry, Idle)


def test_a_door_that_is_held_is_said_and_the_customer_is_inside() -> None:
    story = Story()
    story.show()
    story.answer(Verdict.YES)
    story.door(passed=False)
    story.wait(40_000)
    assert "door.held" in story.types()
    assert len(story.gate.inside) == 1


@pytest.mark.parametrize("verdict", [Verdict.NO, Verdict.UNKNOWN, None])
def test_p9_whoever_is_not_let_in_reads_why_and_has_other_ways(verdict: Verdict | None) -> None:
    story = Story()
    story.show()
    story.answer(verdict)
    assert isinstance(story.gate.entry, Offered)
    assert set(story.gate.entry.decision.ways) == {Way.VOUCHER, Way.VOUCHED}
    assert WORDS[story.shown()].next_step


def test_a_provider_that_stays_silent_is_an_offer_and_its_late_answer_nothing() -> None:
    story = Story()
    story.show()
    entry: Any = story.gate.entry
    story.wait(1600)
    assert isinstance(story.gate.entry, Offered)
    story.take(cases.answered(story.now_ms, entry.request_id, Verdict.YES))
    assert not of(story.last, Unlock)


def test_a_voucher_and_staffs_word_open_the_door_that_the_score_did_not() -> None:
    for way in (Way.VOUCHER, Way.VOUCHED):
        story = Story()
        story.show()
        story.answer(Verdict.NO)
        story.take(WayChosen(at(story.now_ms), way))
        if way is Way.VOUCHED:
            story.answer(Verdict.YES, provider="vouch")
        else:
            story.take(cases.shown(story.now_ms, cases.voucher(7), "v9"))
        assert isinstance(story.gate.entry, Unlocked)
        assert of(story.last, Unlock)


def test_a_customer_may_choose_to_leave_and_an_offer_goes_away_by_itself() -> None:
    story = Story()
    story.show()
    story.answer(Verdict.NO)
    story.take(WayChosen(at(story.now_ms), None))
    assert isinstance(story.gate.entry, Idle)
    story.show("ben")
    story.answer(Verdict.NO)
    story.wait(200_000)
    assert isinstance(story.gate.entry, Idle)


def test_the_second_customer_is_told_to_wait_and_nothing_of_the_first_changes() -> None:
    story = Story()
    story.come_in()
    story.show("ben")
    assert isinstance(story.gate.entry, Offered)
    assert story.gate.entry.decision.reason is Reason.BUSY
    assert len(story.gate.inside) == 1


def test_a_forged_code_and_a_used_one_are_refused_and_a_flood_is_counted() -> None:
    story = Story()
    for number in range(12):
        story.now_ms += 500
        fault = TokenFault.BAD_SIGNATURE
        story.take(cases.rejected(story.now_ms, fault, f"f{number}"))
        assert not of(story.last, Unlock)
    assert isinstance(story.gate.entry, Refused)
    assert len(story.types("scan.rejected")) < 12
    used = cases.shown(story.now_ms, cases.signed("ada", "00"), "v50")
    story.take(RecordRefused(at(story.now_ms), used))
    assert story.shown() is Reason.REPLAYED


@pytest.mark.parametrize(
    "fault", [each for each in TokenFault if each is not TokenFault.BAD_SIGNATURE]
)
def test_p4_a_code_that_nobody_forged_is_never_a_refusal(fault: TokenFault) -> None:
    story = Story()
    story.take(cases.rejected(story.now_ms, fault, "v1"))
    assert isinstance(story.gate.entry, Offered)


def test_an_unknown_clock_asks_no_provider_and_offers_other_ways() -> None:
    story = Story()
    shown = cases.shown(story.now_ms, cases.signed("ada", "01"), "v1")
    unsure = type(shown)(at(story.now_ms, ClockSync.NONE), shown.claim, shown.visit)
    story.take(unsure)
    assert not of(story.last, AskProvider)
    assert isinstance(story.gate.entry, Offered)


def test_staff_open_before_anything_is_written_and_lock_again() -> None:
    story = Story()
    story.take(StaffUnlocked(at(story.now_ms), "delivery"))
    kinds = [type(each) for each in story.last]
    assert kinds.index(Unlock) < kinds.index(Record)
    story.take(StaffLocked(at(story.now_ms)))
    assert of(story.last, Relock)
    story.wait(60_000)
    assert isinstance(story.gate.entry, Idle)


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


def test_a_record_that_failed_opens_nothing_and_says_whose_fault_it_is() -> None:
    story = Story()
    shown = cases.shown(story.now_ms, cases.signed("ada", "01"), "v1")
    story.take(RecordFailed(at(story.now_ms), shown))
    assert story.shown() is Reason.NOT_RECORDED
    assert not of(story.last, Unlock)


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
