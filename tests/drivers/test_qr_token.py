"""Which texts may leave the driver: `K1:` and base45 in ASCII, at most 512 characters."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.qr_token import TOKEN_MAX, is_token

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
HOSTILE = {
    "empty": "",
    "prefix only": "K1:",
    "another version": "K2:ABC",
    "lower-case prefix": "k1:ABC",
    "lower case": "K1:abc",
    "line break at the end": "K1:ABC\n",
    "line break within": "K1:AB\nC",
    "null": "K1:AB\x00C",
    "escape": "K1:\x1b[2J",
    "carriage return": "K1:ABC\r",
    "one too long": "K1:" + "A" * (TOKEN_MAX - 2),
    "4 kB": "K1:" + "A" * 4093,
    "html": "K1:<SCRIPT>ALERT(1)</SCRIPT>",
    "csv formula": "=K1:ABC",
    "formula within": 'K1:=HYPERLINK("X")',
    "sql": "K1:' OR 1=1 --",
    "umlaut": "K1:Ä",
    "fullwidth digits": "K1:\uff11\uff12",
    "arabic digits": "K1:\u0661\u0662",
    "right-to-left mark": "K1:ABC\u202e",
    "kelvin sign": "\u212a1:ABC",
    "space before": " K1:ABC",
    "surrogate": "K1:\udc80",
    "a web address": "https://example.org/K1:ABC",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_no_token(text: str) -> None:
    assert not is_token(text)


@given(st.text(alphabet=BASE45, min_size=1, max_size=TOKEN_MAX - 3))
@example("A" * (TOKEN_MAX - 3))
@example(" ")
def test_every_base45_text_behind_the_prefix_is_a_token(body: str) -> None:
    assert is_token("K1:" + body)


@given(st.one_of(st.text(), st.text().map(lambda text: "K1:" + text)))
def test_what_passes_is_short_printable_ascii(text: str) -> None:
    if is_token(text):
        assert text.isascii()
        assert text.isprintable()
        assert len(text) <= TOKEN_MAX
        assert set(text) <= set(BASE45)


@given(
    st.text(alphabet=BASE45, min_size=1, max_size=50),
    st.characters(exclude_characters=BASE45),
    st.integers(min_value=0, max_value=50),
)
def test_one_foreign_character_anywhere_is_enough_to_refuse(
    body: str, foreign: str, at: int
) -> None:
    assert not is_token("K1:" + body[:at] + foreign + body[at:])


def test_a_filter_that_matches_instead_of_fullmatching_lets_a_line_break_through() -> None:
    careless = re.compile(r"K1:[0-9A-Z $%*+\-./:]+$")  # the mutant: "$" matches before "\n"
    assert careless.match("K1:ABC\n")
    assert not is_token("K1:ABC\n")
