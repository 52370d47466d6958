"""Policy, key list and catalogue as they stand at the hub."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import orjson

from kiosk.core.catalogue import Catalogue, parse_catalogue
from kiosk.core.policy import Policy, parse_policy
from kiosk.core.signing import b64decode
from kiosk.core.values import Json
from kiosk.hub.errors import RefusalError
from kiosk.hub.store.base import Transaction

KINDS: Final = ("policy", "keys", "catalogue")


def check_kind(kind: str) -> str:
    """Return `kind` when there are such documents; RefusalError 404 otherwise."""
    if kind not in KINDS:
        raise RefusalError(404, "no-such-document", f"no such document; ask for {', '.join(KINDS)}")
    return kind


def payload_of(envelope: bytes) -> Mapping[str, Json]:
    """Return the payload of an envelope that was verified when it came in."""
    payload: Mapping[str, Json] = orjson.loads(b64decode(orjson.loads(envelope)["payload"]))
    return payload


def policy_now(tx: Transaction) -> Policy | None:
    """Return the policy in force, None before the first."""
    document = tx.documents.latest("policy")
    return parse_policy(payload_of(document.envelope)) if document else None


def catalogue_now(tx: Transaction) -> Catalogue | None:
    """Return the catalogue in force, None before the first."""
    document = tx.documents.latest("catalogue")
    return _catalogue(document.envelope) if document else None


def currency_of(tx: Transaction) -> str:
    """Return the shop's currency, "" before the first policy."""
    policy = policy_now(tx)
    return policy.currency if policy else ""


@lru_cache(maxsize=1)
def _catalogue(envelope: bytes) -> Catalogue:
    """Return the catalogue in an envelope; kept, for a large one takes half a second to read."""
    return parse_catalogue(payload_of(envelope))
