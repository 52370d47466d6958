"""Money and time in the words of the shop."""

import pytest

from kiosk.core.reasons import Reason
from kiosk.core.values import Way
from kiosk.hub.pages import words
from kiosk.hub.pages.render import Show, _money
from kiosk.hub.store.visits import VisitRow
from tests.hub.worlds import NOON_MS


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (599, "EUR", "€5.99"),
        (0, "EUR", "€0.00"),
        (599, "JPY", "¥599"),
        (5990, "TND", "TND5.990"),
        (59900, "RSD", "RSD599.00"),
        (123456, "EUR", "€1,234.56"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert Show(NOON_MS).money(minor, currency).replace("\xa0", "") == text


def test_a_price_that_a_day_shows_thousands_of_times_is_written_once() -> None:
    _money.cache_clear()
    assert {Show(0, currency="EUR").money(599) for _ in range(1000)} == {"€5.99"}
    assert _money.cache_info().misses == 1


def test_without_a_currency_an_amount_is_a_number() -> None:
    assert Show(NOON_MS).money(599) == "599"


@pytest.mark.parametrize(
    ("currency", "text", "minor"), [("EUR", "5.99", 599), ("JPY", "599", 599), ("RSD", "5.99", 599)]
)
def test_what_a_form_shows_it_also_takes(currency: str, text: str, minor: int) -> None:
    show = Show(NOON_MS, 0, currency)
    assert (show.plain(minor), show.minor(text)) == (text, minor)


@pytest.mark.parametrize("text", ["1,000", "1e999999", "0", "0.00", "1_000", "\u0663"])
def test_a_form_takes_no_amount_that_may_mean_another(text: str) -> None:
    with pytest.raises(ValueError, match="want"):
        Show(NOON_MS, 0, "EUR").minor(text)


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
    assert (Show(NOON_MS).ago(None), Show(NOON_MS).when(None)) == ("never", "not known")


def test_the_zone_of_the_shop_is_named() -> None:
    assert Show(NOON_MS, 60).zone == "UTC+1"


def test_a_time_of_today_needs_no_day() -> None:
    show = Show(NOON_MS)
    assert show.short(NOON_MS) == "12:00"
    assert show.short(NOON_MS + 86_400_000) == "Tue 24 Nov, 12:00"
    assert show.short(None) == "not known"


@pytest.mark.parametrize(
    ("row", "owed_minor", "text"),
    [
        (VisitRow("k", "v", way="score", outcome="unpaid"), 1, "Unpaid"),
        (VisitRow("k", "v", way="score", outcome="unpaid"), 0, "Paid late"),
        (VisitRow("k", "v", way="score", outcome="new-code"), 0, "new-code"),
        (VisitRow("k", "v", way="score"), 0, "Inside or at the door"),
        (VisitRow("k", "v", way="score", ended_ms=1), 0, "Let in but did not come in"),
        (VisitRow("k", "v", decision="refused"), 0, "Not let in"),
        (VisitRow("k", "v", decision="offered"), 0, "Offered another way"),
        (VisitRow("k", "v", decision="offered", reason="new"), 0, "Offered another way: new"),
        (
            VisitRow("k", "v", decision="offered", reason="busy"),
            0,
            "Asked to wait: somebody was inside",
        ),
        (
            VisitRow("k", "v", decision="refused", reason="replayed"),
            0,
            "Not let in: the code was used before",
        ),
        (VisitRow("k", "v"), 0, "No answer yet"),
    ],
)
def test_a_visit_says_how_it_came_out(row: VisitRow, owed_minor: int, text: str) -> None:
    assert words.outcome(row, owed_minor) == text


ON_THE_SCREEN_ONLY = {
    *(Reason.IDLE, Reason.CHECKING, Reason.NOT_ENTERED, Reason.DOOR_HELD, Reason.EXIT_FREE),
    *(Reason.GROUP, Reason.READING, Reason.PAID, Reason.EMPTY, Reason.UNPAID, Reason.UNRESOLVED),
}


def test_every_reason_that_an_answer_can_have_has_plain_words() -> None:
    assert set(words.REASONS) == set(Reason) - ON_THE_SCREEN_ONLY


def test_every_way_in_has_plain_words() -> None:
    assert set(words.WAYS) == set(Way)
    assert words.way(VisitRow("k", "v", way="flight")) == "by flight"
    assert words.way(VisitRow("k", "v")) == ""
