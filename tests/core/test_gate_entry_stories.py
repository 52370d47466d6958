"""At the entry: who is let in, what the others are told, and who may always open."""

from typing import Any

import pytest

from kiosk.core.commands import AskProvider, Record, Relock, Show, Unlock
from kiosk.core.identity import TokenFault
from kiosk.core.inputs import (
    RecordFailed,
    RecordRefused,
    StaffLocked,
    StaffUnlocked,
    WayChosen,
)
from kiosk.core.reasons import WORDS, Reason
from kiosk.core.values import ClockSync, Verdict, Way
from kiosk.core.visit_state import Idle, Offered, Refused, Unlocked
from tests.core import gate_cases as cases
from tests.core.gate_cases import at
from tests.core.story import Story, of


def test_p1_the_unlock_stands_right_behind_its_record() -> None:
    story = Story()
    story.show()
    assert [type(each) for each in story.last] == [Record, AskProvider, Show]
    story.answer(Verdict.YES)
    kinds = [type(each) for each in story.last]
    assert kinds.index(Record) < kinds.index(Unlock)
    assert isinstance(story.gate.entry, Unlocked)


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


def test_a_record_that_failed_opens_nothing_and_says_whose_fault_it_is() -> None:
    story = Story()
    shown = cases.shown(story.now_ms, cases.signed("ada", "01"), "v1")
    story.take(RecordFailed(at(story.now_ms), shown))
    assert story.shown() is Reason.NOT_RECORDED
    assert not of(story.last, Unlock)
