"""The words of payments: what is asked to be recorded, and what a feed gives back."""

from dataclasses import dataclass

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
