"""Whole visits as they are told at the counter: who came in how, what left, what was said."""

import pytest

from kiosk.core.commands import Show
from kiosk.core.identity import TokenFault
from kiosk.core.inputs import DoorOpened, ExitRequested, IdShown, InboxOverflowed, WayChosen
from kiosk.core.notice import HUMAN, notice
from kiosk.core.values import Payment, Verdict, VisitId, Way
from kiosk.core.visit_state import Idle, Offered, Quiet, Unlocked
from tests.core.gate_cases import (
    SNACK_MINOR,
    amount_paid,
    answered,
    at,
    items_paid,
    own,
    rejected,
    rules,
    shown,
    signed,
    snack,
    tags,
    tea,
    voucher,
)
from tests.core.loop import Loop, lines_of, locks, shows
from tests.core.visits import ask, come_in, door, grant, inside, settle, walk_out


def offered_to(name: str, verdict: Verdict | None) -> Loop:
    """Return a shop whose provider said this about a customer's attempt "v1"."""
    loop = Loop(rules())
    loop.give(answered(loop.now_ms, ask(loop, name, "v1"), verdict))
    return loop


def test_ada_comes_in_by_her_score_pays_and_leaves() -> None:
    loop = Loop(rules())
    assert shows(grant(loop, "ada", "v1")) == ["met"]
    assert locks(loop.quiet.done) == ["Unlock score"]
    assert locks(door(loop)) == ["Relock door-closed"]
    loop.until(loop.now_ms + 60_000)
    walk_out(loop, snack(1))
    done = settle(loop, [items_paid(1, "v1", snack(1))])
    assert shows(done) == ["reading", "paid"]
    assert [event.type for event in loop.disk.of("v1")] == [
        "scan.accepted",
        "decision.made",
        "visit.opened",
        "lock.commanded",
        "door.opened",
        "visit.entered",
        "lock.relocked",
        "visit.exit_started",
        "door.opened",
        "tags.observed",
        "basket.fixed",
        "payment.settled",
        "exit.paid",
    ]


def test_ben_takes_nothing_and_owes_nothing() -> None:
    loop = inside("ben")
    walk_out(loop, own(1))
    assert shows(settle(loop)) == ["empty"]


def test_p10_cleo_takes_two_of_the_same_pays_one_and_keeps_her_change() -> None:
    loop = inside("cleo")
    walk_out(loop, snack(1), snack(2))
    assert "unpaid" in shows(settle(loop, [amount_paid(1, "v1", SNACK_MINOR + 1)]))
    ended = loop.disk.outcome("v1")
    assert [line["paid"] for line in lines_of(ended)] == [True, False]
    assert (ended.data["unpaid_minor"], ended.data["credit_minor"]) == (SNACK_MINOR, 1)


def test_what_dan_paid_for_is_never_charged_again() -> None:
    paid: list[Payment] = [items_paid(1, "v1", snack(1))]
    loop = inside("dan")
    walk_out(loop, snack(1))
    settle(loop, paid)
    come_in(loop, "eve", "v2")
    walk_out(loop, snack(1))
    settle(loop)
    assert loop.disk.outcome("v2").type == "exit.empty"


@pytest.mark.parametrize("verdict", [Verdict.NO, Verdict.UNKNOWN, None])
def test_p9_whoever_is_not_let_in_reads_why_and_has_other_ways(verdict: Verdict | None) -> None:
    loop = offered_to("eve", verdict)
    assert isinstance(loop.gate.entry, Offered)
    assert loop.gate.entry.decision.ways == (Way.VOUCHER, Way.VOUCHED)
    decision = loop.gate.entry.decision
    read = notice(Show("entry", decision.reason, decision.ways)).lines
    assert read[-5:] == (
        *("You can come in another way:", "- use a voucher"),
        "- choose vouched; if staff do not vouch for you yet, ask them first",
        *(HUMAN, f"Reason: {decision.reason}"),
    )


def test_a_provider_that_stays_silent_is_an_offer_and_its_late_answer_nothing() -> None:
    loop = Loop(rules())
    request = ask(loop, "eve", "v1")
    assert shows(loop.until(loop.now_ms + 1500)) == ["provider-down"]
    assert loop.give(answered(loop.now_ms, request, Verdict.YES)) == []


def test_a_voucher_opens_the_door_that_the_score_did_not() -> None:
    loop = offered_to("eve", Verdict.NO)
    assert shows(loop.give(WayChosen(at(loop.now_ms), Way.VOUCHER))) == ["show-voucher"]
    assert locks(loop.give(shown(loop.now_ms, voucher(7), "v2"))) == ["Unlock voucher"]


def test_staffs_word_opens_the_door_that_the_score_did_not() -> None:
    loop = offered_to("eve", Verdict.UNKNOWN)
    loop.give(WayChosen(at(loop.now_ms), Way.VOUCHED))
    yes = answered(loop.now_ms, "v1.1", Verdict.YES, provider="vouch", threshold="entry")
    assert locks(loop.give(yes)) == ["Unlock vouched"]


