"""Amounts: integer minor units, and what is printed on a price tag or typed at a counter."""

import re
from types import MappingProxyType
from typing import Final

MAX_MINOR: Final = 10**12
"""Most that one price or payment may be; thousands of them still add up to 53 bits."""
_AMOUNT: Final = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]+))?")
_USUAL_DIGITS: Final = 2
# ISO 4217 list one: currencies whose minor unit is not a hundredth.
_DIGITS: Final = MappingProxyType(
    {
        code: digits
        for digits, codes in (
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (3, "BHD IQD JOD KWD LYD OMR TND"),
            (4, "CLF UYW"),
        )
        for code in codes.split()
    }
)
MAX_DIGITS: Final = max(_DIGITS.values())
"""The most decimals that any currency has."""


def digits_of(currency: str) -> int:
    """Return how many decimals a currency has."""
    return _DIGITS.get(currency, _USUAL_DIGITS)


def number(minor: int, currency: str) -> str:
    """Return an amount of at least 0 as it is typed, "5.99"."""
    digits = digits_of(currency)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}}" if digits else f"{whole}"


def plain(minor: int, currency: str) -> str:
    """Return an amount of at least 0 with its code, as in "5.99 EUR"."""
    return f"{number(minor, currency)} {currency}"


def parse(text: str, digits: int) -> int:
    """Return the minor units in "5.99" or "5,99", of a currency with so many decimals.

    More decimals are refused even when they are zeros: "1,000" is a thousand to many.

    Raises:
        ValueError: It is no such amount; one line.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"want an amount such as {'5.99' if digits else '599'}")
    decimals = found[2] or ""
    if len(decimals) > digits:
        most = f"at most {digits} decimals" if digits else "no decimals"
        raise ValueError(f"want {most}, and nothing between thousands")
    return int(found[1] + decimals.ljust(digits, "0"))
