"""Tokens, good and bad, and the kiosk that judges them."""

from collections.abc import Mapping
from typing import Any

import base45
import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.identity import PREFIX, TokenFault, mint, verify
from kiosk.core.signing import VerifyKey, kid_of, public_of
from kiosk.core.values import Claim, ClockSync, Moment

NOW_S = 1_800_000_000
NONCE = bytes.fromhex("0102030405060708")
SHOP = "corner"
AUDIENCES = frozenset({SHOP, "corner/door-1"})
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_of(PRIVATE)
KID = kid_of(PUBLIC)
CLAIMS: Mapping[Any, Any] = {2: "customer-1", 3: SHOP, 4: NOW_S + 90, 6: NOW_S, 7: NONCE}
KID_BYTES = bytes.fromhex(KID)
HEADER = cbor2.dumps({1: -8, 4: KID_BYTES})
PAYLOAD = cbor2.dumps(dict(CLAIMS))


def at(wall_s: float, sync: ClockSync = ClockSync.NTP) -> Moment:
    return Moment(mono_ms=5, wall_ms=int(wall_s * 1000), sync=sync)


def check(
    text: str, now: Moment | None = None, role: str = "issuer", customer: str = ""
) -> Claim | TokenFault:
    keys = {KID: VerifyKey(KID, PUBLIC, role, customer)}
    return verify(text, keys, AUDIENCES, now or at(NOW_S))


def token(customer: str = "customer-1", audience: str = SHOP, ttl_s: int = 90) -> str:
    return mint(customer, audience, NOW_S, ttl_s, NONCE, PRIVATE, KID)


def text_of(data: bytes) -> str:
    return PREFIX + str(base45.b45encode(data), "ascii")


def bytes_of(text: str) -> bytes:
    data: bytes = base45.b45decode(text.removeprefix(PREFIX))
    return data


def sealed(
    protected: bytes = HEADER,
    unprotected: object = None,
    payload: bytes = PAYLOAD,
    head: bytes = b"\xd2",
) -> str:
    """Return a token with a good signature over whatever it is given."""
    signature = PRIVATE.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    return text_of(head + cbor2.dumps([protected, unprotected or {}, payload, signature]))


def claiming(changes: Mapping[Any, Any]) -> str:
    """Return a well-signed token with changed claims; None takes a claim out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return sealed(payload=cbor2.dumps(claims))


def flip(data: bytes, bit: int) -> bytes:
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)
