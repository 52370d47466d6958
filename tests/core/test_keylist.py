"""A key list says whose signatures count, and holds no key that cannot sign."""

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.document import DocumentError
from kiosk.core.keylist import ROLES, WEAK_POINTS, parse_keys, with_key, without_key
from kiosk.core.signing import VerifyKey, b64encode, is_signed, kid_of, public_of
from kiosk.core.values import Json

PUBLIC = public_of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KID = kid_of(PUBLIC)
KEY: Mapping[str, Any] = {"kid": KID, "public": b64encode(PUBLIC), "role": "issuer"}

PRIME = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME


def listed(*keys: Json, **more: Json) -> dict[str, VerifyKey]:
    return parse_keys({"version": 1, "keys": list(keys), **more})


def changed(**changes: Json) -> Mapping[str, Any]:
    return {**KEY, **changes}


def of_public(public: bytes) -> Mapping[str, Any]:
    return changed(kid=kid_of(public), public=b64encode(public))


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"device"}))
def test_a_key_is_found_by_its_id(role: str) -> None:
    assert listed(changed(role=role)) == {KID: VerifyKey(KID, PUBLIC, role)}


def test_a_device_key_names_its_customer() -> None:
    (key,) = listed(changed(role="device", customer="customer-1")).values()
    assert key.customer == "customer-1"


def test_a_list_may_be_empty() -> None:
    assert listed() == {}


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("a key", "keys.keys[0]: must be an object, is text"),
        (changed(role="owner"), "keys.keys[0].role: 'owner' is not one of issuer, device"),
        (changed(role=None), "keys.keys[0].role: None is not one of issuer"),
        (changed(role=["issuer"]), "keys.keys[0].role: ['issuer'] is not one of"),
        (changed(kid=KID.upper()), "keys.keys[0].kid: '"),
        (
            changed(kid="00" * 8),
            f"keys.keys[0].kid: does not belong to this public key; it is {KID}",
        ),
        (changed(public=""), "keys.keys[0].public: '' is not base64url"),
        (changed(public=b64encode(PUBLIC) + "="), "keys.keys[0].public: '"),
        (changed(public="A"), "keys.keys[0].public: not base64url"),
        (changed(public=7), "keys.keys[0].public: must be text, is a number"),
        (of_public(PUBLIC[:31]), "keys.keys[0].public: is 31 bytes; an Ed25519 key has 32"),
        (of_public(bytes(32)), "keys.keys[0].public: is a weak point"),
        (changed(role="device"), "keys.keys[0].customer: a device key names its customer"),
        (changed(customer="customer-1"), "keys.keys[0].customer: a device key names"),
        (changed(role="device", customer="a b"), "keys.keys[0].customer: 'a b' is not a cust"),
        (
            changed(private="x"),
            "keys.keys[0].private: unknown field; remove it, or move it",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_that_breaks_a_rule_is_refused_by_name(key: Json, place: str) -> None:
    with pytest.raises(DocumentError) as caught:
        listed(key)
    assert str(caught.value).startswith(place)


def test_a_key_stands_there_once() -> None:
    with pytest.raises(DocumentError, match=r"keys\.keys\[1\]: key '[0-9a-f]{16}' is there twice"):
        listed(KEY, changed(role="hub"))


@pytest.mark.parametrize("version", [0, -1, None, "1"])
def test_a_list_has_a_version(version: Json) -> None:
    with pytest.raises(DocumentError, match=r"^keys\.version: "):
        listed(KEY, version=version)


def test_a_list_holds_nothing_else() -> None:
    with pytest.raises(DocumentError, match=r"^keys\.shop: unknown field"):
        listed(KEY, shop="corner")


# The next version.


def key_of(seed: int, role: str = "issuer", customer: str = "") -> VerifyKey:
    public = public_of(Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))
    return VerifyKey(kid_of(public), public, role, customer)


def test_a_list_grows_by_a_key_and_a_version_at_a_time() -> None:
    issuer, device = key_of(1), key_of(2, "device", "customer-1")
    first = with_key(None, issuer)
    second = with_key(first, device)
    assert (first["version"], second["version"]) == (1, 2)
    assert list(parse_keys(second).values()) == [issuer, device]


def test_a_key_is_taken_out_in_a_new_version() -> None:
    issuer, hub = key_of(1), key_of(2, "hub")
    shorter = without_key(with_key(with_key(None, issuer), hub), issuer.kid)
    assert shorter["version"] == 3
    assert list(parse_keys(shorter).values()) == [hub]


def test_a_key_that_is_there_is_not_added_and_one_that_is_not_is_not_removed() -> None:
    one = with_key(None, key_of(1))
    with pytest.raises(DocumentError, match="is there twice"):
        with_key(one, key_of(1, "hub"))
    with pytest.raises(DocumentError, match=r"^keys\.keys: no key '00'; see kiosk keys list show$"):
        without_key(one, "00")


def test_no_version_is_made_of_a_key_or_list_that_breaks_a_rule() -> None:
    with pytest.raises(DocumentError, match="customer"):
        with_key(None, key_of(1, "device"))
    with pytest.raises(DocumentError, match="version"):
        with_key({"version": 0, "keys": []}, key_of(1))
    with pytest.raises(DocumentError, match="keys: is missing"):
        without_key({"version": 1}, "00")


# Weak points: under them anybody signs anything, and a customer could deny every token.


def multiply_by_eight(point: tuple[int, int]) -> tuple[int, int]:
    x, y = point
    for _ in range(3):
        t = CURVE_D * x * x * y * y
        x, y = (
            2 * x * y * pow(1 + t, -1, PRIME) % PRIME,
            (y * y + x * x) * pow(1 - t, -1, PRIME) % PRIME,
        )
    return x, y


@pytest.mark.parametrize("encoded", sorted(WEAK_POINTS), ids=lambda point: point.hex()[:8])
def test_a_weak_point_has_small_order_and_is_refused_with_either_sign(encoded: bytes) -> None:
    y = int.from_bytes(encoded, "little") % PRIME
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert x * x % PRIME == square
    assert multiply_by_eight((x, y)) == (0, 1)
    for public in (encoded, encoded[:31] + bytes([encoded[31] | 0x80])):
        with pytest.raises(DocumentError, match="weak point"):
            listed(of_public(public))


def test_a_weak_point_would_sign_what_nobody_said() -> None:
    identity = (1).to_bytes(32, "little")
    assert is_signed(identity, identity + bytes(32), b"let anybody in")
