"""Money and time in the words of the shop."""

import pytest

from kiosk.hub.pages import words
from kiosk.hub.pages.render import Show
from kiosk.hub.store.visits import VisitRow
from tests.hub.worlds import NOON_MS


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(599, "EUR", "€5.99"), (0, "EUR", "€0.00"), (599, "JPY", "¥599"), (5990, "TND", "TND5.990")],
)
def test_an_amount_has_the_decimals_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert Show(NOON_MS).money(minor, currency).replace("\xa0", "") == text


def test_without_a_currency_an_amount_is_a_number() -> None:
    assert Show(NOON_MS).money(599) == "599"


@pytest.mark.parametrize(("currency", "text", "minor"), [("EUR", "5.99", 599), ("JPY", "599", 599)])
def test_what_a_form_shows_it_also_takes(currency: str, text: str, minor: int) -> None:
    show = Show(NOON_MS, 0, currency)
    assert (show.plain(minor), show.minor(text)) == (text, minor)


def test_times_are_those_of_the_shop() -> None:
    show = Show(NOON_MS, offset_min=-13 * 60)
    assert show.day(NOON_MS) == "Sunday 22 November 2026"
    assert show.when(NOON_MS) == "Sun 22 Nov, 23:00"
    assert show.clock(NOON_MS + 7000) == "23:00:07"
    assert show.midnight_ms() == NOON_MS - 23 * 3_600_000
    assert show.iso(NOON_MS) == "2026-11-23T12:00:00+00:00"


@pytest.mark.parametrize(
    ("ago_ms", "text"),
    [
        (0, "just now"),
        (180_000, "3 minutes ago"),
        (-180_000, "in 3 minutes"),
        (86_400_000, "1 day ago"),
    ],
)
def test_ages_are_words(ago_ms: int, text: str) -> None:
    assert Show(NOON_MS).ago(NOON_MS - ago_ms) == text


def test_what_never_was_says_so() -> None:
    assert (Show(NOON_MS).ago(None), Show(NOON_MS).when(None)) == ("never", "not yet")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (VisitRow("k", "v", way="score", outcome="unpaid"), "Unpaid"),
        (VisitRow("k", "v", way="score", outcome="new-code"), "new-code"),
        (VisitRow("k", "v", way="score"), "Inside or at the door"),
        (VisitRow("k", "v", way="score", ended_ms=1), "Did not come in"),
        (VisitRow("k", "v", decision="refused"), "Not let in"),
        (VisitRow("k", "v", decision="offered"), "Offered another way"),
    ],
)
def test_a_visit_says_how_it_came_out(row: VisitRow, text: str) -> None:
    assert words.outcome(row) == text


@pytest.mark.parametrize("reason", sorted(words.ATTEMPTS))
def test_an_attempt_says_why_in_plain_words(reason: str) -> None:
    assert (
        words.outcome(VisitRow("k", "v", decision="offered", reason=reason))
        == (words.ATTEMPTS[reason])
    )
