"""What is sealed opens with its own key only, and every changed bit is noticed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.values import CustomerRef
from kiosk.ledger.errors import LedgerCorruptError, LedgerError
from kiosk.ledger.seal import CustomerKey, Keyring, plain_hash
from tests.ledger.shelf import ALICE, BOB, WRAP_KEY

RING = Keyring(WRAP_KEY)
KEY = CustomerKey(ALICE, bytes(range(32)))
EVENT = "019ab0c4-7f3e-7c1d-9f0e-2b6f3d5a8c11"


@given(st.dictionaries(st.text("abcdef_", min_size=1), st.text() | st.integers(-9, 9)))
def test_a_personal_part_opens_as_it_was_sealed(personal: dict[str, str | int]) -> None:
    sealed, digest = KEY.seal(EVENT, personal)
    assert KEY.open(EVENT, sealed) == personal
    assert plain_hash(KEY.plaintext(EVENT, sealed)) == digest


def test_the_same_part_never_seals_alike() -> None:
    first, second = KEY.seal(EVENT, {"a": "b"}), KEY.seal(EVENT, {"a": "b"})
    assert first[0] != second[0]
    assert first[1] != second[1], "the salt hides equal parts after the key is gone"


def test_every_flipped_bit_of_a_sealed_part_is_noticed() -> None:
    sealed, _ = KEY.seal(EVENT, {"nonce": "00c0ffee"})
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LedgerCorruptError):
            KEY.open(EVENT, bytes(changed))


def test_a_part_opens_for_its_own_event_and_customer_only() -> None:
    sealed, _ = KEY.seal(EVENT, {"a": "b"})
    with pytest.raises(LedgerCorruptError, match="does not open"):
        KEY.open(EVENT.replace("0", "1"), sealed)
    with pytest.raises(LedgerCorruptError, match="does not open"):
        CustomerKey(ALICE, bytes(32)).open(EVENT, sealed)
    with pytest.raises(LedgerCorruptError, match="does not open"):
        KEY.open(EVENT, sealed[:5])


@pytest.mark.parametrize("plain", [b"not JSON", b'{"p":[1],"s":""}', b"[]"])
def test_what_was_sealed_by_something_else_is_not_believed(plain: bytes) -> None:
    box = bytes(12) + KEY._aead.encrypt(bytes(12), plain, EVENT.encode())
    with pytest.raises(LedgerCorruptError, match="the sealed part"):
        KEY.open(EVENT, box)


def test_a_subject_is_blinded_per_event() -> None:
    subject = KEY.subject(EVENT)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", subject)
    assert subject == KEY.subject(EVENT)
    assert subject != KEY.subject(EVENT.replace("0", "1"))
    assert subject != CustomerKey(ALICE, bytes(32)).subject(EVENT)


def test_a_wrapped_key_comes_back_under_its_name_only() -> None:
    key, wrapped = RING.mint(ALICE)
    again = RING.unwrap(RING.name_of(ALICE), wrapped)
    assert (again.customer, again.subject(EVENT)) == (ALICE, key.subject(EVENT))
    with pytest.raises(LedgerCorruptError, match=r"is wrap\.key the one"):
        RING.unwrap(RING.name_of(BOB), wrapped)
    with pytest.raises(LedgerCorruptError, match=r"is wrap\.key the one"):
        Keyring(bytes(32)).unwrap(RING.name_of(ALICE), wrapped)


def test_names_on_disk_say_nothing_without_the_wrap_key() -> None:
    assert RING.name_of(ALICE) != Keyring(bytes(32)).name_of(ALICE)
    assert RING.spent("k", "c") != Keyring(bytes(32)).spent("k", "c")
    assert RING.check != Keyring(bytes(32)).check
    assert ALICE.encode() not in RING.mint(ALICE)[1]


def test_nonces_of_two_keys_are_two_nonces() -> None:
    assert RING.spent("k1", "c") != RING.spent("k2", "c")
    assert RING.spent("k", "1c") != RING.spent("k1", "c")


def test_a_wrap_key_has_32_bytes() -> None:
    with pytest.raises(LedgerError, match="16 bytes, want 32"):
        Keyring(bytes(16))


def test_customers_with_the_same_key_row_are_one() -> None:
    assert RING.name_of(CustomerRef("a")) == RING.name_of(CustomerRef("a"))
