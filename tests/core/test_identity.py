"""A token speaks for one customer, here, now; every other text is refused with its reason."""

import io
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import base45
import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.core.identity import (
    MAX_CHARS,
    MAX_LIFE_S,
    PREFIX,
    SKEW_S,
    TokenFault,
    is_customer_ref,
    mint,
    verify,
)
from kiosk.core.signing import VerifyKey, kid_of, public_of
from kiosk.core.values import Claim, ClockSync, CustomerRef, Moment, Spend, Tier

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
GOLDEN = (
    "K1:RRQT 9P60GO0$+AWKB3UAR098CKDN5XD0 PC QE+3E5$C4W5FJ0UPC:KE5$CFN0FPDU"
    "QQWY0FPDUOQJ-0X507H0QS00+027BRHNG94DGIGSCUCB65L6UGN4UIDOM:I0TH%:HAQ0B4GB.FJIL:CU"
    "TPR*$282H9KFUV2M-RXZJ.OJE-HBOOJI0KR1BFP:ZG4RJ"
)


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


def test_a_good_token_is_a_claim_with_its_nonce_to_spend() -> None:
    spend = Spend(KID, "0102030405060708", NOW_S + 90 + SKEW_S)
    assert check(token()) == Claim(CustomerRef("customer-1"), Tier.SIGNED, spend)


def test_the_bytes_of_a_token_never_change() -> None:
    assert token() == GOLDEN


def test_the_harness_makes_good_tokens_too() -> None:
    assert check(sealed()) == check(token())
    assert check(claiming({})) == check(token())


def test_a_token_fits_an_alphanumeric_qr() -> None:
    longest = token("c" * 64, "a" * 128)
    assert len(longest) <= MAX_CHARS
    assert len(token()) <= 206
    assert set(longest) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


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


def flip(data: bytes, bit: int) -> bytes:
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


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


# Claims.


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in CLAIMS),
        {1: "an issuer"},
        {8: {1: 2}},
        {-1: 1},
        {"sub": "customer-2"},
        {2: b"customer-1"},
        {2: ""},
        {2: "c" * 65},
        {2: "customer 1"},
        {2: "customer-1\n"},
        {2: "<b>"},
        {2: "cüstomer"},
        {2: "a/b"},
        {3: ""},
        {3: "a" * 129},
        {3: [SHOP]},
        {3: 7},
        {4: float(NOW_S + 90)},
        {4: str(NOW_S + 90)},
        {4: True},
        {4: 2**53},
        {4: 2**64},
        {4: -1},
        {4: NOW_S},
        {4: NOW_S - 1},
        {6: float(NOW_S)},
        {6: 0},
        {6: -5},
        {6: cbor2.CBORTag(1, NOW_S)},
        {5: "now"},
        {5: 1.5},
        {7: NONCE[:7]},
        {7: NONCE + b"\x09"},
        {7: NONCE.hex()},
        {7: 1},
        {10: b"short"},
        {10: b"x" * 65},
        {10: "challenge"},
    ],
    ids=repr,
)
def test_a_claim_of_another_type_or_range_is_malformed(changes: Mapping[Any, Any]) -> None:
    assert check(claiming(changes)) is TokenFault.MALFORMED


@pytest.mark.parametrize("challenge", [b"8 bytes.", b"x" * 64])
def test_a_challenge_may_be_there(challenge: bytes) -> None:
    assert check(claiming({10: challenge})) == check(token())


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_kiosk_and_shop_are_audiences(audience: str) -> None:
    assert isinstance(check(token(audience=audience)), Claim)


@pytest.mark.parametrize("audience", ["other", "corner/door-2", "CORNER", "corner "])
def test_another_audience_is_wrong(audience: str) -> None:
    assert check(token(audience=audience)) is TokenFault.WRONG_AUDIENCE


@pytest.mark.parametrize("customer", ["a", "A.b_c:d-9", "x" * 64, "0"])
def test_customer_references_are_plain_words(customer: str) -> None:
    assert is_customer_ref(customer)
    claim = check(token(customer))
    assert isinstance(claim, Claim)
    assert claim.customer == customer


# Who may say what.


