"""The key list: whose signatures count, and for what; signed by the owner."""

import re
from collections.abc import Mapping
from typing import Final

from kiosk.core import identity
from kiosk.core.document import DocumentError, Fields, read, unique
from kiosk.core.signing import PUBLIC_BYTES, VerifyKey, b64decode, b64encode, kid_of
from kiosk.core.values import Json

ROLES: Final = ("issuer", "device", "voucher", "provider", "log", "hub")
"""What a listed key may do; the owner's key is pinned in the configuration, never listed."""

_KID: Final = re.compile(r"[0-9a-f]{16}")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_SIGN_BIT: Final = 0x7F
WEAK_POINTS: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        # The seven encodings of points of small order, RFC 8032 section 5.1.3, sign bit off.
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
"""Under such a key anybody signs anything: its customer could deny every token."""


def parse_keys(payload: Mapping[str, Json]) -> dict[str, VerifyKey]:
    """Return the listed keys by key id.

    Raises:
        DocumentError: The first field that breaks a rule, by its path.
    """
    fields = read(payload, "keys")
    fields.integer("version", 1)
    keys = fields.many("keys", _key)
    fields.end()
    unique([key.kid for key in keys], "keys.keys", "key")
    return {key.kid: key for key in keys}


def with_key(payload: Mapping[str, Json] | None, key: VerifyKey) -> Mapping[str, Json]:
    """Return the next version of a list, or the first one, with this key in it.

    Raises:
        DocumentError: The list or the key breaks a rule, or the key is there already.
    """
    row: dict[str, Json] = {"kid": key.kid, "public": b64encode(key.public), "role": key.role}
    if key.customer:
        row["customer"] = key.customer
    return _next(payload, [*_rows(payload), row])


def without_key(payload: Mapping[str, Json], kid: str) -> Mapping[str, Json]:
    """Return the next version of a list without this key.

    Raises:
        DocumentError: The list breaks a rule, or no such key is in it.
    """
    rows = _rows(payload)
    kept = [row for row in rows if not (isinstance(row, Mapping) and row.get("kid") == kid)]
    if len(kept) == len(rows):
        raise DocumentError("keys.keys", f"no key {kid!a}; see kiosk keys list show")
    return _next(payload, kept)


def _rows(payload: Mapping[str, Json] | None) -> list[Json]:
    if payload is None:
        return []
    parse_keys(payload)
    return list(read(payload, "keys").plain("keys"))


def _next(payload: Mapping[str, Json] | None, rows: list[Json]) -> Mapping[str, Json]:
    version = 0 if payload is None else read(payload, "keys").integer("version", 1)
    listed: dict[str, Json] = {"version": version + 1, "keys": rows}
    parse_keys(listed)
    return listed


def _key(fields: Fields) -> VerifyKey:
    kid = fields.text("kid", _KID, "16 lower-case hex digits")
    public = _public(fields)
    if kid != kid_of(public):
        raise fields.wrong("kid", f"does not belong to this public key; it is {kid_of(public)}")
    role = fields.choice("role", ROLES)
    customer = fields.text("customer", identity.CUSTOMER, "a customer reference", default="")
    if (role == "device") != (customer != ""):
        raise fields.wrong("customer", "a device key names its customer, and no other key does")
    return VerifyKey(kid, public, role, customer)


def _public(fields: Fields) -> bytes:
    text = fields.text("public", _BASE64URL, "base64url without padding")
    try:
        public = b64decode(text)
    except ValueError as error:
        raise fields.wrong("public", str(error)) from error
    if len(public) != PUBLIC_BYTES:
        raise fields.wrong("public", f"is {len(public)} bytes; an Ed25519 key has {PUBLIC_BYTES}")
    if bytes([*public[:-1], public[-1] & _SIGN_BIT]) in WEAK_POINTS:
        raise fields.wrong("public", "is a weak point that signs anything; make another key")
    return public
