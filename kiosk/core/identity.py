"""The identity token in a QR: text, keys and a moment become a claim or the exact fault.

A token is a CWT (RFC 8392) in COSE_Sign1 (RFC 9052) with EdDSA, in base45 (RFC 9285) after the
prefix `K1:`. Every value has one accepted form. Replay is not judged here: the ledger spends
(kid, cti).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import base45
import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core import signing
from kiosk.core.signing import VerifyKey
from kiosk.core.values import Claim, ClockSync, CustomerRef, Moment, Spend, Tier

PREFIX: Final = "K1:"
MAX_CHARS: Final = 512
SKEW_S: Final = 5
"""How far the clocks of phone and kiosk may differ, both ways."""
NONCE_BYTES: Final = 8
VOUCHER_PREFIX: Final = "voucher:"
MAX_LIFE_S: Final[Mapping[str, int]] = {
    "issuer": 120,  # long enough to walk to the camera, short enough to make a photo useless
    "device": 120,
    "voucher": 366 * 24 * 3600,  # on paper, sold for a year
}
"""Longest `exp - iat` by the role of the key; a key of any other role signs no token."""

_TEXT = re.compile(r"K1:[0-9A-Z $%*+\-./:]+")
CUSTOMER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_VOUCHER = re.compile(r"voucher:[0-9a-f]{8}")
_MAX_AUDIENCE: Final = 128
_MAX_TIME_S: Final = 2**53 - 1
_MAX_DEPTH: Final = 4
_CHALLENGE_BYTES: Final = range(8, 65)  # RFC 9711 section 4.1, size of a nonce claim
_SIGN1: Final = b"\xd2"  # tag 18, RFC 9052 section 4.2
_SIGN1_PARTS: Final = 4
_ALG, _KID, _EDDSA = 1, 4, -8  # RFC 9052 section 3.1, RFC 9053 section 2.2
_SUB, _AUD, _EXP, _NBF, _IAT, _CTI = 2, 3, 4, 5, 6, 7  # RFC 8392 section 3.1
_CHALLENGE: Final = 10  # RFC 9711 section 4.1
_PLAIN: Final = frozenset({int, str, bytes})


class TokenFault(StrEnum):
    """Why a token is not accepted; of several faults the first in this order is told.

    `BAD_SIGNATURE` also covers a good signature by a key that may not speak for this customer.
    """

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown-key"
    BAD_SIGNATURE = "bad-signature"
    WRONG_AUDIENCE = "wrong-audience"
    TOO_LONG_LIVED = "too-long-lived"
    CLOCK_UNKNOWN = "clock-unknown"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"


class _MalformedError(Exception):
    """The text is not the one form of a token."""


@dataclass(frozen=True, slots=True)
class _Envelope:
    kid: str
    signed: bytes
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Token:
    customer: str
    audience: str
    from_s: int
    issued_s: int
    expires_s: int
    nonce: bytes


def verify(
    text: str, keys: Mapping[str, VerifyKey], audiences: frozenset[str], now: Moment
) -> Claim | TokenFault:
    """Return who the token speaks for, or why it does not count; raises for no text at all.

    Args:
        text: As read from the QR.
        keys: By key id; only issuer, device and voucher keys sign tokens.
        audiences: The names that this kiosk and its shop go by.
        now: The moment of the scan.
    """
    try:
        envelope = _open(text)
        key = keys.get(envelope.kid)
        if key is None or key.role not in MAX_LIFE_S:
            return TokenFault.UNKNOWN_KEY
        if not signing.is_signed(key.public, envelope.signature, envelope.signed):
            return TokenFault.BAD_SIGNATURE
        token = _token(envelope.payload)
    except _MalformedError:
        return TokenFault.MALFORMED
    if not _may_speak_for(key, token.customer):
        return TokenFault.BAD_SIGNATURE
    if token.audience not in audiences:
        return TokenFault.WRONG_AUDIENCE
    fault = _time_fault(token, MAX_LIFE_S[key.role], now)
    if fault is not None:
        return fault
    # The nonce must be remembered for as long as the token can pass, which includes the skew.
    spend = Spend(key.kid, token.nonce.hex(), token.expires_s + SKEW_S)
    tier = Tier.VOUCHER if key.role == "voucher" else Tier.SIGNED
    return Claim(CustomerRef(token.customer), tier, spend)


def mint(  # noqa: PLR0913, PLR0917 - a token has these seven parts; callers vary each of them
    customer: str,
    audience: str,
    now_s: int,
    ttl_s: int,
    nonce: bytes,
    private: Ed25519PrivateKey,
    kid: str,
) -> str:
    """Return a token's text; it says what it is told, so that tests can mint faulty ones too."""
    protected = cbor2.dumps({_ALG: _EDDSA, _KID: bytes.fromhex(kid)})
    payload = cbor2.dumps(
        {_SUB: customer, _AUD: audience, _EXP: now_s + ttl_s, _IAT: now_s, _CTI: nonce}
    )
    signature = private.sign(_signed_bytes(protected, payload))
    token = _SIGN1 + cbor2.dumps([protected, {}, payload, signature])
    return PREFIX + str(base45.b45encode(token), "ascii")