def test_a_customer_may_choose_to_leave_or_just_go() -> None:
    loop = offered_to("eve", Verdict.NO)
    assert shows(loop.give(WayChosen(at(loop.now_ms), None))) == ["left"]
    assert isinstance(loop.gate.entry, Idle)
    loop = offered_to("eve", Verdict.NO)
    assert shows(loop.until(loop.now_ms + 60_000)) == ["idle"]


def test_a_forged_code_is_refused_and_a_blurred_one_is_not() -> None:
    loop = Loop(rules())
    assert shows(loop.give(rejected(1, TokenFault.BAD_SIGNATURE, "v1"))) == ["forged"]
    assert shows(loop.give(rejected(2, TokenFault.MALFORMED, "v2"))) == ["unreadable"]


def test_a_customer_who_does_not_come_in_has_no_outcome() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    done = loop.until(loop.now_ms + 10_000)
    assert (locks(done), shows(done)) == (["Relock time"], ["not-entered"])
    assert loop.disk.outcome("v1").type == "visit.not_entered"


def test_a_door_that_is_held_is_said_and_whoever_holds_it_is_inside() -> None:
    loop = Loop(rules())
    grant(loop, "ada", "v1")
    loop.give(DoorOpened(at(loop.now_ms)))
    done = loop.until(loop.now_ms + 30_000)
    assert (locks(done), shows(done)) == (["Relock door-held"], ["door-held"])
    assert [visit.id for visit in loop.gate.inside] == ["v1"]


def test_the_next_customer_is_told_to_wait_and_nothing_of_the_first_changes() -> None:
    loop = inside("ada")
    before = loop.gate.inside
    assert shows(loop.give(shown(loop.now_ms, signed("ben", "n1"), "v2"))) == ["busy"]
    assert loop.gate.inside == before


def test_tags_that_leave_with_nobody_inside_are_pinned_on_nobody() -> None:
    loop = Loop(rules())
    walk_out(loop, snack(1))
    settle(loop)
    (loss,) = [event for event in loop.disk.events if event.type.startswith("exit.")]
    assert (loss.type, loss.visit, loss.customer) == ("exit.unresolved", None, None)
    assert loss.data["epcs"] == [snack(1)]


def test_one_of_two_customers_leaves_by_name_and_the_other_shops_on() -> None:
    loop = inside("ada", max_inside=2)
    come_in(loop, "ben", "v2")
    loop.give(IdShown(at(loop.now_ms), signed("ben", "e1"), VisitId("x"), "exit"))
    walk_out(loop, tea(1), button=False)
    settle(loop)
    assert loop.disk.outcome("v2").type == "exit.unpaid"
    assert [visit.claim.customer for visit in loop.gate.inside] == ["ada"]


def test_p4_one_of_two_customers_leaves_without_a_name_and_neither_is_charged() -> None:
    loop = inside("ada", max_inside=2)
    come_in(loop, "ben", "v2")
    walk_out(loop, tea(1))
    settle(loop)
    assert len(loop.gate.inside) == 2
    assert loop.disk.types()[-1] == "exit.unresolved"


def test_a_customer_who_asks_for_the_door_and_stays_goes_on_shopping() -> None:
    loop = inside("ada")
    loop.give(ExitRequested(at(loop.now_ms), "button"))
    loop.until(loop.now_ms + 20_000)
    assert loop.disk.types()[-1] == "visit.exit_abandoned"
    assert isinstance(loop.gate.leaving, Quiet)


def test_p4_reads_that_were_dropped_at_the_door_accuse_nobody() -> None:
    loop = inside("ada")
    loop.give(ExitRequested(at(loop.now_ms), "button"), InboxOverflowed(at(loop.now_ms), 5))
    walk_out(loop, snack(1), button=False)
    assert "unresolved" in shows(settle(loop))


def test_p4_a_customer_inside_who_never_shows_an_exit_owes_nothing() -> None:
    loop = inside("ada")
    loop.until(loop.now_ms + loop.rules.policy.timing.stay_s * 1000)
    ended = loop.disk.outcome("v1")
    assert (ended.type, ended.data["cause"]) == ("exit.unresolved", "stayed")


def test_p4_shelf_tags_in_the_field_all_day_are_nobodys() -> None:
    loop = Loop(rules())
    for _ in range(20):
        loop.give(tags(loop.now_ms, snack(9)))
        loop.until(loop.now_ms + 500)
    come_in(loop, "ada", "v1")
    walk_out(loop, snack(9))
    settle(loop)
    assert loop.disk.outcome("v1").type == "exit.empty"


def test_the_door_of_one_customer_is_not_the_next_ones() -> None:
    loop = Loop(rules(max_inside=2))
    grant(loop, "ada", "v1")
    assert shows(loop.give(shown(loop.now_ms, signed("ben", "n1"), "v2"))) == ["busy"]
    assert isinstance(loop.gate.entry, Unlocked)
    assert loop.gate.entry.visit is not None
    assert loop.gate.entry.visit.id == "v1"