def test_a_device_speaks_for_its_own_customer_only() -> None:
    assert isinstance(check(token(), role="device", customer="customer-1"), Claim)
    other = check(token("customer-2"), role="device", customer="customer-1")
    assert other is TokenFault.BAD_SIGNATURE


def test_a_device_without_a_customer_speaks_for_nobody() -> None:
    assert check(token(), role="device") is TokenFault.BAD_SIGNATURE


def test_a_voucher_key_mints_vouchers_of_the_voucher_tier() -> None:
    claim = check(token("voucher:0a1b2c3d", ttl_s=MAX_LIFE_S["voucher"]), role="voucher")
    assert isinstance(claim, Claim)
    assert claim.tier is Tier.VOUCHER


@pytest.mark.parametrize(
    "customer",
    ["customer-1", "voucher:0A1B2C3D", "voucher:0a1b2c3", "voucher:0a1b2c3de", "voucher:"],
)
def test_a_voucher_key_speaks_for_no_customer(customer: str) -> None:
    assert check(token(customer), role="voucher") is TokenFault.BAD_SIGNATURE


def test_an_issuer_mints_no_voucher() -> None:
    assert check(token("voucher:0a1b2c3d")) is TokenFault.BAD_SIGNATURE


# Time.


@pytest.mark.parametrize(
    ("wall_s", "fault"),
    [
        (0, TokenFault.NOT_YET_VALID),
        (NOW_S - SKEW_S - 1, TokenFault.NOT_YET_VALID),
        (NOW_S - SKEW_S - 0.001, TokenFault.NOT_YET_VALID),
        (NOW_S - SKEW_S, None),
        (NOW_S, None),
        (NOW_S + 90, None),
        (NOW_S + 90 + SKEW_S - 0.001, None),
        (NOW_S + 90 + SKEW_S, TokenFault.EXPIRED),
        (NOW_S + 86_400, TokenFault.EXPIRED),
    ],
)
def test_a_token_lives_from_issue_to_expiry_give_or_take_the_skew(
    wall_s: float, fault: TokenFault | None
) -> None:
    answer = check(token(), at(wall_s))
    assert answer is fault if fault else isinstance(answer, Claim)


def test_a_nonce_is_remembered_for_as_long_as_its_token_can_pass() -> None:
    claim = check(token())
    assert isinstance(claim, Claim)
    assert claim.spend is not None
    assert isinstance(check(token(), at(claim.spend.exp_s - 0.001)), Claim)
    assert check(token(), at(claim.spend.exp_s)) is TokenFault.EXPIRED


def test_not_before_is_kept() -> None:
    late = claiming({5: NOW_S + 60})
    assert check(late) is TokenFault.NOT_YET_VALID
    assert isinstance(check(late, at(NOW_S + 60)), Claim)
    assert check(claiming({5: 1}), at(NOW_S - 6)) is TokenFault.NOT_YET_VALID


@pytest.mark.parametrize(
    ("role", "customer", "life_s"),
    [
        ("issuer", "customer-1", 120),
        ("device", "customer-1", 120),
        ("voucher", "voucher:0a1b2c3d", 31_622_400),
    ],
)
def test_a_token_lives_at_most_as_long_as_its_key_may_say(
    role: str, customer: str, life_s: int
) -> None:
    bound = customer if role == "device" else ""
    assert isinstance(check(token(customer, ttl_s=life_s), role=role, customer=bound), Claim)
    longer = check(token(customer, ttl_s=life_s + 1), role=role, customer=bound)
    assert longer is TokenFault.TOO_LONG_LIVED


def test_an_unknown_clock_is_told_and_blames_nobody() -> None:
    assert check(token(), at(NOW_S, ClockSync.NONE)) is TokenFault.CLOCK_UNKNOWN
    assert check(token(), at(0, ClockSync.NONE)) is TokenFault.CLOCK_UNKNOWN
    assert isinstance(check(token(), at(NOW_S, ClockSync.RTC)), Claim)


def test_a_forgery_is_a_forgery_whatever_the_clock_says() -> None:
    forged = text_of(flip(bytes_of(token()), 8 * 60))
    assert check(forged, at(0, ClockSync.NONE)) is TokenFault.BAD_SIGNATURE
