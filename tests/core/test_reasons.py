"""Every reason explains itself: a title, what it means, what to do next (P9)."""

import pytest

from kiosk.core.reasons import WORDS, Reason, said_by_provider


@pytest.mark.parametrize("reason", list(Reason))
def test_p9_every_reason_has_all_its_words(reason: Reason) -> None:
    words = WORDS[reason]
    assert words.title
    assert words.meaning
    for text in (words.title, words.meaning, words.next_step):
        assert text.strip() == text
    assert len(words.title) <= 32, "a title fits the screen"


def test_p6_no_word_tells_a_number() -> None:
    texts = [f"{w.title} {w.meaning} {w.next_step}" for w in WORDS.values()]
    assert not any(character.isdigit() for text in texts for character in text)


def test_p9_a_providers_code_is_read_as_words() -> None:
    assert said_by_provider("not-enrolled").startswith("Your provider: It does not know you yet")
    assert said_by_provider("late-return") == "Your provider: late return."
