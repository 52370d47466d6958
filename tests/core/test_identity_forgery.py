"""No forged, bent or foreign text is ever taken for a token, and none makes the judge fail."""

import io
import random
from contextlib import suppress

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.core.identity import PREFIX, TokenFault, mint, verify
from kiosk.core.signing import kid_of, public_of
from kiosk.core.values import Claim
from tests.core.tokens import (
    AUDIENCES,
    CLAIMS,
    HEADER,
    KID,
    KID_BYTES,
    NONCE,
    NOW_S,
    PAYLOAD,
    SHOP,
    at,
    bytes_of,
    check,
    claiming,
    flip,
    sealed,
    text_of,
    token,
)

# What may stand in a token's place.


@given(st.text())
@example("K1:" + "A" * 4096)
@example("K1:" + "\x00" * 300)
@example("K1:\n")
@example("k1:ABC")
@example("K1:\u0660\u0661")
@example("\ud800")
def test_no_text_makes_verify_raise(text: str) -> None:
    assert check(text) is TokenFault.MALFORMED
    assert check(PREFIX + text) is TokenFault.MALFORMED


@given(st.binary(max_size=330))
def test_no_bytes_behind_the_prefix_make_verify_raise(data: bytes) -> None:
    assert check(text_of(data)) is TokenFault.MALFORMED
    assert check(text_of(b"\xd2\x84" + data)) in {TokenFault.MALFORMED, TokenFault.UNKNOWN_KEY}


CBOR = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-9, 12) | st.text(max_size=2), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.integers(0, 300), inner)
    ),
    max_leaves=12,
)


@given(CBOR, CBOR, CBOR)
def test_no_signed_nonsense_makes_verify_raise(
    protected: object, spare: object, payload: object
) -> None:
    assert check(sealed(cbor2.dumps(protected), spare)) is TokenFault.MALFORMED
    assert check(sealed(HEADER, payload=cbor2.dumps(payload))) is TokenFault.MALFORMED
    assert check(sealed(payload=PAYLOAD, head=cbor2.dumps(spare))) is TokenFault.MALFORMED


@given(st.dictionaries(st.sampled_from([2, 3, 4, 5, 6, 7, 10]), CBOR, min_size=1, max_size=3))
def test_no_odd_claim_makes_verify_raise(changes: dict[int, object]) -> None:
    assert isinstance(check(claiming(changes)), Claim | TokenFault)


# Forgery.


def test_every_single_bit_flip_of_the_bytes_is_refused() -> None:
    good = bytes_of(token())
    accepted = [
        bit for bit in range(len(good) * 8) if isinstance(check(text_of(flip(good, bit))), Claim)
    ]
    assert accepted == []


def test_the_bit_flips_find_a_reader_that_skips_the_signature() -> None:
    good = bytes_of(token())

    def careless(data: bytes) -> bool:
        with suppress(cbor2.CBORError, AttributeError, LookupError, TypeError):
            claims = cbor2.loads(cbor2.loads(data).value[2])
            return bool(claims[3] in AUDIENCES and claims[4] > NOW_S)
        return False

    assert sum(careless(flip(good, bit)) for bit in range(len(good) * 8)) > 500


def test_every_single_bit_flip_of_the_text_is_refused() -> None:
    good = token().encode()
    for bit in range(len(good) * 8):
        assert isinstance(check(flip(good, bit).decode("latin-1")), TokenFault)


def test_every_cut_and_every_addition_is_malformed() -> None:
    text, data = token(), bytes_of(token())
    for end in range(len(text)):
        assert check(text[:end]) is TokenFault.MALFORMED
    for end in range(len(data)):
        assert check(text_of(data[:end])) is TokenFault.MALFORMED
    assert check(text_of(data + b"\x00")) is TokenFault.MALFORMED
    for more in ("0", "000", " ", "\n", "\x00", "é"):
        assert check(text + more) is TokenFault.MALFORMED
    assert check(" " + text) is TokenFault.MALFORMED


def test_the_signature_of_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    claimed = mint("customer-1", SHOP, NOW_S, 90, NONCE, other, KID)
    assert check(claimed) is TokenFault.BAD_SIGNATURE
    honest = mint("customer-1", SHOP, NOW_S, 90, NONCE, other, kid_of(public_of(other)))
    assert check(honest) is TokenFault.UNKNOWN_KEY


def test_the_payload_of_one_token_under_the_signature_of_another_is_refused() -> None:
    ours, theirs = cbor2.loads(bytes_of(token())).value, cbor2.loads(bytes_of(token("c-2"))).value
    mixed = text_of(b"\xd2" + cbor2.dumps([*ours[:2], theirs[2], ours[3]]))
    assert check(mixed) is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("protected", "unprotected"),
    [
        ({4: KID_BYTES}, {}),
        ({1: 0, 4: KID_BYTES}, {}),
        ({1: "none", 4: KID_BYTES}, {}),
        ({1: None, 4: KID_BYTES}, {}),
        ({1: 5, 4: KID_BYTES}, {}),
        ({1: -7, 4: KID_BYTES}, {}),
        ({1: -8.0, 4: KID_BYTES}, {}),
        ({True: -8, 4: KID_BYTES}, {}),
        ({1: "EdDSA", 4: KID_BYTES}, {}),
        ({4: KID_BYTES}, {1: -8}),
        ({1: -8}, {1: -8, 4: KID_BYTES}),
        ({1: -8, 4: KID_BYTES}, {1: 5}),
        ({1: -8, 4: KID_BYTES}, {4: KID_BYTES}),
        ({1: -8, 4: KID_BYTES}, {4: b"other"}),
        ({1: -8, 4: KID_BYTES}, {33: b"certificate"}),
        ({1: -8, 2: [99], 99: 1, 4: KID_BYTES}, {}),
        ({1: -8}, {}),
        ({1: -8, 4: KID}, {}),
        ({1: -8, 4: 7}, {}),
        ({1: -8, 4: [KID_BYTES]}, {}),
        ([1, -8], {}),
        ({}, {}),
    ],
    ids=repr,
)
def test_the_algorithm_and_the_key_id_have_one_place_and_one_form(
    protected: object, unprotected: object
) -> None:
    assert check(sealed(cbor2.dumps(protected), unprotected)) is TokenFault.MALFORMED