def is_customer_ref(text: str) -> bool:
    """Say whether `text` may name a customer: 1 to 64 of letters, digits and `_ . : -`."""
    return CUSTOMER.fullmatch(text) is not None


def _is_audience(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_AUDIENCE


def _is_time(value: object) -> bool:
    return isinstance(value, int) and 0 < value <= _MAX_TIME_S


_RULES: Final[Mapping[object, Callable[[object], bool]]] = {
    _SUB: lambda value: isinstance(value, str) and is_customer_ref(value),
    _AUD: _is_audience,
    _EXP: _is_time,
    _NBF: _is_time,
    _IAT: _is_time,
    _CTI: lambda value: isinstance(value, bytes) and len(value) == NONCE_BYTES,
    _CHALLENGE: lambda value: isinstance(value, bytes) and len(value) in _CHALLENGE_BYTES,
}
_REQUIRED: Final = _RULES.keys() - {_NBF, _CHALLENGE}


def _open(text: str) -> _Envelope:
    if len(text) > MAX_CHARS or _TEXT.fullmatch(text) is None:
        raise _MalformedError
    try:
        data = base45.b45decode(text.removeprefix(PREFIX))
    except ValueError as error:
        raise _MalformedError from error
    parts = _decode(data.removeprefix(_SIGN1))
    if not data.startswith(_SIGN1) or not isinstance(parts, list) or len(parts) != _SIGN1_PARTS:
        raise _MalformedError
    protected, unprotected, payload, signature = parts
    if not (
        isinstance(protected, bytes)
        and isinstance(unprotected, dict)
        and isinstance(payload, bytes)
        and isinstance(signature, bytes)
    ):
        raise _MalformedError
    kid = _kid(_decode(protected), unprotected)
    return _Envelope(kid, _signed_bytes(protected, payload), payload, signature)


def _kid(protected: object, unprotected: dict[object, object]) -> str:
    """Return the key id, in either header once; the algorithm may only be the key's own."""
    if not isinstance(protected, dict) or protected.keys() & unprotected.keys():
        raise _MalformedError
    headers = protected | unprotected
    kid = headers.get(_KID)
    if headers.keys() != {_ALG, _KID} or protected.get(_ALG) != _EDDSA:
        raise _MalformedError
    if not isinstance(kid, bytes):
        raise _MalformedError
    return kid.hex()


def _token(payload: bytes) -> _Token:
    claims = _decode(payload)
    if not isinstance(claims, dict) or not _REQUIRED <= claims.keys() <= _RULES.keys():
        raise _MalformedError
    if not all(_RULES[name](claim) for name, claim in claims.items()):
        raise _MalformedError
    issued_s, expires_s = claims[_IAT], claims[_EXP]
    if issued_s >= expires_s:
        raise _MalformedError
    from_s = max(issued_s, claims.get(_NBF, 0))
    return _Token(claims[_SUB], claims[_AUD], from_s, issued_s, expires_s, claims[_CTI])


def _may_speak_for(key: VerifyKey, customer: str) -> bool:
    if key.role == "voucher":
        return _VOUCHER.fullmatch(customer) is not None
    if key.role == "device":
        return customer == key.customer
    return not customer.startswith(VOUCHER_PREFIX)


def _time_fault(token: _Token, max_life_s: int, now: Moment) -> TokenFault | None:
    if token.expires_s - token.issued_s > max_life_s:
        return TokenFault.TOO_LONG_LIVED
    if now.sync is ClockSync.NONE:
        return TokenFault.CLOCK_UNKNOWN
    if now.wall_s < token.from_s - SKEW_S:
        return TokenFault.NOT_YET_VALID
    if now.wall_s >= token.expires_s + SKEW_S:
        return TokenFault.EXPIRED
    return None


def _signed_bytes(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])  # RFC 9052 section 4.4


def _decode(data: bytes) -> object:
    """Return the value whose one encoding in the given order is `data`.

    Writing it again refuses what reading tolerates: longer heads, trailing bytes, odd tags.
    """
    try:
        value: object = cbor2.loads(
            data, max_depth=_MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False
        )
        again = cbor2.dumps(value)
    except cbor2.CBORError as error:
        raise _MalformedError from error
    if again != data or not _is_plain(value):
        raise _MalformedError
    return value


def _is_plain(value: object) -> bool:
    """Say whether only integers, texts and bytes are in it; to Python, `true` and 1.0 equal 1."""
    if isinstance(value, dict):
        return all(_is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(_is_plain(part) for part in value)
    return type(value) in _PLAIN
