"""Settlement: what is owed, what is sold, and what the customer reads about it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from kiosk.core.catalogue import Catalogue
from kiosk.core.commands import Flush, Record, Show
from kiosk.core.inputs import InboxOverflowed, PaymentsSeen
from kiosk.core.values import ClockSync, Moment
from kiosk.core.visit_records import fits
from kiosk.core.visit_settle import MOST
from kiosk.core.visit_state import CROWD_MS, Settling
from tests.core.gate_cases import (
    WALL_MS,
    amount_paid,
    at,
    items_paid,
    rules,
    shown,
    signed,
    snack,
    tea,
)
from tests.core.loop import Loop, shows
from tests.core.visits import (
    come_in,
    door,
    grant,
    group_left_by_its_first,
    inside,
    next_exit,
    settle,
    staff_comes_in,
    walk_out,
)


def test_p10_an_amount_of_another_currency_is_no_accusation() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    settle(loop, [amount_paid(1, "v1", 599, "USD")])
    ended = loop.disk.outcome("v1")
    assert (ended.data["cause"], ended.data["unpaid_minor"]) == ("other-currency", 0)


def test_what_was_paid_stays_sold_though_the_outcome_is_unsure() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.give(InboxOverflowed(at(loop.now_ms), 4))
    settle(loop, [items_paid(1, "v1", snack(1), tea(7))])
    assert loop.disk.outcome("v1").type == "exit.unresolved"
    assert {snack(1), tea(7)} <= loop.gate.gone
    assert loop.disk.gone() == loop.gate.gone


@pytest.mark.parametrize("name", ["Trail mix", "\N{HERB}" * 80], ids=["short", "long"])
def test_p3_an_exit_with_more_items_than_an_event_holds_is_over_and_accuses_nobody(
    name: str,
) -> None:
    loop = inside()
    sold = loop.rules.catalogue
    articles = {gtin: replace(each, name=name) for gtin, each in sold.by_gtin.items()}
    loop.rules = replace(loop.rules, catalogue=replace(sold, by_gtin=articles))
    walk_out(loop, *map(snack, range(400)))
    settle(loop)
    ended = loop.disk.outcome("v1")
    lines = ended.data["lines"]
    assert (ended.type, ended.data["cause"]) == ("exit.unresolved", "too-many-tags")
    assert isinstance(lines, list)
    assert len(lines) == MOST
    assert unnamed(loop) == 400 - MOST
    assert all(fits(Record((event,))) for event in loop.disk.events)


def test_tags_of_nobody_that_an_event_cannot_hold_are_recorded_as_far_as_it_can() -> None:
    loop = inside("ben")
    walk_out(loop)
    settle(loop)
    walk_out(loop, *map(snack, range(400)))
    settle(loop)
    assert loop.disk.events[-1].data["cause"] == "too-many-tags"
    assert unnamed(loop) == 400 - MOST


def unnamed(loop: Loop) -> object:
    """How many tags the newest evidence leaves without a name."""
    seen = [event for event in loop.disk.events if event.type == "tags.observed"]
    counts = seen[-1].data["counts"]
    assert isinstance(counts, Mapping)
    return counts["unnamed"]


def test_what_is_paid_late_is_sold_whoever_is_inside() -> None:
    loop = inside("ben")
    loop.give(PaymentsSeen(at(loop.now_ms), (items_paid(1, "v0", snack(1)),), 1))
    assert loop.gate.inside[0].payments == ()
    assert snack(1) in loop.gate.gone


def test_p9_an_outcome_stays_readable_while_the_next_customer_comes_in() -> None:
    loop = inside("ada", max_inside=2)
    loop.give(shown(loop.now_ms, signed("ada", "e1"), "x", "exit"))
    walk_out(loop, snack(1), button=False)
    loop.until(loop.now_ms + 600)
    grant(loop, "ben", "v2")
    assert shows(settle(loop))[-1] == "unpaid"
    assert shows(door(loop)) == []
    assert shows(loop.until(loop.now_ms + 20_000)) == ["idle"]


def test_what_is_paid_late_is_charged_to_nobody_later() -> None:
    loop = Loop(rules())
    loop.give(PaymentsSeen(at(loop.now_ms), (items_paid(1, "v0", snack(1)),), 1))
    come_in(loop, "ada", "v1")
    walk_out(loop, snack(1))
    settle(loop)
    assert loop.disk.outcome("v1").type == "exit.empty"


def test_a_stay_without_an_exit_keeps_its_payments_as_credit_and_its_items_sold() -> None:
    loop = inside()
    paid = (amount_paid(1, "v1", 500), amount_paid(2, "v1", 9, "USD"), items_paid(3, "v1", tea(1)))
    loop.give(PaymentsSeen(at(loop.now_ms), paid, 3))
    loop.until(loop.now_ms + loop.rules.policy.timing.stay_s * 1000)
    ended = loop.disk.outcome("v1")
    assert (ended.data["cause"], ended.data["credit_minor"]) == ("stayed", 500)
    assert tea(1) in loop.gate.gone


def test_a_discount_of_the_tier_is_taken_and_an_unknown_tier_has_none() -> None:
    for tier, owed in (("standard", 539), ("gone", 599)):
        loop = inside()
        loop.rules = rules(tiers=[{"id": "standard", "discount_permille": 100}])
        visit = replace(loop.gate.inside[0], tier=tier)
        loop.gate = replace(loop.gate, inside=(visit,))
        walk_out(loop, snack(1))
        settle(loop)
        assert loop.disk.outcome("v1").data["unpaid_minor"] == owed


@pytest.mark.parametrize(
    ("limits", "over"),
    [
        ({}, []),
        ({"max_items": 2, "max_value_minor": 849}, []),
        ({"max_items": 1}, ["items"]),
        ({"max_value_minor": 848}, ["value"]),
    ],
)
def test_what_goes_beyond_the_limits_of_the_tier_is_told_to_the_owner(
    limits: dict[str, int], over: list[str]
) -> None:
    loop = inside()
    loop.rules = rules(tiers=[{"id": "standard", **limits}])
    walk_out(loop, snack(1), tea(1))
    settle(loop)
    assert loop.disk.outcome("v1").data["over"] == over


@pytest.mark.parametrize(("reads", "unread"), [(8, False), (2, True), (1, True)])
def test_an_exit_whose_tags_were_barely_heard_is_counted_and_accuses_nobody(
    reads: int, *, unread: bool
) -> None:
    loop = inside()
    walk_out(loop, snack(1), reads=reads)
    settle(loop)
    (seen,) = [event for event in loop.disk.of("v1") if event.type == "tags.observed"]
    assert seen.data["mostly_unread"] is unread
    assert (loop.disk.outcome("v1").type == "exit.unpaid") is not unread


def test_p9_an_unpaid_notice_tells_items_total_and_until_when() -> None:
    loop = inside()
    loop.rules = rules(utc_offset_min=60)
    walk_out(loop, snack(1), tea(1))
    done = settle(loop)
    (notice,) = [each for each in done if isinstance(each, Show) and each.lines]
    assert notice.lines == (
        "Trail mix  5.99 EUR",
        "Tea  2.50 EUR",
        "Total  8.49 EUR",
        "Until: 2026-11-19 12:23 UTC+1",
    )
    assert [each.visit for each in done if isinstance(each, Flush)] == ["v1"]


def test_p9_a_long_unpaid_notice_still_tells_total_and_until_when() -> None:
    loop = inside()
    walk_out(loop, *(tea(number) for number in range(1, 13)))
    (notice,) = [each for each in settle(loop) if isinstance(each, Show) and each.lines]
    assert notice.lines[:9] == ("Tea  2.50 EUR",) * 9
    assert notice.lines[9:11] == ("and 3 more", "Total  30.00 EUR")
    assert len(notice.lines) == 12


def test_p9_an_unknown_clock_names_no_time_to_pay() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    loop.until(loop.now_ms + 1600)
    state = loop.gate.leaving
    assert isinstance(state, Settling)
    now_ms = loop.now_ms + 2000
    unsure = Moment(now_ms, WALL_MS, ClockSync.NONE)
    loop.now_ms = now_ms
    loop.take(PaymentsSeen(unsure, (), 0, state.request_id))
    lines = [each.lines for each in loop.quiet.done if isinstance(each, Show) and each.lines]
    assert lines[-1][-1] == "Until: ask staff, our clock is not set"


def test_p9_no_notice_is_taken_away_before_it_can_be_read() -> None:
    loop = inside()
    walk_out(loop, snack(1))
    settle(loop)
    begun = loop.now_ms
    done = loop.until(begun + 10_000)
    assert shows(done) == []
    assert "idle" in shows(loop.until(begun + 30_000))


def test_a_catalogue_that_knows_of_the_payment_already_leaves_the_visit_paid() -> None:
    loop = inside()
    sold: Catalogue = rules(sold=[snack(1)]).catalogue
    loop.rules = replace(loop.rules, catalogue=sold)
    loop.give(PaymentsSeen(at(loop.now_ms), (items_paid(1, "v1", snack(1)),), 1))
    walk_out(loop, snack(1))
    settle(loop)
    assert loop.disk.outcome("v1").type == "exit.paid"


def test_p4_a_guest_stays_one_when_it_may_be_one_of_a_group_who_walks_out() -> None:
    loop = Loop(rules())
    staff_comes_in(loop)
    group_left_by_its_first(loop)
    walk_out(loop)
    settle(loop)
    loop.until(loop.now_ms + CROWD_MS)
    assert len(loop.gate.guests) == 1
    assert next_exit(loop) == "exit.unresolved"


@pytest.mark.parametrize("paid", [False, True])
def test_p4_whoever_may_have_stayed_while_one_of_a_group_left_is_a_guest(*, paid: bool) -> None:
    loop = Loop(rules())
    group_left_by_its_first(loop)
    come_in(loop, "ben", "v2")
    loop.until(loop.now_ms + CROWD_MS // 2)
    walk_out(loop, snack(1))
    settle(loop, [items_paid(1, "v2", snack(1))] if paid else [])
    loop.until(loop.now_ms + CROWD_MS // 2)
    assert next_exit(loop) == ("exit.unpaid" if paid else "exit.unresolved")