def test_the_key_id_may_stand_in_the_unprotected_header() -> None:
    assert isinstance(check(sealed(cbor2.dumps({1: -8}), {4: KID_BYTES})), Claim)


@pytest.mark.parametrize("kid", [b"", KID_BYTES[:7], KID_BYTES + b"\x00", bytes(8)])
def test_another_key_id_is_unknown(kid: bytes) -> None:
    assert check(sealed(cbor2.dumps({1: -8, 4: kid}))) is TokenFault.UNKNOWN_KEY


@pytest.mark.parametrize("role", ["owner", "provider", "log", "hub", ""])
def test_keys_of_other_roles_sign_no_token(role: str) -> None:
    assert check(token(), role=role) is TokenFault.UNKNOWN_KEY


def test_no_keys_know_nobody() -> None:
    assert verify(token(), {}, AUDIENCES, at(NOW_S)) is TokenFault.UNKNOWN_KEY


@pytest.mark.parametrize("head", [b"", b"\xd1", b"\xd8\x12", b"\xd8\x3d\xd2", b"\xd2\xd2", b"\xc0"])
def test_one_tag_stands_before_the_token(head: bytes) -> None:
    assert check(sealed(head=head)) is TokenFault.MALFORMED


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [HEADER, {}, PAYLOAD],
        [HEADER, {}, PAYLOAD, bytes(64), b""],
        [HEADER, {}, None, bytes(64)],
        [HEADER, {}, "text", bytes(64)],
        [HEADER, [], PAYLOAD, bytes(64)],
        [HEADER, {}, PAYLOAD, "signature"],
        ["header", {}, PAYLOAD, bytes(64)],
        {1: 2},
        18,
    ],
    ids=lambda parts: f"{type(parts).__name__}-{str(parts)[:30]}",
)
def test_a_token_has_four_parts_of_their_types(parts: object) -> None:
    assert check(text_of(b"\xd2" + cbor2.dumps(parts))) is TokenFault.MALFORMED


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_an_empty_or_odd_signature_signs_nothing(signature: bytes) -> None:
    forged = text_of(b"\xd2" + cbor2.dumps([HEADER, {}, PAYLOAD, signature]))
    assert check(forged) is TokenFault.BAD_SIGNATURE


def test_a_signature_raised_by_the_group_order_is_refused() -> None:
    order = 2**252 + 27742317777372353535851937790883648493  # RFC 8032 section 5.1
    data = bytes_of(token())
    raised = int.from_bytes(data[-32:], "little") + order
    forged = data[:-32] + raised.to_bytes(32, "little")
    assert check(text_of(forged)) is TokenFault.BAD_SIGNATURE


ODD_ENCODINGS = {
    "indefinite map": b"\xbf" + PAYLOAD[1:] + b"\xff",
    "longer head": b"\xb8\x05" + PAYLOAD[1:],
    "trailing byte": PAYLOAD + b"\xf6",
    "a claim twice": b"\xa6" + PAYLOAD[1:] + b"\x02" + cbor2.dumps("customer-1"),
    "two customers": b"\xa6" + PAYLOAD[1:] + b"\x02" + cbor2.dumps("customer-2"),
    "a claim twice, longer": b"\xa6" + PAYLOAD[1:] + b"\x18\x02" + cbor2.dumps("customer-2"),
    "text with a longer head": PAYLOAD.replace(b"\x02\x6a", b"\x02\x78\x0a"),
    "key with a longer head": PAYLOAD.replace(b"\x02\x6a", b"\x18\x02\x6a"),
}


@pytest.mark.parametrize("payload", ODD_ENCODINGS.values(), ids=ODD_ENCODINGS)
def test_claims_have_one_encoding_even_when_signed(payload: bytes) -> None:
    assert payload != PAYLOAD
    assert check(sealed(payload=payload)) is TokenFault.MALFORMED


@pytest.mark.parametrize("payload", ODD_ENCODINGS.values(), ids=ODD_ENCODINGS)
def test_a_tolerant_reader_would_take_each_of_them(payload: bytes) -> None:
    with io.BytesIO(payload) as stream:
        assert cbor2.CBORDecoder(stream).decode().keys() == CLAIMS.keys()


@pytest.mark.parametrize("payload", [b"", b"\xa0", b"\x80", b"\xd8\x3d" + PAYLOAD, b"\xf6"])
def test_claims_are_one_plain_map(payload: bytes) -> None:
    assert check(sealed(payload=payload)) is TokenFault.MALFORMED


@pytest.mark.slow
def test_a_hundred_thousand_mutations_are_refused() -> None:
    good, chance = bytes_of(token()), random.Random(8392)
    pieces = [good, HEADER, PAYLOAD, bytes_of(token("c-2")), b"\xff", b"\xa0", bytes(9)]
    for _ in range(100_000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(data) + 1)
            piece = chance.choice(pieces)
            start = chance.randrange(len(piece))
            cut = at + chance.choice((0, 0, 1, 2, 8))
            data[at:cut] = piece[start : start + chance.randint(0, 9)]
        if data != good:
            assert isinstance(check(text_of(bytes(data[:340]))), TokenFault)
