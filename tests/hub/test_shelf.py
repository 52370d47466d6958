"""The catalogue at the hub, as the owner's command line meets it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_httpserver import HTTPServer

from kiosk.core.signing import sign
from kiosk.core.values import Json
from kiosk.hub.errors import ItemsError
from kiosk.hub.items import merge
from kiosk.hub.shelf import Listed, Shelf, listing, published
from kiosk.remote.errors import RefusedError
from kiosk.remote.hub import HubClient
from tests.hub.worlds import Owner


@pytest.mark.parametrize("raw", [b"{}", b"x", b'{"payload":"e30"}', b'{"payload":1}', b"[]"])
def test_what_is_no_catalogue_is_refused_in_one_line(httpserver: HTTPServer, raw: bytes) -> None:
    httpserver.expect_request("/v1/documents/catalogue").respond_with_data(raw)
    client = HubClient(httpserver.url_for(""))
    with pytest.raises(ItemsError, match="cannot be read"):
        published(client)
    client.close()


@pytest.mark.parametrize(("status", "error"), [(409, ItemsError), (422, RefusedError)])
def test_a_version_that_the_hub_does_not_take_is_told(
    httpserver: HTTPServer, owner: Owner, status: int, error: type[Exception]
) -> None:
    httpserver.expect_request("/v1/documents/catalogue", method="PUT").respond_with_data(
        "no", status=status
    )
    client = HubClient(httpserver.url_for(""))
    with pytest.raises(error):
        Shelf(client, owner.private).publish(merge(None, [], "EUR", replace=False))
    client.close()


def test_a_catalogue_signed_by_the_hub_itself_is_not_signed_again(
    httpserver: HTTPServer, owner: Owner
) -> None:
    stranger = Owner(Ed25519PrivateKey.from_private_bytes(b"h" * 32))
    httpserver.expect_request("/v1/documents/catalogue").respond_with_data(stranger.catalogue())
    client = HubClient(httpserver.url_for(""))
    with pytest.raises(ItemsError, match="not signed by this owner key"):
        Shelf(client, owner.private).merge(Listed((), "EUR"), replace=False)
    client.close()


def test_no_catalogue_is_an_empty_list() -> None:
    assert listing(None) == {"version": 0, "items": []}


def test_a_catalogue_comes_in_order_of_names(httpserver: HTTPServer, owner: Owner) -> None:
    items: list[Json] = [
        {"gtin": "00614141123452", "epc": "", "name": "Nuts", "price_minor": 1, "tax": ""},
        {
            "gtin": "",
            "epc": "30340257BF7194E4000007E1",
            "name": "Lamp",
            "price_minor": 2,
            "tax": "",
        },
    ]
    payload: dict[str, Json] = {"version": 3, "currency": "EUR", "items": items, "sold": []}
    envelope = sign("catalogue", payload, owner.private)
    httpserver.expect_request("/v1/documents/catalogue").respond_with_data(envelope)
    client = HubClient(httpserver.url_for(""))
    assert [item["name"] for item in listing(published(client))["items"]] == ["Lamp", "Nuts"]
    client.close()
