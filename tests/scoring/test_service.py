"""The wire: who may ask, which status each refusal has, and that nothing personal comes back."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from kiosk.core.signing import kid_of, open_envelope, public_of
from kiosk.scoring.service import MAX_BODY
from tests.scarce import full_disk
from tests.scoring.documents import SERVICE, question, verify_key
from tests.scoring.served import World, service

KIOSK = {"Authorization": "Bearer kiosk-token"}
ADMIN = {"Authorization": "Bearer admin-token"}
QUESTION: dict[str, Any] = dict(question().as_json())


class Client:
    """Asks the service at one address over real sockets."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str | bytes] | None = None,
        json: object = None,
        data: bytes | Iterator[bytes] | None = None,
    ) -> requests.Response:
        """The reply, of any status."""
        url = self.url + path
        return requests.request(method, url, headers=headers, json=json, data=data, timeout=10)

    def post(
        self,
        *,
        headers: Mapping[str, str | bytes] = KIOSK,
        json: object = None,
        data: bytes | Iterator[bytes] | None = None,
    ) -> requests.Response:
        """The reply to a check."""
        return self.ask("POST", "/v1/checks", headers=headers, json=json, data=data)


@pytest.fixture
def world() -> World:
    """A policy in force."""
    return World()


@pytest.fixture
def client(tmp_path: Path, world: World) -> Iterator[Client]:
    """A client of the running service, which allows two checks a minute."""
    with service(tmp_path, world, rate=2) as url:
        yield Client(url)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of one running service for what is refused, and so changes nothing."""
    with service(tmp_path_factory.mktemp("scores"), World()) as url:
        yield Client(url)


def answers(client: Client, **changes: object) -> dict[str, Any]:
    """The answers and reasons to a question."""
    reply = client.post(json={**QUESTION, **changes})
    assert reply.status_code == 200, reply.text
    keys = {kid_of(public_of(SERVICE)): verify_key(SERVICE, "provider")}
    payload = open_envelope("answer", reply.content, keys)
    return {"answers": payload["answers"], "reasons": payload["reasons"]}


def test_a_test_fact_makes_an_unknown_customer_known_until_it_is_erased(client: Client) -> None:
    unknown = {"entry-600": "unknown", "entry-700": "unknown"}
    assert answers(client)["answers"] == unknown
    put = client.ask("PUT", "/v1/facts/customer-1", json={"points": 650}, headers=ADMIN)
    assert (put.status_code, put.content) == (204, b"")
    assert answers(client, request_id="r2")["answers"] == {"entry-600": "yes", "entry-700": "no"}
    assert client.ask("DELETE", "/v1/facts/customer-1", headers=ADMIN).status_code == 204
    assert answers(client, request_id="r3")["answers"] == unknown


def test_health_tells_the_policy_in_force(client: Client, world: World) -> None:
    assert client.ask("GET", "/healthz").json() == {"status": "ok", "policy": 1}
    world.policy = None
    assert client.ask("GET", "/healthz").json() == {"status": "ok", "policy": 0}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        ADMIN,
        {"Authorization": "Bearer "},
        {"Authorization": "Basic kiosk-token"},
        {"Authorization": "Bearer kiosk-token2"},
        {"Authorization": "Bearer t\u00f6ken"},
    ],
)
def test_only_a_kiosk_may_ask(refusing: Client, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    reply = refusing.post(json=QUESTION, headers=raw)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_the_admin_may_set_or_erase(refusing: Client, method: str) -> None:
    for headers in ({}, KIOSK):
        body = {"points": 1} if method == "PUT" else None
        reply = refusing.ask(method, "/v1/facts/customer-1", json=body, headers=headers)
        assert reply.status_code == 401


WRONG: dict[str, dict[str, object]] = {
    "a field more": {"score": 1},
    "a customer with a line end": {"customer": "customer-1\n"},
    "a customer too long": {"customer": "c" * 65},
    "no customer": {"customer": ""},
    "a number for a customer": {"customer": 7},
    "no thresholds": {"thresholds": []},
    "five thresholds": {"thresholds": ["a", "b", "c", "d", "e"]},
    "a threshold with a space": {"thresholds": ["entry 600"]},
    "a short nonce": {"nonce": "00"},
    "no nonce": {"nonce": None},
    "an empty kiosk": {"kiosk": ""},
    "a strange id": {"request_id": "r\x00"},
    "a purpose in upper case": {"purpose": "ENTRY"},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_question_outside_the_grammar_is_refused_without_repeating_it(
    refusing: Client, change: dict[str, object]
) -> None:
    reply = refusing.post(json={**QUESTION, **change})
    assert reply.status_code == 422
    assert set(reply.json()) == {"detail"}
    assert reply.json()["detail"].startswith("body.")
    assert "customer-1" not in reply.text
    assert "ccc" not in reply.text


@pytest.mark.parametrize("points", [-1, 801, 7.5, "700", True, None])
def test_a_test_fact_is_a_whole_number_from_0_to_800(refusing: Client, points: object) -> None:
    reply = refusing.ask("PUT", "/v1/facts/customer-1", json={"points": points}, headers=ADMIN)
    assert reply.status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b"\xff", 400),
        (b'{"a": NaN}', 422),
        (b" " * (MAX_BODY + 1), 413),
    ],
)
def test_a_body_that_is_no_question_has_its_documented_status(
    refusing: Client, body: bytes, status: int
) -> None:
    headers = {**KIOSK, "Content-Type": "application/json"}
    assert refusing.post(data=body, headers=headers).status_code == status


def test_a_body_that_grows_past_the_cap_is_cut_off(refusing: Client) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 1024

    headers = {**KIOSK, "Content-Type": "application/json"}
    assert refusing.post(data=pieces(), headers=headers).status_code == 413


def test_refusals_have_their_status(client: Client, world: World) -> None:
    assert client.post(json={**QUESTION, "thresholds": ["entry-601"]}).status_code == 422
    assert answers(client)
    assert client.post(json={**QUESTION, "thresholds": ["entry-600"]}).status_code == 409
    assert answers(client, request_id="r2")
    often = client.post(json={**QUESTION, "request_id": "r3"})
    assert (often.status_code, often.headers["retry-after"]) == (429, "60")
    world.policy = None
    early = client.post(json={**QUESTION, "request_id": "r4"})
    assert (early.status_code, early.headers["retry-after"]) == (503, "5")


def test_p6_nothing_personal_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.ask("PUT", "/v1/facts/customer-1", json={"points": 737}, headers=ADMIN)
    answers(client)
    client.ask("PUT", "/v1/facts/customer-1", json={"points": 7370}, headers=ADMIN)
    # The client's own connection pool is not the service.
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith("urllib3")]
    for secret in ("customer-1", "737", "kiosk-token", "admin-token", "0011223344556677"):
        assert not [line for line in ours if secret in line]


def test_the_pages_that_load_scripts_from_elsewhere_are_off(refusing: Client) -> None:
    for path in ("/docs", "/redoc"):
        assert refusing.ask("GET", path).status_code == 404


def test_the_description_names_every_status(refusing: Client) -> None:
    paths = refusing.ask("GET", "/openapi.json").json()["paths"]
    statuses = {
        f"{method} {path}": sorted(operation["responses"])
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert statuses == {
        "post /v1/checks": ["200", "400", "401", "409", "413", "422", "429", "503"],
        "put /v1/facts/{customer}": ["204", "400", "401", "413", "422", "503"],
        "delete /v1/facts/{customer}": ["204", "401", "413", "422", "503"],
        "get /healthz": ["200", "413"],
    }
    assert json.dumps(paths).count("HTTPValidationError") == 0


def test_p4_a_full_disk_is_a_503_that_names_nobody_and_is_over_when_there_is_room(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with full_disk():
        replies = [
            client.post(json=QUESTION),
            client.ask("PUT", "/v1/facts/customer-1", json={"points": 650}, headers=ADMIN),
            client.ask("DELETE", "/v1/facts/customer-1", headers=ADMIN),
        ]
    for reply in replies:
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "30")
        assert reply.json() == {"detail": "the service cannot write its store; see its log"}
    told = [
        record.getMessage() for record in caplog.records if record.name == "kiosk.scoring.service"
    ]
    assert len(told) == len(replies)
    assert all("store not written" in line and "customer-1" not in line for line in told)
    assert client.post(json=QUESTION).status_code == 200, "nothing was left half done"
