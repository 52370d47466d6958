"""Tags say their trade item as GS1 defines it, and never more than they know."""

import hashlib
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.epc import (
    MAX_BYTES,
    EpcError,
    Item,
    encode_sgtin96,
    is_gtin14,
    is_plausible,
    parse,
    sgtin96,
)
from kiosk.core.values import Epc

with warnings.catch_warnings():
    # epcpy 0.1.8 has string escapes that Python warns of when it compiles them.
    warnings.simplefilter("ignore")
    from epcpy.epc_schemes.sgtin import SGTIN
    from epcpy.utils.common import ConvertException
    from epcpy.utils.parsers import hex_to_tag_encodable

PREFIX_DIGITS = st.integers(6, 12)
SERIALS = st.integers(0, 2**38 - 1)
BODIES = st.integers(0, 10**13 - 1).map(lambda body: f"{body:013}")


def with_check_digit(body: str) -> str:
    """The GS1 rule written down another way: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(body[::-1]))
    return body + str((10 - total % 10) % 10)


@pytest.mark.parametrize(
    ("epc", "uri", "gtin", "serial"),
    [
        # GS1 EPC TDS, appendix E.3.
        (
            "3074257BF7194E4000001A85",
            "urn:epc:id:sgtin:0614141.812345.6789",
            "80614141123458",
            "6789",
        ),
        # A 12-digit company prefix, whose item reference is the indicator alone.
        (
            "30204ED9496334000000006E",
            "urn:epc:id:sgtin:084663228621.0.110",
            "00846632286210",
            "110",
        ),
        # Read from a real tag in a shop.
        (
            "30751FEB705C5904E3D50D70",
            "urn:epc:id:sgtin:4717276.094564.21002259824",
            "04717276945640",
            "21002259824",
        ),
    ],
)
def test_published_tags_are_read_as_published(epc: str, uri: str, gtin: str, serial: str) -> None:
    data = bytes.fromhex(epc)
    item = parse(data)
    assert item == Item(Epc(epc), gtin, serial, f"https://id.gs1.org/01/{gtin}/21/{serial}")
    found = sgtin96(data)
    assert found is not None
    assert (found.uri, found.digital_link) == (uri, item.digital_link)


@pytest.mark.parametrize(
    ("epc", "why"),
    [
        ("E20010710000529B0940B402", "the tag's maker, not GS1"),
        ("E28068900000500E88C6A4A7", "the tag's maker, not GS1"),
        ("3674257BF6B7A659B2C2BF100000000000000000000000000000", "SGTIN-198"),
        ("301C257BF7194E4000001A85", "partition 7"),
        ("30180000000000000000", "ten bytes"),
        ("3018000000000000000000000000", "fourteen bytes"),
        ("3174257BF7194E4000001A85", "header 0x31, SSCC-96"),
    ],
)
def test_other_and_invalid_schemes_stay_hex(epc: str, why: str) -> None:
    assert parse(bytes.fromhex(epc)) == Item(Epc(epc)), why


@pytest.mark.parametrize("partition", range(7))
def test_values_beyond_the_digits_of_a_partition_are_no_trade_item(partition: int) -> None:
    company_bits, digits = (40, 37, 34, 30, 27, 24, 20)[partition], 12 - partition

    def tag(company: int, item: int) -> bytes:
        both = company << (44 - company_bits) | item
        return (0x30 << 88 | partition << 82 | both << 38 | 7).to_bytes(12, "big")

    assert sgtin96(tag(10**digits - 1, 10 ** (13 - digits) - 1)) is not None
    assert sgtin96(tag(10**digits, 0)) is None
    assert sgtin96(tag(0, 10 ** (13 - digits))) is None


@given(BODIES, PREFIX_DIGITS, SERIALS, st.integers(0, 7))
def test_what_was_written_is_read(body: str, digits: int, serial: int, kind: int) -> None:
    gtin = with_check_digit(body)
    epc = encode_sgtin96(gtin, digits, serial, kind)
    found = sgtin96(bytes.fromhex(epc))
    assert found is not None
    assert (found.gtin, found.serial, found.filter_value) == (gtin, serial, kind)
    assert (len(found.company_prefix), len(found.item_reference)) == (digits, 13 - digits)


@given(BODIES, PREFIX_DIGITS, SERIALS)
def test_epcpy_reads_what_we_write(body: str, digits: int, serial: int) -> None:
    gtin = with_check_digit(body)
    oracle = hex_to_tag_encodable(encode_sgtin96(gtin, digits, serial))
    assert isinstance(oracle, SGTIN)
    assert oracle.gtin().zfill(14) == gtin
    assert oracle.epc_uri.endswith(f".{serial}")


@given(st.integers(0, 2**88 - 1))
def test_epcpy_agrees_on_every_sgtin(rest: int) -> None:
    epc = f"30{rest:022X}"
    found = sgtin96(bytes.fromhex(epc))
    try:
        oracle = hex_to_tag_encodable(epc)
    except ConvertException:
        assert found is None
        return
    assert isinstance(oracle, SGTIN)
    assert found is not None
    assert (found.uri, found.gtin) == (oracle.epc_uri, oracle.gtin().zfill(14))


@pytest.mark.slow
def test_epcpy_agrees_on_twenty_thousand_tags_of_all_partitions() -> None:
    valid = 0
    for at in range(20_000):
        rest = int.from_bytes(hashlib.sha256(at.to_bytes(4, "big")).digest()[:10], "big")
        epc = f"{0x30 << 88 | (at % 64) << 82 | rest:024X}"
        found = sgtin96(bytes.fromhex(epc))
        try:
            oracle = hex_to_tag_encodable(epc)
        except ConvertException:
            assert found is None, epc
        else:
            assert found is not None, epc
            assert found.uri == oracle.epc_uri
            valid += 1
    assert valid > 5_000


@given(st.binary(max_size=80))
def test_any_bytes_are_an_item_or_refused(epc: bytes) -> None:
    if is_plausible(epc):
        assert parse(epc).epc == epc.hex().upper()
    else:
        with pytest.raises(EpcError):
            parse(epc)


@pytest.mark.parametrize(
    "epc", [b"", b"\x01", b"\x01" * 3, b"\x01" * 5, b"\x01" * (MAX_BYTES + 2), bytes(2), bytes(12)]
)
def test_unwritten_and_impossible_tags_are_refused(epc: bytes) -> None:
    assert not is_plausible(epc)
    with pytest.raises(EpcError, match="read it again"):
        parse(epc)


@pytest.mark.parametrize("size", [2, 12, 16, 26, 62])
def test_real_lengths_are_plausible(size: int) -> None:
    assert is_plausible(b"\xe2" * size)


@pytest.mark.parametrize(
    ("gtin", "digits", "serial", "kind", "place"),
    [
        ("00614141123453", 7, 1, 1, "gtin"),
        ("0061414112345", 7, 1, 1, "gtin"),
        ("0061414112345X", 7, 1, 1, "gtin"),
        ("٠٠٦١٤١٤١١٢٣٤٥٢", 7, 1, 1, "gtin"),
        ("00614141123452", 5, 1, 1, "company prefix"),
        ("00614141123452", 13, 1, 1, "company prefix"),
        ("00614141123452", 7, -1, 1, "serial"),
        ("00614141123452", 7, 2**38, 1, "serial"),
        ("00614141123452", 7, 1, 8, "filter"),
        ("00614141123452", 7, 1, -1, "filter"),
    ],
)
def test_what_does_not_fit_a_tag_is_refused(
    gtin: str, digits: int, serial: int, kind: int, place: str
) -> None:
    with pytest.raises(EpcError, match=place):
        encode_sgtin96(gtin, digits, serial, kind)


@given(BODIES, st.integers(0, 9))
def test_only_one_check_digit_is_right(body: str, digit: int) -> None:
    assert is_gtin14(body + str(digit)) == (body + str(digit) == with_check_digit(body))
