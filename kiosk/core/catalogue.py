"""The catalogue: which items are the shop's own, what they cost, which are sold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kiosk.core import epc as tags
from kiosk.core.document import CURRENCY, Fields, read, unique
from kiosk.core.money import MAX_MINOR
from kiosk.core.values import Epc, Gtin, Json

_HEX: Final = re.compile(r"(?:[0-9A-F]{2})+")
_GTIN: Final = re.compile(r"[0-9]{14}")
_PRINTED: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,80}")
_TAX: Final = re.compile(r"[A-Za-z0-9_.-]{0,16}")


@dataclass(frozen=True, slots=True)
class Article:
    """What the shop sells: every item of a GTIN, or the one item of an EPC.

    Attributes:
        gtin: GTIN-14; "" for an article known by EPC only.
        epc: The one item; "" when it is every item of the GTIN.
        price_minor: Price in minor units of the catalogue's currency, tax included.
        tax: Tax class, a word of the shop's own.
    """

    gtin: str
    epc: str
    name: str
    price_minor: int
    tax: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A version of the catalogue; made by `parse_catalogue`.

    Attributes:
        by_epc: Articles that are one item; they go before those of a GTIN.
        sold: Items that were paid for and may come and go.
    """

    version: int
    currency: str
    by_gtin: Mapping[Gtin, Article]
    by_epc: Mapping[Epc, Article]
    sold: frozenset[Epc]

    def find(self, epc: Epc) -> Article | None:
        """Return the article of this item; None when it is not the shop's."""
        article = self.by_epc.get(epc)
        if article is not None or not self.by_gtin or _HEX.fullmatch(epc) is None:
            return article
        found = tags.sgtin96(bytes.fromhex(epc))
        return None if found is None else self.by_gtin.get(found.gtin)


def parse_catalogue(payload: Mapping[str, Json]) -> Catalogue:
    """Return the catalogue.

    Raises:
        DocumentError: The first field that breaks a rule, by its path.
    """
    fields = read(payload, "catalogue")
    version = fields.integer("version", 1)
    currency = fields.text("currency", CURRENCY, "an ISO 4217 code such as EUR")
    articles = fields.many("items", _article)
    sold = [_sold(fields, at, value) for at, value in enumerate(fields.plain("sold", []))]
    fields.end()
    unique([article.epc or article.gtin for article in articles], "catalogue.items", "article")
    unique(sold, "catalogue.sold", "item")
    return Catalogue(
        version,
        currency,
        {Gtin(article.gtin): article for article in articles if not article.epc},
        {Epc(article.epc): article for article in articles if article.epc},
        frozenset(sold),
    )


def _article(fields: Fields) -> Article:
    gtin = fields.text("gtin", _GTIN, "14 digits", default="")
    epc = fields.text("epc", _HEX, "upper-case hex", default="")
    if gtin and not tags.is_gtin14(gtin):
        raise fields.wrong("gtin", "the check digit is wrong; type it again from the package")
    if epc and not _is_item(epc):
        raise fields.wrong("epc", "no tag carries it; read the tag again")
    if not gtin and not epc:
        raise fields.wrong("gtin", "an article needs a gtin or an epc")
    return Article(
        gtin,
        epc,
        fields.text("name", _PRINTED, "1 to 80 printable characters"),
        fields.integer("price_minor", 0, MAX_MINOR),
        fields.text("tax", _TAX, "at most 16 letters, digits and . _ -", default=""),
    )


def _sold(fields: Fields, at: int, value: Json) -> Epc:
    if not isinstance(value, str) or _HEX.fullmatch(value) is None or not _is_item(value):
        raise fields.wrong(f"sold[{at}]", "must be an EPC in upper-case hex")
    return Epc(value)


def _is_item(epc: str) -> bool:
    """Say whether a tag can carry it; 125 kHz tags carry five bytes, not whole words."""
    data = bytes.fromhex(epc)
    return tags.MIN_BYTES <= len(data) <= tags.MAX_BYTES and any(data)
