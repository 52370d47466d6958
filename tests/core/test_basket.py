"""Reads become lines only when they prove something; money is whole and rounds once."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.basket import (
    APPROACH_MS,
    FORGET_MS,
    NEAR_MS,
    Window,
    counted,
    cover,
    doubt,
    heard,
    observe,
    open_window,
    pass_door,
    present,
    price,
    sort_tags,
    unpaid_minor,
)
from kiosk.core.inputs import Read
from kiosk.core.values import Line, Payment
from tests.core.gate_cases import SNACK_MINOR, amount_paid, items_paid, own, rules, snack, tea

RULES = rules()
POLICY = RULES.policy
START_MS = 50_000
LINES = st.lists(st.integers(0, 5000), max_size=6).map(
    lambda prices: [Line(snack(at), "", "x", minor) for at, minor in enumerate(prices)]
)
AMOUNTS = st.lists(st.integers(0, 6000), max_size=4).map(
    lambda minors: [amount_paid(at, "v", minor) for at, minor in enumerate(minors)]
)


def window(*reads: tuple[int, int | None], start_ms: int = START_MS) -> Window:
    """A window in which one snack was read so long after its start, so loudly."""
    seen = Window(start_ms, frozenset())
    for after_ms, rssi_dbm in reads:
        seen = observe(seen, (Read(snack(1), rssi_dbm),), start_ms + after_ms, POLICY)
    return seen


def stable(seen: Window) -> bool:
    return snack(1) in sort_tags(seen, RULES.catalogue, frozenset(), POLICY).stable


def test_a_line_needs_enough_reads_in_enough_slices_above_the_floor() -> None:
    assert stable(window((0, -50), (200, None), (400, -70)))
    assert not stable(window((0, -50), (10, -50), (20, -50))), "one slice"
    assert not stable(window((0, -50), (200, -50), (400, -71))), "below the floor"


def test_reads_that_the_trigger_overtook_are_not_in_the_window() -> None:
    assert window((-40, -50)).sights == {}


def test_what_rests_in_the_field_is_background_and_what_just_came_is_not() -> None:
    sights = heard({}, (Read(snack(1), -50),), 0, POLICY)
    sights = heard(sights, (Read(snack(1), -50), Read(tea(1), -50)), APPROACH_MS, POLICY)
    assert open_window(sights, APPROACH_MS).background == {snack(1)}
    assert open_window(sights, APPROACH_MS + FORGET_MS).background == frozenset()
    later = heard(sights, (Read(tea(2), -50),), APPROACH_MS + FORGET_MS, POLICY)
    assert set(later) == {tea(2)}


def test_what_was_put_back_before_the_door_opened_is_not_leaving() -> None:
    seen = window((0, -50), (200, -50), (400, -50))
    assert stable(pass_door(seen, START_MS + 400 + NEAR_MS - 1))
    assert not stable(pass_door(seen, START_MS + 400 + NEAR_MS))


def test_every_tag_is_sorted_by_what_it_means() -> None:
    reads = [Read(epc, -50) for epc in (snack(1), snack(2), own(1), tea(1), tea(2), tea(3))]
    seen = Window(START_MS, frozenset({snack(2)}))
    for after_ms in (0, 200, 400):
        seen = observe(seen, reads[:5], START_MS + after_ms, POLICY)
    seen = observe(seen, reads[5:], START_MS, POLICY)
    sold = rules(sold=[tea(2)]).catalogue
    tags = sort_tags(seen, sold, frozenset({tea(1)}), POLICY)
    assert tags.stable == (snack(1),)
    assert tags.counts == {"background": 1, "unknown": 1, "sold": 2, "glimpsed": 1}
    twice = observe(seen, reads[5:], START_MS, POLICY)
    assert sort_tags(twice, sold, frozenset(), POLICY).unstable == (tea(3),)


def test_a_catalogue_that_knows_of_the_payment_takes_no_line_away() -> None:
    seen = window((0, -50), (200, -50), (400, -50))
    sold = rules(sold=[snack(1)]).catalogue
    mine = frozenset({snack(1)})
    assert sort_tags(seen, sold, frozenset(), POLICY).stable == ()
    assert sort_tags(seen, sold, frozenset(), POLICY, mine).stable == (snack(1),)
    assert sort_tags(seen, sold, mine, POLICY, mine).stable == ()


def test_presence_is_a_read_within_the_absence_time() -> None:
    sights = heard({}, (Read(snack(1), -90),), 1000, POLICY)
    assert present(sights, [snack(1), tea(1)], 1699, 700) == {snack(1)}
    assert present(sights, [snack(1)], 1700, 700) == frozenset()


def test_the_first_doubt_stays() -> None:
    seen = doubt(doubt(window(), "exit-reader-lost"), "reads-dropped")
    assert seen.fault == "exit-reader-lost"


def test_p10_two_equal_items_are_two_lines_and_an_unknown_tag_is_none() -> None:
    lines = price([snack(1), snack(2), own(1)], RULES.catalogue, 0)
    assert [line.epc for line in lines] == [snack(1), snack(2)]
    assert unpaid_minor(lines) == 2 * SNACK_MINOR


@given(st.integers(0, 1000))
def test_p10_a_discount_rounds_once_per_line_in_the_customers_favour(permille: int) -> None:
    (line,) = price([snack(1)], RULES.catalogue, permille)
    exact = SNACK_MINOR * (1000 - permille)
    assert line.price_minor * 1000 <= exact < (line.price_minor + 1) * 1000


@given(LINES, AMOUNTS)
def test_p10_money_is_neither_made_nor_lost(lines: list[Line], amounts: list[Payment]) -> None:
    covered, credit = cover(lines, amounts)
    paid = sum(line.price_minor for line in covered if line.paid)
    assert paid + credit == sum(payment.amount_minor for payment in amounts)
    assert credit >= 0
    assert all(line.paid or line.price_minor > credit for line in covered)


@given(LINES, AMOUNTS)
def test_p10_whatever_is_paid_is_never_taken_back(
    lines: list[Line], amounts: list[Payment]
) -> None:
    paid = [replace(line, paid=True) for line in lines]
    covered, credit = cover(paid, amounts)
    assert list(covered) == paid
    assert credit == sum(payment.amount_minor for payment in amounts)


def test_p10_a_payment_by_items_covers_just_those() -> None:
    lines = price([snack(1), snack(2)], RULES.catalogue, 0)
    covered, credit = cover(lines, [items_paid(1, "v", snack(2))])
    assert [line.paid for line in covered] == [False, True]
    assert credit == 0


def test_p10_an_amount_of_another_currency_is_not_set_against_lines() -> None:
    euro, dollar = amount_paid(1, "v", 5), amount_paid(2, "v", 5, "USD")
    items = replace(items_paid(3, "v", snack(1)), currency="USD")
    assert counted([euro, dollar, items], "EUR") == (euro, items)
