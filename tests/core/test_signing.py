"""An envelope says exactly what its key signed, as the kind that was signed."""

import hashlib

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core import canonical
from kiosk.core.canonical import CanonicalError
from kiosk.core.signing import (
    KINDS,
    SigningError,
    VerifyKey,
    b64decode,
    b64encode,
    is_signed,
    kid_of,
    open_envelope,
    public_of,
    sign,
)
from kiosk.core.values import Json

OWNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_of(OWNER)
KID = kid_of(PUBLIC)
KEYS = {KID: VerifyKey(KID, PUBLIC, "owner")}
PAYLOAD: Json = {"version": 3, "shop": "corner"}
GOLDEN = b'{"kid":"56475aa75463474c","payload":"eyJzaG9wIjoiY29ybmVyIiwidmVyc2lvbiI6M30","sig":"'


def reason(envelope: bytes, kind: str = "policy") -> str:
    with pytest.raises(SigningError) as caught:
        open_envelope(kind, envelope, KEYS)
    return caught.value.reason


def test_the_key_id_is_the_start_of_the_hash_of_the_public_key() -> None:
    assert hashlib.sha256(PUBLIC).hexdigest()[:16] == KID


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_was_signed_is_what_is_read(kind: str) -> None:
    assert open_envelope(kind, sign(kind, PAYLOAD, OWNER), KEYS) == PAYLOAD


def test_the_bytes_of_an_envelope_never_change() -> None:
    envelope = sign("policy", PAYLOAD, OWNER)
    assert envelope.startswith(GOLDEN)
    signature = b64decode(orjson.loads(envelope)["sig"])
    OWNER.public_key().verify(signature, b"kiosk/policy/v1\n" + canonical.encode(PAYLOAD))


def test_order_and_spaces_around_the_three_fields_do_not_matter() -> None:
    fields = orjson.loads(sign("policy", PAYLOAD, OWNER))
    swapped = orjson.dumps(dict(reversed(fields.items())), option=orjson.OPT_INDENT_2)
    assert open_envelope("policy", swapped, KEYS) == PAYLOAD


@pytest.mark.parametrize("signed_as", sorted(KINDS))
@pytest.mark.parametrize("opened_as", sorted(KINDS))
def test_one_kind_never_passes_as_another(signed_as: str, opened_as: str) -> None:
    envelope = sign(signed_as, PAYLOAD, OWNER)
    if signed_as != opened_as:
        assert reason(envelope, opened_as) == "bad-signature"


def test_a_key_that_is_not_listed_is_unknown() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
    assert reason(sign("policy", PAYLOAD, stranger)) == "unknown-key"


def test_a_stranger_who_claims_a_known_key_is_found_out() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
    fields = orjson.loads(sign("policy", PAYLOAD, stranger))
    assert reason(orjson.dumps(fields | {"kid": KID})) == "bad-signature"


def test_every_single_bit_flip_is_refused() -> None:
    envelope = sign("policy", PAYLOAD, OWNER)
    for at in range(len(envelope) * 8):
        flipped = bytearray(envelope)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(SigningError):
            open_envelope("policy", bytes(flipped), KEYS)


def test_every_cut_is_malformed() -> None:
    envelope = sign("policy", PAYLOAD, OWNER)
    assert {reason(envelope[:end]) for end in range(len(envelope))} == {"malformed"}


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_fail_in_another_way(envelope: bytes) -> None:
    assert reason(envelope) == "malformed"


def test_a_field_more_less_twice_or_of_another_type_is_malformed() -> None:
    envelope = sign("policy", PAYLOAD, OWNER)
    fields = orjson.loads(envelope)
    assert reason(orjson.dumps(fields | {"alg": "none"})) == "malformed"
    assert reason(orjson.dumps({name: fields[name] for name in ("kid", "sig")})) == "malformed"
    assert reason(envelope[:-1] + b',"kid":"' + KID.encode() + b'"}') == "malformed"
    assert reason(orjson.dumps(fields | {"sig": 1})) == "malformed"
    assert reason(orjson.dumps([fields])) == "malformed"


@pytest.mark.parametrize("name", ["payload", "sig"])
@pytest.mark.parametrize("suffix", ["=", "==", "\\n", "!", "A", "+/"])
def test_base64_in_a_second_form_is_malformed(name: str, suffix: str) -> None:
    fields = orjson.loads(sign("policy", PAYLOAD, OWNER))
    envelope = orjson.dumps(fields | {name: "x"}).replace(
        b'"x"', f'"{fields[name]}{suffix}"'.encode()
    )
    assert reason(envelope) in {"malformed", "bad-signature"}


@pytest.mark.parametrize("body", [b'{"version": 3}', b'{"a":1,"a":1}', b'["a"]', b"3", b"x"])
def test_a_signed_payload_must_be_a_canonical_object(body: bytes) -> None:
    envelope = orjson.dumps(
        {
            "payload": b64encode(body),
            "kid": KID,
            "sig": b64encode(OWNER.sign(b"kiosk/policy/v1\n" + body)),
        }
    )
    assert reason(envelope) == "malformed"


def test_a_kind_that_is_not_in_the_list_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no such kind"):
        sign("token", PAYLOAD, OWNER)
    with pytest.raises(ValueError, match="no such kind"):
        open_envelope("token", b"", KEYS)


def test_a_payload_without_canonical_form_is_not_signed() -> None:
    with pytest.raises(CanonicalError):
        sign("policy", {"share": 2**53}, OWNER)


def test_a_key_or_signature_of_the_wrong_length_signs_nothing() -> None:
    signature = OWNER.sign(b"message")
    assert is_signed(PUBLIC, signature, b"message")
    assert not is_signed(PUBLIC[:-1], signature, b"message")
    assert not is_signed(PUBLIC, signature[:-1], b"message")
    assert not is_signed(PUBLIC, b"", b"message")


@given(st.binary(max_size=50))
def test_base64url_has_one_form_for_every_bytes(data: bytes) -> None:
    text = b64encode(data)
    assert "=" not in text
    assert b64decode(text) == data


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "A A", "AA\n", "+/+/", "é", "AAé", "====="])
def test_another_form_of_base64url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not base64url"):
        b64decode(text)
