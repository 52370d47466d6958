"""Signed policies and questions for the tests of the score service."""

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.policy import Policy, parse_policy
from kiosk.core.signing import VerifyKey, kid_of, public_of, sign
from kiosk.core.values import CustomerRef
from kiosk.scoring.checks import Question

NOW_S: Final = 1_800_000_000
OWNER: Final = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
SERVICE: Final = Ed25519PrivateKey.from_private_bytes(b"\x06" * 32)
STRANGER: Final = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
THRESHOLDS: Final = {"entry-600": "entry", "entry-700": "entry", "rental-500": "rental:drill"}


def verify_key(private: Ed25519PrivateKey, role: str) -> VerifyKey:
    """The public half and what it may say."""
    public = public_of(private)
    return VerifyKey(kid_of(public), public, role)


def policy_payload(version: int = 1, now_s: int = NOW_S, **changes: object) -> dict[str, Any]:
    """A policy with three registered thresholds, in force for a day."""
    thresholds = [
        {
            "id": name,
            "purpose": purpose,
            "points": int(name.rpartition("-")[2]),
            "tier": "standard",
            "since_s": now_s - 10,
            "shadow": False,
        }
        for name, purpose in THRESHOLDS.items()
    ]
    return {
        "version": version,
        "shop": "shop",
        "currency": "EUR",
        "issued_s": now_s - 10,
        "valid_until_s": now_s + 86_400,
        "max_inside": 1,
        "thresholds": thresholds,
        "ways": ["score", "voucher"],
        **changes,
    }


def policy_envelope(
    version: int = 1, private: Ed25519PrivateKey = OWNER, now_s: int = NOW_S
) -> bytes:
    """The same, signed."""
    return sign("policy", policy_payload(version, now_s), private)


def policy(version: int = 1, now_s: int = NOW_S, **changes: object) -> Policy:
    """The same, parsed."""
    return parse_policy(policy_payload(version, now_s, **changes))


def question(
    request_id: str = "r1",
    kiosk: str = "shop/door",
    customer: str = "customer-1",
    purpose: str = "entry",
    thresholds: tuple[str, ...] = ("entry-600", "entry-700"),
    nonce: str = "0011223344556677",
) -> Question:
    """A question that a kiosk might ask."""
    return Question(request_id, kiosk, CustomerRef(customer), purpose, thresholds, nonce)
