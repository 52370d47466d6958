"""A small shop for the tests of the gate: rules, tags, identities, moments."""

from collections.abc import Mapping, Sequence
from typing import Final

from kiosk.core.catalogue import parse_catalogue
from kiosk.core.epc import encode_sgtin96
from kiosk.core.identity import TokenFault
from kiosk.core.inputs import IdRejected, IdShown, ProviderAnswered, Read, TagsRead
from kiosk.core.policy import parse_policy
from kiosk.core.values import (
    Answer,
    Claim,
    ClockSync,
    CustomerRef,
    Epc,
    Json,
    Moment,
    Payment,
    RequestId,
    Spend,
    Tier,
    Verdict,
    VisitId,
)
from kiosk.core.visit_state import Rules

WALL_MS: Final = 1_795_000_000_000  # 2026-11-18 11:06:40 UTC, a Wednesday
SNACK, SNACK_MINOR = "00614141123452", 599
TEA, TEA_MINOR = "80614141123458", 250
KEY, KEY_MINOR = "00614141999996", 1200
THRESHOLD = "entry-600"


def snack(serial: int) -> Epc:
    """One pack; every serial is another item of the same article."""
    return encode_sgtin96(SNACK, 7, serial)


def tea(serial: int) -> Epc:
    """One box of tea."""
    return encode_sgtin96(TEA, 7, serial)


def own(serial: int) -> Epc:
    """A tag that the shop's catalogue does not know: the customer's own."""
    return encode_sgtin96(KEY, 7, serial)


def at(mono_ms: int, sync: ClockSync = ClockSync.NTP) -> Moment:
    """A moment; both clocks run together."""
    return Moment(mono_ms, WALL_MS + mono_ms, sync)


def rules(
    *, sold: Sequence[Epc] = (), sells: Sequence[str] = (SNACK, TEA), **changes: Json
) -> Rules:
    """The rules of the shop; `changes` replace fields of the policy."""
    policy: dict[str, Json] = {
        "version": 3,
        "shop": "shop-1",
        "currency": "EUR",
        "issued_s": 1_700_000_000,
        "valid_until_s": 1_900_000_000,
        "max_inside": 1,
        "thresholds": [
            {
                "id": THRESHOLD,
                "purpose": "entry",
                "points": 600,
                "tier": "standard",
                "since_s": 1_700_000_000,
            }
        ],
    }
    prices = {SNACK: ("Trail mix", SNACK_MINOR), TEA: ("Tea", TEA_MINOR)}
    catalogue: Mapping[str, Json] = {
        "version": 7,
        "currency": "EUR",
        "items": [
            {"gtin": gtin, "name": prices[gtin][0], "price_minor": prices[gtin][1]}
            for gtin in sells
        ],
        "sold": list(sold),
    }
    return Rules(
        "front",
        parse_policy({**policy, **changes}),
        parse_catalogue(catalogue),
        {},
        frozenset({"shop-1"}),
    )


def signed(name: str, nonce: str) -> Claim:
    """A fresh token from a phone."""
    return Claim(CustomerRef(name), Tier.SIGNED, Spend("aa" * 8, nonce, 1_900_000_000))


def fob(name: str) -> Claim:
    """A bare claim."""
    return Claim(CustomerRef(name), Tier.CLAIM, None)


def voucher(number: int) -> Claim:
    """A paper voucher; its nonce is always the same."""
    spend = Spend("bb" * 8, f"{number:016x}", 1_900_000_000)
    return Claim(CustomerRef(f"voucher:{number:08x}"), Tier.VOUCHER, spend)


def shown(ms: int, claim: Claim, visit: str, side: str = "entry") -> IdShown:
    """A genuine code before a camera."""
    return IdShown(at(ms), claim, VisitId(visit), side)


def rejected(ms: int, fault: TokenFault, visit: str) -> IdRejected:
    """A code that proves nothing."""
    return IdRejected(at(ms), fault, VisitId(visit))


def answered(
    ms: int,
    request: str,
    verdict: Verdict | None,
    *,
    provider: str = "http",
    threshold: str = THRESHOLD,
    reasons: tuple[str, ...] = (),
) -> ProviderAnswered:
    """A provider's answer; None is a provider that cannot be asked."""
    said = {} if verdict is None else {threshold: verdict}
    fault = "timeout" if verdict is None else ""
    answer = Answer(RequestId(request), said, reasons, provider=provider, fault=fault)
    return ProviderAnswered(at(ms), answer)


def tags(ms: int, *epcs: Epc, rssi_dbm: int | None = -50) -> TagsRead:
    """One batch of reads."""
    return TagsRead(at(ms), tuple(Read(epc, rssi_dbm) for epc in epcs))


def items_paid(number: int, visit: str, *epcs: Epc) -> Payment:
    """A payment for these items."""
    return Payment(number, VisitId(visit), epcs, 0, "EUR", f"key-{number}")


def amount_paid(number: int, visit: str, minor: int, currency: str = "EUR") -> Payment:
    """A payment of an amount."""
    return Payment(number, VisitId(visit), (), minor, currency, f"key-{number}")
