"""Signed envelopes: what a key said about one kind of document, and nothing else.

The signature covers the kind, so that a policy can never pass as a key list. Keys are passed in;
none is made or kept here.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.core import canonical
from kiosk.core.values import CoreError, Json

KINDS: Final = frozenset({"policy", "keys", "catalogue", "answer"})
"""Kinds of document that may be signed."""
PUBLIC_BYTES: Final = 32  # RFC 8032 section 5.1.5
KID_BYTES: Final = 8  # 64 bits name a key among the few that one shop pins; the signature decides
_FIELDS: Final = frozenset({"payload", "kid", "sig"})
_QUOTES: Final = 4 * len(_FIELDS)


class SigningError(CoreError):
    """An envelope that is not what it says.

    Attributes:
        reason: "malformed", "unknown-key" or "bad-signature".
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key and what it may say.

    Attributes:
        kid: `kid_of(public)`.
        public: 32 bytes, Ed25519.
        role: owner, issuer, device, voucher, provider, log or hub.
        customer: The one customer a device key speaks for; "" for every other role.
    """

    kid: str
    public: bytes
    role: str
    customer: str = ""


def kid_of(public: bytes) -> str:
    """Return the key id: the first 8 bytes of SHA-256 over the public key, in hex."""
    return hashlib.sha256(public).digest()[:KID_BYTES].hex()


def public_of(private: Ed25519PrivateKey) -> bytes:
    """Return the 32 public bytes of `private`."""
    return private.public_key().public_bytes_raw()


def b64encode(data: bytes) -> str:
    """Return base64url text without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64decode(text: str) -> bytes:
    """Return the bytes whose one base64url text without padding is `text`.

    Raises:
        ValueError: Any other text: padding, the other alphabet, stray bits, line ends.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ValueError("not base64url") from error
    if b64encode(data) != text:
        raise ValueError("not base64url without padding")
    return data


def sign(kind: str, payload: Json, private: Ed25519PrivateKey) -> bytes:
    """Return the envelope in which `private` says `payload`, as JSON bytes.

    Raises:
        CanonicalError: The payload has no canonical form.
        ValueError: No such kind.
    """
    body = canonical.encode(payload)
    return canonical.encode(
        {
            "payload": b64encode(body),
            "kid": kid_of(public_of(private)),
            "sig": b64encode(private.sign(_preamble(kind) + body)),
        }
    )


def open_envelope(kind: str, envelope: bytes, keys: Mapping[str, VerifyKey]) -> Mapping[str, Json]:
    """Return the payload that one of `keys` signed as this kind.

    Which roles may sign which kind is the caller's choice of `keys`.

    Raises:
        SigningError: Malformed, signed by no known key, or not signed by the key it names.
        ValueError: No such kind.
    """
    preamble = _preamble(kind)
    fields = _fields(envelope)
    key = keys.get(fields["kid"])
    if key is None:
        raise SigningError("unknown-key", f"{kind}: signed by a key that is not known here")
    try:
        body, signature = b64decode(fields["payload"]), b64decode(fields["sig"])
    except ValueError as error:
        raise SigningError("malformed", f"{kind}: {error}") from error
    if not is_signed(key.public, signature, preamble + body):
        raise SigningError("bad-signature", f"{kind}: the signature does not fit")
    return _payload(kind, body)


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether `signature` over `message` is by the key `public`; never raises."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _preamble(kind: str) -> bytes:
    if kind not in KINDS:
        raise ValueError(f"no such kind of envelope: {kind!r}")
    return f"kiosk/{kind}/v1\n".encode("ascii")


def _fields(envelope: bytes) -> Mapping[str, str]:
    try:
        fields = orjson.loads(envelope)
    except orjson.JSONDecodeError as error:
        raise SigningError("malformed", f"envelope: not JSON: {error}") from error
    if (
        not isinstance(fields, dict)
        or set(fields) != _FIELDS
        or not all(isinstance(value, str) for value in fields.values())
        # Base64url and hex need no escapes, so further quotes are a field given twice.
        or envelope.count(b'"') != _QUOTES
    ):
        raise SigningError("malformed", "envelope: must hold payload, kid and sig, each once")
    return fields


def _payload(kind: str, body: bytes) -> Mapping[str, Json]:
    try:
        payload = canonical.decode(body)
    except canonical.CanonicalError as error:
        raise SigningError("malformed", f"{kind}: {error}") from error
    if not isinstance(payload, Mapping):
        raise SigningError("malformed", f"{kind}: the payload must be an object")
    return payload
