"""Amounts in words: integer minor units become what is printed on a price tag."""

from types import MappingProxyType
from typing import Final

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


def plain(minor: int, currency: str) -> str:
    """Return an amount of at least 0 with its code, as in "5.99 EUR"."""
    digits = _DIGITS.get(currency, _USUAL_DIGITS)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}} {currency}" if digits else f"{whole} {currency}"
