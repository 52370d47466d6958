"""The counter's payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

LOOKED_AT: Final = 1000  # weeks of payments at the counter, read in a few milliseconds


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment that staff recorded.

    Attributes:
        number: Position in the feed, from 1; numbers rise in the order of commits.
        digest: SHA-256 of what was asked, to tell a resend from another payment.
        amount_minor: 0 when it pays for named items.
    """

    number: int
    key: str
    digest: bytes
    kiosk: str
    visit: str
    epcs: tuple[str, ...]
    amount_minor: int
    currency: str
    method: str
    at_s: int


class Payments(Protocol):
    """The counter's payments, in the order they were recorded."""

    def by_key(self, key: str) -> PaymentRow | None:
        """Return the payment of this idempotency key."""

    def add(self, row: PaymentRow) -> int:
        """Add a payment and return its number; the row's own number is not read."""

    def after(self, kiosk: str, number: int, limit: int) -> Sequence[PaymentRow]:
        """Return the kiosk's payments beyond `number`, oldest first."""

    def of_visit(self, kiosk: str, visit: str) -> Sequence[PaymentRow]:
        """Return the payments for one visit, oldest first."""

    def astray(self, since_s: int, limit: int) -> Sequence[PaymentRow]:
        """Return payments for visits on which nobody came in, as far as is known; newest first.

        Args:
            since_s: Recorded at or after this time.
            limit: How many at most, among the newest `LOOKED_AT`.
        """
