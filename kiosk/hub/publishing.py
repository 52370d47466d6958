"""A document is published once the owner's signature and the rules hold.

The envelope is kept byte for byte; a version is never replaced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from kiosk.core import canonical
from kiosk.core.catalogue import parse_catalogue
from kiosk.core.document import read
from kiosk.core.dwell import Change
from kiosk.core.keylist import parse_keys
from kiosk.core.policy import parse_policy
from kiosk.core.signing import SigningError, VerifyKey, b64encode, open_envelope
from kiosk.core.values import CoreError, Json, Moment
from kiosk.hub.documents import currency_of
from kiosk.hub.errors import RefusalError
from kiosk.hub.outbox import queue
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.documents import DocumentRow
from kiosk.hub.thresholds import moved, register

MAX_BYTES: Final = 16 << 20  # a catalogue of 100,000 articles
MAX_UNSIGNED: Final = 64 << 10  # a policy with every rule in it has 2,000

PARSERS: Final[Mapping[str, Callable[[Mapping[str, Json]], object]]] = {
    "policy": parse_policy,
    "keys": parse_keys,
    "catalogue": parse_catalogue,
}


@dataclass(frozen=True, slots=True)
class Published:
    """The version that stands now, and whether it is new."""

    version: int
    new: bool


def verify(kind: str, envelope: bytes, owner: VerifyKey) -> Mapping[str, Json]:
    """Return the payload that the owner signed, by the rules of its kind.

    Raises:
        RefusalError: 401 not signed by the owner, 422 the first rule that it breaks.
    """
    try:
        payload = open_envelope(kind, envelope, {owner.kid: owner})
        PARSERS[kind](payload)
    except SigningError as error:
        status = 422 if error.reason == "malformed" else 401
        raise RefusalError(status, error.reason, str(error)) from error
    except CoreError as error:
        raise RefusalError(422, "invalid", str(error)) from error
    return payload


def unsigned_policy(raw: bytes) -> Mapping[str, Json]:
    """Return a policy that somebody only asks about; RefusalError 422 the first broken rule."""
    try:
        payload = canonical.decode(raw)
        parse_policy(read(payload, "policy").values)
    except CoreError as error:
        raise RefusalError(422, "invalid", str(error)) from error
    return read(payload, "policy").values


def publish(
    tx: Transaction, kind: str, envelope: bytes, payload: Mapping[str, Json], at: Moment
) -> Published:
    """Keep a verified document as the version in force.

    Raises:
        RefusalError: 409 its version does not rise, 422 it speaks of another currency or moves
            a threshold too soon.
    """
    version = read(payload, kind).integer("version", 1)
    latest = tx.documents.latest(kind)
    if latest is not None and version == latest.version and envelope == latest.envelope:
        return Published(version, new=False)
    register(tx, version, check(tx, kind, payload, at), at)
    tx.documents.add(DocumentRow(kind, version, envelope, at.wall_ms))
    key = f"document.published/{kind}/{version}"
    digest = b64encode(sha256(envelope).digest())
    queue(tx, key, {"kind": kind, "version": version, "digest": digest}, at)
    return Published(version, new=True)


def check(tx: Transaction, kind: str, payload: Mapping[str, Json], at: Moment) -> Sequence[Change]:
    """Return the thresholds that a document would move, when it can be published now.

    Raises:
        RefusalError: As `publish`.
    """
    version = read(payload, kind).integer("version", 1)
    latest = tx.documents.latest(kind)
    if latest is not None and version <= latest.version:
        detail = (
            f"{kind}: this is version {version} and the hub holds {latest.version} already;"
            f" a change needs a version above {latest.version}, signed again"
        )
        raise RefusalError(409, "older", detail, {"version": latest.version})
    _check_currency(tx, kind, payload)
    return moved(tx, payload, at) if kind == "policy" else ()


def _check_currency(tx: Transaction, kind: str, payload: Mapping[str, Json]) -> None:
    """Refuse a second currency: amounts of two currencies can never be added up."""
    shops, theirs = currency_of(tx), payload.get("currency")
    if kind == "keys" or not shops or shops == theirs:
        return
    detail = f"{kind}.currency: is {theirs}, but this shop counts in {shops}; keep one currency"
    raise RefusalError(422, "currency", detail)
