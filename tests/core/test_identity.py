"""A token speaks for one customer, here, now; every other text is refused with its reason."""

from collections.abc import Mapping
from typing import Any

import cbor2
import pytest

from kiosk.core.identity import MAX_CHARS, MAX_LIFE_S, SKEW_S, TokenFault, is_customer_ref
from kiosk.core.values import Claim, ClockSync, CustomerRef, Spend, Tier
from tests.core.tokens import (
    AUDIENCES,
    CLAIMS,
    KID,
    NONCE,
    NOW_S,
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

GOLDEN = (
    "K1:RRQT 9P60GO0$+AWKB3UAR098CKDN5XD0 PC QE+3E5$C4W5FJ0UPC:KE5$CFN0FPDU"
    "QQWY0FPDUOQJ-0X507H0QS00+027BRHNG94DGIGSCUCB65L6UGN4UIDOM:I0TH%:HAQ0B4GB.FJIL:CU"
    "TPR*$282H9KFUV2M-RXZJ.OJE-HBOOJI0KR1BFP:ZG4RJ"
)


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
