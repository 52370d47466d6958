"""From values to HTML: templates that escape everything, money and time in plain words."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_currency
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kiosk.core import money
from kiosk.core.zone import zone_name
from kiosk.hub.documents import policy_now
from kiosk.hub.store.base import Transaction

LOCALE: Final = "en"
NOW_MS: Final = 1000  # the page shows no less than a second
TEMPLATES: Final = Path(__file__).parents[1] / "templates"
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Show:
    """How this shop writes money and time, as of now.

    Attributes:
        offset_min: The shop's time, minutes east of UTC.
        currency: ISO 4217; "" before the first policy.
    """

    now_ms: int
    offset_min: int = 0
    currency: str = ""

    def money(self, minor: int, currency: str = "") -> str:
        """Return an amount in words for people, "€5.99"."""
        code = currency or self.currency
        return _money(minor, code) if code else str(minor)

    def minor(self, text: str) -> int:
        """Return the minor units in "5.99" or "5,99".

        Raises:
            ValueError: It is no amount of this currency.
        """
        minor = money.parse(text.strip(), money.digits_of(self.currency))
        if not minor:
            raise ValueError("want an amount above 0")
        return minor

    def plain(self, minor: int) -> str:
        """Return an amount as a form takes it, "5.99"."""
        return money.number(minor, self.currency)

    @property
    def zone(self) -> str:
        """The shop's time zone, "UTC+1" or "UTC-3:30"."""
        return zone_name(self.offset_min)

    def when(self, at_ms: int | None) -> str:
        """Return a time of the shop, "Mon 23 Nov, 12:00"."""
        if at_ms is None:
            return "not known"
        return format_datetime(self._local(at_ms), "EEE d MMM, HH:mm", locale=LOCALE)

    def short(self, at_ms: int | None) -> str:
        """Return a time of today, "12:00"; one of another day with its day."""
        if at_ms is None or self._local(at_ms).date() != self._local(self.now_ms).date():
            return self.when(at_ms)
        return f"{self._local(at_ms):%H:%M}"

    def clock(self, at_ms: int) -> str:
        """Return a time of day to the second, "12:00:07"."""
        return format_datetime(self._local(at_ms), "HH:mm:ss", locale=LOCALE)

    def day(self, at_ms: int) -> str:
        """Return a day, "Monday 23 November 2026"."""
        return format_datetime(self._local(at_ms), "EEEE d MMMM y", locale=LOCALE)

    def iso(self, at_ms: int) -> str:
        """Return a time for machines."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")

    def ago(self, at_ms: int | None) -> str:
        """Return how long ago, "3 minutes ago", or "in 3 minutes"."""
        if at_ms is None:
            return "never"
        if abs(self.now_ms - at_ms) < NOW_MS:
            return "just now"
        gap = timedelta(milliseconds=at_ms - self.now_ms)
        return format_timedelta(gap, locale=LOCALE, add_direction=True)

    def midnight_ms(self) -> int:
        """Return when the shop's day began."""
        local = self._local(self.now_ms)
        began = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return int(began.timestamp() * 1000)

    def _local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, timezone(timedelta(minutes=self.offset_min)))


@lru_cache(maxsize=4096)
def _money(minor: int, code: str) -> str:
    """Return an amount in words; kept, for a busy day shows few prices thousands of times."""
    digits = money.digits_of(code)
    # The locale's own number of decimals differs from ISO 4217 for the dinar and others.
    pattern = f"¤#,##0.{'0' * digits}" if digits else "¤#,##0"
    exact = Decimal(minor).scaleb(-digits)
    return format_currency(exact, code, pattern, locale=LOCALE, currency_digits=False)


def show_of(tx: Transaction, now_ms: int) -> Show:
    """Return how the shop writes, by its policy."""
    policy = policy_now(tx)
    if policy is None:
        return Show(now_ms)
    return Show(now_ms, policy.utc_offset_min, policy.currency)


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page made of a template."""
    text = _ENVIRONMENT.get_template(template).render(
        shop=request.app.state.hub.state.shop, path=request.url.path, **values
    )
    return HTMLResponse(text, status)
