"""An amount is printed with the decimal point of its own currency (P10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.money import plain


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
