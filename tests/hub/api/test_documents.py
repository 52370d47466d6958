"""Signed documents: the owner's signature and a rising version, or nothing changes."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core import canonical
from kiosk.core.signing import sign
from kiosk.core.values import Json
from kiosk.hub.context import PUBLISHING, Hub
from kiosk.hub.documents import payload_of
from kiosk.ledger.reader import LedgerReader
from tests.hub.inprocess import Client
from tests.hub.worlds import Owner, Visitor


def put(client: Client, kind: str, envelope: bytes) -> tuple[int, str]:
    reply = client.put(f"/v1/documents/{kind}", content=envelope)
    return reply.status_code, reply.json().get("detail", "")


def test_a_document_comes_back_byte_for_byte_with_its_version(client: Client, owner: Owner) -> None:
    for kind, envelope in (("policy", owner.policy()), ("catalogue", owner.catalogue())):
        assert put(client, kind, envelope)[0] == 201
        reply = client.get(f"/v1/documents/{kind}")
        assert (reply.status_code, reply.content) == (200, envelope)
        assert reply.headers["etag"] == '"1"'


@pytest.mark.parametrize("held", ['"1"', 'W/"1"', '"0", "1"'])
def test_a_version_that_is_held_is_not_sent_again(client: Client, owner: Owner, held: str) -> None:
    put(client, "policy", owner.policy())
    reply = client.get("/v1/documents/policy", headers={"If-None-Match": held})
    assert (reply.status_code, reply.content) == (304, b"")
    put(client, "policy", owner.policy(2))
    assert client.get("/v1/documents/policy", headers={"If-None-Match": held}).status_code == 200


def test_a_version_only_rises(client: Client, owner: Owner) -> None:
    assert put(client, "policy", owner.policy(3))[0] == 201
    assert put(client, "policy", owner.policy(3)) == (200, ""), "the same again is done already"
    assert put(client, "policy", owner.policy(3, max_inside=2))[0] == 409
    assert put(client, "policy", owner.policy(2))[0] == 409
    assert client.get("/v1/documents/policy").content == owner.policy(3)


def test_only_the_owner_publishes(client: Client) -> None:
    stranger = Owner(Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    status, why = put(client, "policy", stranger.policy())
    assert (status, why) == (401, "policy: signed by a key that is not known here")
    assert client.get("/v1/documents/policy").status_code == 404


def test_a_signature_for_another_kind_does_not_count(client: Client, owner: Owner) -> None:
    assert put(client, "keys", owner.policy())[0] == 401


@pytest.mark.parametrize("raw", [b"", b"{}", b"nonsense", b'{"payload":"","kid":"","sig":""}'])
def test_what_is_no_envelope_is_refused_in_one_line(client: Client, raw: bytes) -> None:
    status, why = put(client, "policy", raw)
    assert status in {401, 422}
    assert why
    assert "\n" not in why


def test_a_document_that_breaks_its_rules_is_refused_by_field(client: Client, owner: Owner) -> None:
    status, why = put(client, "policy", owner.policy(max_inside=0))
    assert (status, why.split(":")[0]) == (422, "policy.max_inside")
    assert put(client, "catalogue", owner.catalogue(price_minor=-1))[0] == 422


def test_one_shop_counts_in_one_currency(client: Client, owner: Owner) -> None:
    put(client, "policy", owner.policy())
    assert put(client, "catalogue", owner.catalogue(currency="USD"))[0] == 422
    status, why = put(client, "policy", owner.policy(2, currency="USD"))
    assert (status, why.split(":")[0]) == (422, "policy.currency")


def test_a_policy_of_another_shop_is_refused(client: Client, owner: Owner) -> None:
    status, why = put(client, "policy", owner.policy(shop="elsewhere"))
    assert (status, why) == (422, "policy.shop: is elsewhere, this hub serves shop")


def test_the_key_list_names_customers_and_is_not_for_everybody(
    visitor: Visitor, owner: Owner
) -> None:
    put(visitor.client, "keys", owner.keys())
    assert visitor.client.get("/v1/documents/keys").status_code == 401
    for headers in (visitor.kiosk, visitor.staff):
        assert visitor.client.get("/v1/documents/keys", headers=headers).content == owner.keys()


def test_there_are_three_kinds_of_documents(client: Client, owner: Owner) -> None:
    assert client.get("/v1/documents/answer").status_code == 404
    assert put(client, "answer", owner.policy())[0] == 404


def test_a_publication_is_said_in_the_office_log_once(
    client: Client, owner: Owner, hub: Hub
) -> None:
    for envelope in (owner.policy(), owner.policy(), owner.policy(2)):
        put(client, "policy", envelope)
    with LedgerReader(hub.state.office) as reader:
        said = [(e.record.type, e.record.data["version"]) for e in reader.events()]
    assert said == [("document.published", 1), ("document.published", 2)]


def test_a_payload_is_what_was_signed(owner: Owner) -> None:
    assert payload_of(sign("keys", {"version": 1, "keys": []}, owner.private))["version"] == 1


def test_of_two_that_publish_the_same_version_at_once_one_is_told(
    client: Client, owner: Owner
) -> None:
    envelopes = [owner.policy(1, max_inside=inside) for inside in range(1, 9)]
    with ThreadPoolExecutor(len(envelopes)) as pool:
        told = list(pool.map(lambda each: put(client, "policy", each)[0], envelopes))
    assert sorted(told) == [201, *[409] * 7]
    assert client.get("/v1/documents/policy").content == envelopes[told.index(201)]


def test_a_policy_that_was_refused_leaves_the_one_before_and_its_dwell(
    client: Client, owner: Owner
) -> None:
    put(client, "policy", owner.policy())
    status, why = put(client, "policy", owner.policy(2, thresholds=[]))
    assert (status, why.split(" stands")[0]) == (422, "policy.thresholds: entry-600")
    assert put(client, "policy", owner.policy(2, max_inside=3))[0] == 201
    assert client.get("/v1/documents/policy").headers["etag"] == '"2"'


NOT_NOW: tuple[tuple[int, dict[str, Json]], ...] = (
    (1, {"max_inside": 2}),
    (2, {"shop": "elsewhere"}),
    (2, {"currency": "USD"}),
    (2, {"max_inside": 0}),
    (2, {"thresholds": []}),
)


def ask(client: Client, owner: Owner, version: int = 1, **changes: Json) -> tuple[int, str]:
    payload = canonical.encode(payload_of(owner.policy(version, **changes)))
    reply = client.post("/v1/documents/policy/check", content=payload)
    return reply.status_code, reply.json().get("detail", "")


def test_a_policy_that_is_only_asked_about_is_told_all_that_publishing_would_and_not_kept(
    client: Client, owner: Owner
) -> None:
    assert ask(client, owner) == (200, "")
    assert client.get("/v1/documents/policy").status_code == 404
    put(client, "policy", owner.policy())
    for version, changes in NOT_NOW:
        told = ask(client, owner, version, **changes)
        assert told[0] in {409, 422}
        assert told == put(client, "policy", owner.policy(version, **changes))
    assert ask(client, owner, 2, max_inside=2) == (200, "")
    assert client.get("/v1/documents/policy").content == owner.policy()


@pytest.mark.parametrize("raw", [b"", b"[]", b"nonsense", b"{} ", b"null", b"[" * 60_000])
def test_what_is_no_policy_is_told_in_one_line(client: Client, raw: bytes) -> None:
    reply = client.post("/v1/documents/policy/check", content=raw)
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid")
    assert "\n" not in reply.json()["detail"]


def test_a_policy_longer_than_any_is_not_read(client: Client) -> None:
    reply = client.post("/v1/documents/policy/check", content=b" " * (64 * 1024 + 1))
    assert reply.status_code == 413


def test_strangers_who_send_documents_do_not_fill_the_memory(client: Client) -> None:
    """No more than two are read at once; a mutant without the bound reads all of them."""
    reading, most = 0, 0

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        for _ in range(20):  # turns of the loop, in which the others would begin
            yield b"{"
            await asyncio.sleep(0)
        reading -= 1

    def send(_: int) -> int:
        return client.put("/v1/documents/policy", content=slowly()).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [422] * 8
    assert 1 <= most <= PUBLISHING
