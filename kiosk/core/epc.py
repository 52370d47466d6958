"""What a tag says it is: SGTIN-96 becomes GTIN, serial and Digital Link; the rest stays hex.

The item's identity is always the full EPC; a GTIN is for the catalogue and for display.
"""

from dataclasses import dataclass
from typing import Final

from kiosk.core.values import CoreError, Epc, Gtin

MIN_BYTES: Final = 2  # Gen2 protocol control counts the EPC in words of 16 bits
MAX_BYTES: Final = 62  # 31 words, the largest count in the five bits of the protocol control
_BYTES: Final = 12
_HEADER: Final = 0x30  # GS1 EPC TDS section 14.2, SGTIN-96
_PREFIX_BITS: Final = (40, 37, 34, 30, 27, 24, 20)  # by partition, GS1 EPC TDS section 14.5.1
_PREFIX_DIGITS: Final = (12, 11, 10, 9, 8, 7, 6)
_GTIN_BITS: Final = 44
_GTIN_DIGITS: Final = 13  # company prefix, indicator and item reference; a check digit follows
_SERIAL_BITS: Final = 38
_MAX_FILTER: Final = 7


class EpcError(CoreError):
    """Bytes that cannot be a tag's EPC, or an item that has no SGTIN-96."""


@dataclass(frozen=True, slots=True)
class Sgtin:
    """A serialised trade item from an SGTIN-96 tag.

    Attributes:
        gtin: GTIN-14 with its check digit.
        serial: 0..2^38-1.
        company_prefix: The GS1 company prefix with its leading zeros, 6 to 12 digits.
        item_reference: Indicator digit and item reference, 1 to 7 digits.
        filter_value: 0..7; 1 is a point-of-sale item.
    """

    gtin: Gtin
    serial: int
    company_prefix: str
    item_reference: str
    filter_value: int

    @property
    def uri(self) -> str:
        """The pure identity, `urn:epc:id:sgtin:...`."""
        return f"urn:epc:id:sgtin:{self.company_prefix}.{self.item_reference}.{self.serial}"

    @property
    def digital_link(self) -> str:
        """The GS1 Digital Link of this very item."""
        return f"https://id.gs1.org/01/{self.gtin}/21/{self.serial}"


@dataclass(frozen=True, slots=True)
class Item:
    """A tag's identity in words; every text but `epc` is "" when it is not an SGTIN-96."""

    epc: Epc
    gtin: str = ""
    serial: str = ""
    digital_link: str = ""


def is_plausible(epc: bytes) -> bool:
    """Say whether a tag may carry these bytes: whole 16-bit words, 2..62 bytes, not all zero."""
    return MIN_BYTES <= len(epc) <= MAX_BYTES and len(epc) % 2 == 0 and any(epc)


def parse(epc: bytes) -> Item:
    """Return what the tag says.

    Raises:
        EpcError: Not plausible as an EPC; a damaged or unwritten tag.
    """
    if not is_plausible(epc):
        raise EpcError(f"epc: {len(epc)} bytes that no written tag carries; read it again")
    name = Epc(epc.hex().upper())
    found = sgtin96(epc)
    if found is None:
        return Item(name)
    return Item(name, found.gtin, str(found.serial), found.digital_link)


def sgtin96(epc: bytes) -> Sgtin | None:
    """Return the trade item of an SGTIN-96, None for every other or invalid EPC."""
    if len(epc) != _BYTES or epc[0] != _HEADER:
        return None
    bits = int.from_bytes(epc, "big")
    partition = bits >> (_GTIN_BITS + _SERIAL_BITS) & 0b111
    if partition >= len(_PREFIX_BITS):
        return None
    item_bits = _GTIN_BITS - _PREFIX_BITS[partition]
    digits = _PREFIX_DIGITS[partition]
    both = bits >> _SERIAL_BITS & (1 << _GTIN_BITS) - 1
    company, item = both >> item_bits, both & (1 << item_bits) - 1
    # More bits than digits: values beyond the digits are no valid tag (TDS section 14.5.1).
    if company >= 10**digits or item >= 10 ** (_GTIN_DIGITS - digits):
        return None
    prefix, reference = f"{company:0{digits}}", f"{item:0{_GTIN_DIGITS - digits}}"
    return Sgtin(
        gtin=_with_check_digit(reference[0] + prefix + reference[1:]),
        serial=bits & (1 << _SERIAL_BITS) - 1,
        company_prefix=prefix,
        item_reference=reference,
        filter_value=bits >> (_GTIN_BITS + _SERIAL_BITS + 3) & _MAX_FILTER,
    )


def encode_sgtin96(
    gtin14: str, company_prefix_digits: int, serial: int, filter_value: int = 1
) -> Epc:
    """Return the EPC to write on a tag for one item of `gtin14`.

    Raises:
        EpcError: Not a GTIN-14, or a prefix length, serial or filter out of range.
    """
    if not is_gtin14(gtin14):
        raise EpcError(f"gtin: {gtin14!r} is not 14 digits with a right check digit")
    if company_prefix_digits not in _PREFIX_DIGITS:
        raise EpcError(f"company prefix: {company_prefix_digits} digits; GS1 gives 6 to 12")
    if not 0 <= serial < 1 << _SERIAL_BITS:
        raise EpcError(f"serial: {serial} does not fit 38 bits")
    if not 0 <= filter_value <= _MAX_FILTER:
        raise EpcError(f"filter: {filter_value} is not 0..7")
    partition = _PREFIX_DIGITS.index(company_prefix_digits)
    company = int(gtin14[1 : 1 + company_prefix_digits])
    item = int(gtin14[0] + gtin14[1 + company_prefix_digits : -1])
    bits = _HEADER << 3 | filter_value
    bits = bits << 3 | partition
    bits = bits << _PREFIX_BITS[partition] | company
    bits = bits << (_GTIN_BITS - _PREFIX_BITS[partition]) | item
    bits = bits << _SERIAL_BITS | serial
    return Epc(bits.to_bytes(_BYTES, "big").hex().upper())


def is_gtin14(text: str) -> bool:
    """Say whether `text` is 14 ASCII digits of which the last checks the others."""
    return (
        len(text) == _GTIN_DIGITS + 1
        and text.isascii()
        and text.isdigit()
        and _with_check_digit(text[:-1]) == text
    )


def _with_check_digit(digits: str) -> Gtin:
    total = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(digits))
    return Gtin(f"{digits}{-total % 10}")
