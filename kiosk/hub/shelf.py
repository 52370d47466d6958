"""The catalogue that is published: fetched, believed only under the owner's key, replaced."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.catalogue import Article, Catalogue, parse_catalogue
from kiosk.core.policy import parse_policy
from kiosk.core.signing import VerifyKey, kid_of, open_envelope, public_of, sign
from kiosk.core.values import CoreError, Json
from kiosk.hub.documents import payload_of
from kiosk.hub.errors import ItemsError
from kiosk.hub.items import Merged, identity, merge, plain_price, read_items
from kiosk.remote.errors import RefusedError, RemoteError
from kiosk.remote.hub import HubClient

MOST_DECIMALS: Final = "CLF"  # no price has more decimals than one in this currency


def published(client: HubClient) -> Catalogue | None:
    """Return the catalogue at the hub as it says it is; for a look, not to sign again.

    Raises:
        RemoteError: The hub cannot be asked.
        ItemsError: What it has is no catalogue.
    """
    envelope = client.document("catalogue")
    if envelope is None:
        return None
    try:
        return parse_catalogue(payload_of(envelope))
    except (ValueError, KeyError, TypeError, CoreError) as error:
        raise ItemsError(f"the hub's catalogue cannot be read: {error}") from error


def listing(catalogue: Catalogue | None) -> dict[str, Any]:
    """Return the catalogue for people and scripts."""
    if catalogue is None:
        return {"version": 0, "items": []}
    articles = (*catalogue.by_gtin.values(), *catalogue.by_epc.values())
    return {
        "version": catalogue.version,
        "currency": catalogue.currency,
        "items": [
            {
                "gtin": article.gtin,
                "epc": article.epc,
                "name": article.name,
                "price": plain_price(article.price_minor, catalogue.currency),
                "price_minor": article.price_minor,
                "currency": catalogue.currency,
                "tax": article.tax,
            }
            for article in sorted(articles, key=lambda each: (each.name, identity(each)))
        ],
    }


@dataclass(frozen=True, slots=True)
class Listed:
    """A spreadsheet that was looked through, in the currency in which its prices were read."""

    articles: tuple[Article, ...]
    currency: str


def look_through(client: HubClient, file: Path) -> Listed:
    """Return the items of a CSV file; the hub says in which currency, and no key is needed.

    What is wrong with its rows is told also when the hub cannot say.

    Raises:
        ItemsError: Every wrong row, or no currency to count in yet.
        RemoteError: The hub cannot be asked.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ItemsError(f"{file}: {error.strerror}; name a CSV file") from error
    try:
        currency = _currency_of(client)
    except (RemoteError, ItemsError):
        read_items(data, str(file), MOST_DECIMALS)
        raise
    return Listed(read_items(data, str(file), currency), currency)


def _currency_of(client: HubClient) -> str:
    """Return the currency of the shop as the hub says it is; the key decides later."""
    catalogue = published(client)
    if catalogue is not None:
        return catalogue.currency
    envelope = client.document("policy")
    if envelope is None:
        raise ItemsError("the hub has no policy yet, so no currency; publish the policy first")
    return parse_policy(payload_of(envelope)).currency


@dataclass(frozen=True, slots=True)
class Shelf:
    """The catalogue in the owner's hands.

    What the hub hands out is signed again here, so it is believed only under the owner's key.
    """

    client: HubClient
    key: Ed25519PrivateKey

    def merge(self, listed: Listed, *, replace: bool) -> Merged:
        """Return the next version with the listed items in it.

        Raises:
            ItemsError: What the hub hands out is not this owner's, or in another currency.
            RemoteError: The hub cannot be asked.
        """
        current = self._current()
        currency = current.currency if current else self._currency()
        if currency != listed.currency:
            raise ItemsError(f"the shop counts in {currency} by now; import again")
        return merge(current, listed.articles, currency, replace=replace)

    def publish(self, merged: Merged) -> None:
        """Sign the version and publish it.

        Raises:
            ItemsError: Somebody published another version meanwhile, or the hub refuses it.
            RemoteError: Not known to be published.
        """
        try:
            self.client.put_document("catalogue", sign("catalogue", merged.payload, self.key))
        except RefusedError as error:
            if error.status == HTTPStatus.CONFLICT:
                raise ItemsError("another version was published meanwhile; import again") from error
            raise

    def _current(self) -> Catalogue | None:
        payload = believed(self.client, "catalogue", self.key)
        return None if payload is None else parse_catalogue(payload)

    def _currency(self) -> str:
        payload = believed(self.client, "policy", self.key)
        if payload is None:
            raise ItemsError("the hub has no policy yet, so no currency; publish the policy first")
        return parse_policy(payload).currency


def believed(client: HubClient, kind: str, key: Ed25519PrivateKey) -> Mapping[str, Json] | None:
    """Return what the hub hands out of a kind, when this owner signed it; None before the first.

    Raises:
        ItemsError: Somebody else signed it.
        RemoteError: The hub cannot be asked.
    """
    envelope = client.document(kind)
    if envelope is None:
        return None
    public = public_of(key)
    kid = kid_of(public)
    try:
        return open_envelope(kind, envelope, {kid: VerifyKey(kid, public, "owner")})
    except CoreError as error:
        raise ItemsError(f"the hub's {kind} is not signed by this owner key: {error}") from error
