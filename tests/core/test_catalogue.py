"""The catalogue finds an item by itself or by its trade item, and prices only what is sound."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.catalogue import Article, Catalogue, parse_catalogue
from kiosk.core.document import DocumentError
from kiosk.core.epc import encode_sgtin96
from kiosk.core.values import Epc, Json

GTIN = "00614141123452"
MIX: Mapping[str, Json] = {"gtin": GTIN, "name": "Trail mix", "price_minor": 599, "tax": "food"}
TAG = "E28068900000500E88C6A4A7"
KNIFE: Mapping[str, Json] = {"epc": TAG, "name": "Pocket knife", "price_minor": 2499}
FOB: Mapping[str, Json] = {"epc": "0800B1C2D3", "name": "Locker fob", "price_minor": 0}


def catalogue(*items: Json, **more: Json) -> Catalogue:
    return parse_catalogue({"version": 7, "currency": "EUR", "items": list(items), **more})


def refusal(*items: Json, **more: Json) -> str:
    with pytest.raises(DocumentError) as caught:
        catalogue(*items, **more)
    return str(caught.value)


@given(st.integers(0, 2**38 - 1), st.integers(0, 7))
def test_every_item_of_a_trade_item_is_found(serial: int, kind: int) -> None:
    found = catalogue(MIX).find(encode_sgtin96(GTIN, 7, serial, kind))
    assert found == Article(GTIN, "", "Trail mix", 599, "food")


def test_an_item_known_by_itself_is_found_whatever_its_scheme() -> None:
    shelf = catalogue(MIX, KNIFE, FOB)
    assert shelf.find(Epc(TAG)) == Article("", TAG, "Pocket knife", 2499)
    fob = shelf.find(Epc("0800B1C2D3"))
    assert fob is not None
    assert fob.price_minor == 0


def test_one_item_goes_before_its_trade_item() -> None:
    epc = encode_sgtin96(GTIN, 7, 1)
    dented: Mapping[str, Json] = {
        "gtin": GTIN,
        "epc": epc,
        "name": "Trail mix, dented",
        "price_minor": 299,
    }
    shelf = catalogue(MIX, dented)
    one, other = shelf.find(epc), shelf.find(encode_sgtin96(GTIN, 7, 2))
    assert one is not None
    assert other is not None
    assert (one.price_minor, other.price_minor) == (299, 599)


@pytest.mark.parametrize(
    "epc",
    [
        "",
        "E2",
        "E28068900000500E88C6A4A8",
        "not hex",
        "3G",
        "000",
        "00" * 12,
        encode_sgtin96("00614141123469", 7, 1),
    ],
)
def test_what_is_not_the_shops_is_not_found(epc: str) -> None:
    assert catalogue(MIX, KNIFE).find(Epc(epc)) is None
    assert catalogue().find(Epc(epc)) is None


def test_sold_items_are_listed_and_still_found() -> None:
    shelf = catalogue(KNIFE, sold=[TAG])
    assert shelf.sold == {TAG}
    assert shelf.find(Epc(TAG)) is not None
    assert (shelf.version, shelf.currency) == (7, "EUR")


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({**MIX, "gtin": "00614141123453"}, "catalogue.items[0].gtin: the check digit is wrong"),
        ({**MIX, "gtin": "0614141123452"}, "catalogue.items[0].gtin: '0614141123452' is not 14"),
        ({**MIX, "gtin": ""}, "catalogue.items[0].gtin: an article needs a gtin or an epc"),
        ({**KNIFE, "epc": TAG.lower()}, "catalogue.items[0].epc: 'e2806"),
        ({**KNIFE, "epc": "E28"}, "catalogue.items[0].epc: 'E28' is not upper-case hex"),
        ({**KNIFE, "epc": "E2"}, "catalogue.items[0].epc: no tag carries it; read the tag again"),
        ({**KNIFE, "epc": "00" * 12}, "catalogue.items[0].epc: no tag carries it"),
        ({**KNIFE, "epc": "E2" * 63}, "catalogue.items[0].epc: no tag carries it"),
        ({**KNIFE, "name": ""}, "catalogue.items[0].name: '' is not 1 to 80 printable"),
        ({**KNIFE, "name": "x" * 81}, "catalogue.items[0].name: 'xxx"),
        ({**KNIFE, "name": "knife\x1b[2J"}, "catalogue.items[0].name: 'knife\\x1b[2J' is not"),
        ({**KNIFE, "name": "a\nb"}, "catalogue.items[0].name: 'a\\nb' is not"),
        ({**KNIFE, "name": 5}, "catalogue.items[0].name: must be text, is a number"),
        ({**KNIFE, "price_minor": -1}, "catalogue.items[0].price_minor: -1 is out of range"),
        ({**KNIFE, "price_minor": 10**12 + 1}, "catalogue.items[0].price_minor: 1000000000001 is"),
        ({**KNIFE, "price_minor": 24.99}, "catalogue.items[0].price_minor: must be a whole num"),
        ({**KNIFE, "price_minor": None}, "catalogue.items[0].price_minor: must be a whole num"),
        ({**KNIFE, "tax": "<b>"}, "catalogue.items[0].tax: '<b>' is not at most 16"),
        ({**KNIFE, "price": 5}, "catalogue.items[0].price: unknown field; did you mean price_m"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_article_that_breaks_a_rule_is_refused_by_name(
    item: Mapping[str, Any], place: str
) -> None:
    assert refusal(item).startswith(place)


@pytest.mark.parametrize("name", ["Brötchen", "お茶", "Nuts & <more>", "5 % off"])
def test_names_are_in_any_script(name: str) -> None:
    found = catalogue({**KNIFE, "name": name}).find(Epc(TAG))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("sold", "place"),
    [
        (["E28"], "catalogue.sold[0]: must be an EPC in upper-case hex"),
        ([TAG, 7], "catalogue.sold[1]: must be an EPC"),
        (["00" * 12], "catalogue.sold[0]: must be an EPC"),
        ([TAG, TAG], "catalogue.sold[1]: item 'E28068900000500E88C6A4A7' is there twice"),
        ("E280", "catalogue.sold: must be a list, is text"),
    ],
)
def test_the_sold_list_holds_items_once(sold: Json, place: str) -> None:
    assert refusal(sold=sold).startswith(place)


def test_an_article_stands_there_once() -> None:
    assert refusal(MIX, {**MIX, "price_minor": 1}) == (
        f"catalogue.items[1]: article '{GTIN}' is there twice"
    )
    assert refusal(KNIFE, MIX, KNIFE).startswith("catalogue.items[2]: article 'E2806")


@pytest.mark.parametrize("changes", [{"version": 0}, {"currency": "€"}, {"items": {}}, {"tax": 1}])
def test_the_frame_of_a_catalogue_is_checked_too(changes: Mapping[str, Any]) -> None:
    assert refusal(**changes).startswith(f"catalogue.{next(iter(changes))}: ")
