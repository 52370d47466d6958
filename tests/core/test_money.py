"""An amount is printed with the decimal point of its own currency (P10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.money import MAX_MINOR, digits_of, number, parse, plain


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (599, "EUR", "5.99 EUR"),
        (5, "EUR", "0.05 EUR"),
        (0, "USD", "0.00 USD"),
        (599, "JPY", "599 JPY"),
        (1_005, "KWD", "1.005 KWD"),
        (12_345, "CLF", "1.2345 CLF"),
    ],
)
def test_p10_amounts_follow_iso_4217(minor: int, currency: str, text: str) -> None:
    assert plain(minor, currency) == text


@given(st.integers(0, 10**12), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_p10_no_minor_unit_is_lost_in_print(minor: int, currency: str) -> None:
    digits = plain(minor, currency).split(" ")[0].replace(".", "")
    assert int(digits) == minor


@given(st.integers(0, MAX_MINOR), st.sampled_from(["EUR", "JPY", "KWD", "CLF", "RSD"]))
def test_p10_what_is_printed_is_also_taken(minor: int, currency: str) -> None:
    text = number(minor, currency)
    assert parse(text, digits_of(currency)) == minor
    assert parse(text.replace(".", ","), digits_of(currency)) == minor


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        *(("1,000", 0), ("1,000", 2), ("1.000", 2), ("1,000.00", 2), ("1 000", 2), ("1_000", 2)),
        *(("", 2), (".", 2), (".5", 2), ("5.", 2), ("-1", 2), ("+1", 2), ("1e3", 2), ("nan", 2)),
        *(("1e999999", 2), ("\u0663", 2), ("\u00b2", 2), ("1\n", 2), (" 1", 2), ("9" * 5000, 2)),
    ],
)
def test_p10_an_amount_that_two_people_read_differently_is_none(text: str, digits: int) -> None:
    with pytest.raises(ValueError, match="want"):
        parse(text, digits)


def test_p10_fewer_decimals_are_taken_for_the_others_are_nought() -> None:
    assert (parse("5", 2), parse("5,9", 2), parse("005", 2)) == (500, 590, 500)
