"""The words that every floor shares: names, moments, answers, lines.

Everything here is frozen and compares by value.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType, TypeAlias

CustomerRef = NewType("CustomerRef", str)
"""Pairwise reference of a customer, as in the token's `sub`; personal: never logged in clear."""
VisitId = NewType("VisitId", str)
"""One visit, a UUIDv7 in text; clear in the ledger."""
RequestId = NewType("RequestId", str)
"""One question to a provider; a late answer is dropped by it."""
Epc = NewType("Epc", str)
"""Item identity: the full EPC bytes in upper-case hex (24 characters for 96 bits)."""
Gtin = NewType("Gtin", str)
"""GTIN-14 digits; for the catalogue and for display."""

Json: TypeAlias = bool | int | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""What canonical JSON may hold: no floats, integers below 2^53, ASCII keys."""

VISIT_ID: Final = re.compile(  # RFC 9562 sections 4 and 5.7
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
MAX_JSON_INTEGER: Final = 2**53 - 1  # RFC 8785 section 3.2.2.3, IEEE 754 exactness


class CoreError(Exception):
    """Root of the core's errors: a value that breaks a rule of the core.

    CoreError
    +-- CanonicalError   the value has no canonical form
    +-- SigningError     an envelope that is not what it says
    +-- DocumentError    a policy, key list or catalogue that breaks its rules
    +-- EpcError         bytes that no written tag carries
    """

    exit_code: int = 2


class ClockSync(StrEnum):
    """How the wall clock is known: by network, on the configuration's word, by battery, or not."""

    NTP = "ntp"
    TRUSTED = "trusted"
    RTC = "rtc"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as one input carries it.

    Attributes:
        mono_ms: Milliseconds on the monotonic clock; every deadline is judged on it.
        wall_ms: Milliseconds since 1970 UTC; shown and signed, never a deadline's judge.
        sync: How `wall_ms` is known; `NONE` starts no score-gated visit.
        err_ms: Bound of the error of `wall_ms`; 0 when not known.
    """

    mono_ms: int
    wall_ms: int
    sync: ClockSync = ClockSync.NTP
    err_ms: int = 0

    @property
    def wall_s(self) -> int:
        """Whole seconds since 1970 UTC."""
        return self.wall_ms // 1000


class Way(StrEnum):
    """A way in. Deposits and prepayment join when they can be given back."""

    SCORE = "score"
    VOUCHER = "voucher"
    VOUCHED = "vouched"


class Verdict(StrEnum):
    """A provider's answer to one threshold; unknown is never no (P4)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a visit ended; every visit has exactly one (P3)."""

    PAID = "paid"
    EMPTY = "empty"
    UNPAID = "unpaid"
    UNRESOLVED = "unresolved"


class Tier(StrEnum):
    """How much an identity proves: signed and fresh, a bare claim, or a voucher in hand."""

    SIGNED = "signed"
    CLAIM = "claim"
    VOUCHER = "voucher"


@dataclass(frozen=True, slots=True)
class Spend:
    """A nonce to spend in the transaction of the visit's first event.

    Attributes:
        kid: Key id of the token's signer.
        cti: The token's nonce, lower-case hex.
        exp_s: Unix second after which the row may be forgotten.
    """

    kid: str
    cti: str
    exp_s: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A verified identity, or a bare claim of one.

    Attributes:
        customer: Pairwise reference.
        tier: What it proves; a `CLAIM` (fob) never asks for a score.
        spend: Nonce to spend, None for a fob, which has none.
    """

    customer: CustomerRef
    tier: Tier
    spend: Spend | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said about one request, checked and bound to it.

    Attributes:
        request_id: The request it answers.
        answers: One verdict per threshold id that was asked.
        reasons: At most four codes in plain ASCII, most important first.
        valid_until_s: Unix second until which it may be used again; 0 for "now only".
        provider: Kind of provider: http, none or vouch.
        fault: Why the provider could not be asked, "" when it answered.
    """

    request_id: RequestId
    answers: Mapping[str, Verdict]
    reasons: tuple[str, ...] = ()
    valid_until_s: int = 0
    provider: str = "http"
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One item that left, priced for this visit.

    Attributes:
        epc: The item.
        gtin: Its GTIN-14, "" when the catalogue knows it by EPC only.
        name: Name from the catalogue.
        price_minor: Price after the tier's discount, rounded once, in the customer's favour.
        paid: Whether a payment covers it.
    """

    epc: Epc
    gtin: str
    name: str
    price_minor: int
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as the payment provider recorded it.

    Attributes:
        number: Position in the provider's feed, from 1; the cursor of `GET /v1/payments`.
        visit: The visit it is for.
        epcs: The items it covers; empty when it is an amount.
        amount_minor: Amount in minor units, covering whole lines in read order; 0 with `epcs`.
        currency: ISO 4217 code.
        key: Idempotency key of whoever recorded it.
    """

    number: int
    visit: VisitId
    epcs: tuple[Epc, ...]
    amount_minor: int
    currency: str
    key: str
