"""A score service that signs what a test tells it to."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core import canonical
from kiosk.core.signing import VerifyKey, b64encode, kid_of, public_of, sign
from kiosk.core.values import Answer, CustomerRef, Json, RequestId
from kiosk.remote.providers.base import CheckRequest
from kiosk.remote.providers.score import (
    ScoreProvider,
)
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import Fault, Peer, serving

NOW_S = 1_800_000_000
SERVICE = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
REQUEST = CheckRequest(
    RequestId("request-1"),
    "shop/kiosk-1",
    CustomerRef("customer-1"),
    "entry",
    ("entry-600", "entry-700"),
    "00112233aabbccdd",
)
Payload = dict[str, Any]


def listed(private: Ed25519PrivateKey, role: str = "provider") -> dict[str, VerifyKey]:
    """A key list with one key."""
    public = public_of(private)
    return {kid_of(public): VerifyKey(kid_of(public), public, role)}


def told(question: Mapping[str, Any]) -> Payload:
    """A good answer to the question."""
    return {
        **question,
        "answers": dict(zip(question["thresholds"], ("yes", "no"), strict=True)),
        "reasons": ["paid-late"],
        "iat": NOW_S,
        "valid_until": NOW_S + 300,
    }


QUESTION: Payload = {
    "request_id": "request-1",
    "kiosk": "shop/kiosk-1",
    "customer": "customer-1",
    "purpose": "entry",
    "thresholds": ["entry-600", "entry-700"],
    "nonce": "00112233aabbccdd",
}
GOOD = canonical.encode(told(QUESTION))


def signs(
    change: Callable[[Payload], Payload] = lambda payload: payload,
    private: Ed25519PrivateKey = SERVICE,
    kind: str = "answer",
) -> Fault:
    """A service that signs what `change` makes of the good answer."""

    def answer(peer: Peer) -> None:
        payload = change(told(json.loads(peer.request.body)))
        peer.send(faults.response(sign(kind, payload, private)))

    return answer


@contextmanager
def provider(url: str, keys: Mapping[str, VerifyKey] | None = None) -> Iterator[ScoreProvider]:
    """A provider that is closed at the end."""
    known = listed(SERVICE) if keys is None else keys
    score = ScoreProvider(url, "kiosk-token", lambda: known)
    try:
        yield score
    finally:
        score.close()


def check(
    fault: Fault,
    keys: Mapping[str, VerifyKey] | None = None,
    now_s: int = NOW_S,
    deadline_s: float = 5.0,
) -> Answer:
    """The answer of a provider whose service has this fault."""
    with serving(fault) as server, provider(server.url, keys) as score:
        return score.check(REQUEST, now_s, deadline_s)


def raw(payload: bytes, private: Ed25519PrivateKey = SERVICE) -> Fault:
    """A service that signs these payload bytes, canonical or not."""
    envelope = {
        "payload": b64encode(payload),
        "kid": kid_of(public_of(private)),
        "sig": b64encode(private.sign(b"kiosk/answer/v1\n" + payload)),
    }
    return faults.as_json(envelope)


def says(**fields: Json) -> Callable[[Payload], Payload]:
    """The good answer with these fields changed."""
    return lambda payload: {**payload, **fields}


def without(name: str) -> Callable[[Payload], Payload]:
    """The good answer without this field."""
    return lambda payload: {key: value for key, value in payload.items() if key != name}
