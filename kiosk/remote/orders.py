"""The words of payments: what is asked to be recorded, and what a feed gives back."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from kiosk.core.values import MAX_JSON_INTEGER, Epc, Payment, VisitId

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_JSON_INTEGER)]


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
class VisitStanding:
    """How a visit stands after a payment for it.

    Attributes:
        state: Its outcome, "open" while it goes on, "outside" while nobody has come in on it.
        credit_minor: What covers no whole line yet.
    """

    state: str
    paid_minor: Count
    owed_minor: Count
    credit_minor: Count


@dataclass(frozen=True, slots=True)
class RecordedPayment:
    """A payment that is recorded.

    Attributes:
        number: Its number in the feed.
        visit: None when the hub has not yet seen the visit.
    """

    number: Count
    visit: VisitStanding | None = None


@dataclass(frozen=True, slots=True)
class PaymentsPage:
    """A stretch of the provider's feed.

    Attributes:
        payments: In feed order.
        next: Cursor to ask with the next time.
    """

    payments: tuple[Payment, ...]
    next: int
