"""Whoever is turned away reads why, the next way in, whom to ask, and a code to name (P9)."""

from itertools import combinations

import pytest

from drivers.screen import COLUMNS, LINES, folded
from kiosk.core.commands import Show
from kiosk.core.notice import HUMAN, STAFF_ONLY, WAY_WORDS, notice
from kiosk.core.reasons import EXPLAINED, WORDS, Reason
from kiosk.core.values import Way

SOME_WAYS = [ways for count in range(3) for ways in combinations(Way, count)]


@pytest.mark.parametrize("ways", SOME_WAYS)
@pytest.mark.parametrize("reason", sorted(EXPLAINED))
def test_p9_a_refusal_has_words_a_way_on_a_person_and_a_code(
    reason: Reason, ways: tuple[Way, ...]
) -> None:
    read = notice(Show("entry", reason, ways))
    assert read.title == WORDS[reason].title
    assert read.lines[0] == WORDS[reason].meaning
    assert read.lines[-2:] == (HUMAN, f"Reason: {reason}")
    way_on = read.lines[1:-2]
    assert way_on, "there is always a next step"
    assert way_on[len(way_on) - len(ways) :] == tuple(f"- {WAY_WORDS[way]}" for way in ways)
    assert ("You can come in another way:" in way_on) is bool(ways), "no way is promised in vain"


def test_p9_with_no_other_way_staff_let_in() -> None:
    assert notice(Show("entry", Reason.BELOW)).lines[1] == STAFF_ONLY


@pytest.mark.parametrize("reason", sorted(set(Reason) - EXPLAINED))
def test_who_is_not_turned_away_is_not_told_of_complaints(reason: Reason) -> None:
    read = notice(Show("entry", reason))
    assert read.lines == (WORDS[reason].meaning, WORDS[reason].next_step)


def test_a_customer_whom_staff_vouch_for_already_is_not_sent_to_ask_them_again() -> None:
    last = notice(Show("entry", Reason.BELOW, (Way.VOUCHED,))).lines[-3]
    assert last.startswith("- choose vouched; if staff do not vouch for you yet")
    assert len(last) <= COLUMNS


def test_who_has_to_wait_reads_how_long() -> None:
    read = notice(Show("entry", Reason.BUSY, wait_s=5))
    assert "Try again in 5 s." in read.lines


@pytest.mark.parametrize("reason", list(Reason))
def test_p9_every_screen_of_text_is_seen_whole(reason: Reason) -> None:
    codes = tuple("x" * 60 for _ in range(13))  # as many lines as an unpaid exit names
    read = notice(Show("entry", reason, tuple(Way), wait_s=60, lines=codes))
    rows = [row for line in (read.title, "", *read.lines) for row in folded(line)]
    assert len(rows) <= LINES
