"""What every payment provider takes and answers."""

from dataclasses import dataclass
from typing import Protocol

from kiosk.core.values import Epc, Payment, VisitId


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """A payment to record, for items or for an amount.

    Attributes:
        key: Idempotency key: the same key and content are recorded once.
        kiosk: Name of the kiosk whose visit it is.
        epcs: The items it covers; empty when it is an amount.
        amount_minor: Amount in minor units; 0 with `epcs`.
        currency: ISO 4217 code.
        method: cash, card, voucher or transfer.
    """

    key: str
    kiosk: str
    visit: VisitId
    currency: str
    epcs: tuple[Epc, ...] = ()
    amount_minor: int = 0
    method: str = "cash"


@dataclass(frozen=True, slots=True)
class PaymentsPage:
    """A stretch of the provider's feed.

    Attributes:
        payments: In feed order.
        next: Cursor to ask with the next time.
    """

    payments: tuple[Payment, ...]
    next: int


class PaymentProvider(Protocol):
    """Where payments are recorded; the query is the truth, a callback only a hint."""

    def record(self, order: PaymentOrder) -> int:
        """Return the payment's number in the feed; a repeat returns the same number.

        Raises:
            RemoteError: Not recorded, or not known to be: send the same order again.
        """

    def since(self, after: int, wait_s: int = 0) -> PaymentsPage:
        """Return the payments after cursor `after`, waiting up to `wait_s` for the first.

        Raises:
            RemoteError: Not known; the cursor has not moved.
        """
