"""A terminal obeys nothing that is printed, and nothing of the text is lost."""

from ast import literal_eval

from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.printable import printable


@given(st.text())
def test_no_terminal_obeys_what_is_printed(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(st.characters(exclude_characters="\\'")))
def test_what_was_said_can_still_be_read(text: str) -> None:
    assert literal_eval(f"'{printable(text)}'") == text


def test_plain_text_stays_as_it_is() -> None:
    assert printable("Käse 5,99 €") == "Käse 5,99 €"
    assert printable("a\nb\x1b[2J") == "a\\nb\\x1b[2J"
