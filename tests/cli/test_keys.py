"""`kiosk keys` makes keys that stay private, and lists that only the owner can have signed."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from kiosk.core.keylist import parse_keys
from kiosk.core.signing import VerifyKey, b64decode, kid_of, open_envelope

Kiosk = Callable[..., Any]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path) -> Iterator[None]:
    with contextlib.chdir(tmp_path):
        yield


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer() as server:
        yield server


def made(kiosk: Kiosk, name: str) -> dict[str, str]:
    facts: dict[str, str] = json.loads(kiosk("keys", "make", name, "--json").out)
    return facts


def listed(owner: str) -> tuple[int, dict[str, VerifyKey]]:
    public = b64decode(owner)
    trusted = {kid_of(public): VerifyKey(kid_of(public), public, "owner")}
    payload = open_envelope("keys", Path("keys.json").read_bytes(), trusted)
    version = payload["version"]
    assert isinstance(version, int)
    return version, parse_keys(payload)


def test_a_key_is_made_once_and_for_its_owner_only(kiosk: Kiosk) -> None:
    facts = made(kiosk, "owner")
    path = Path("owner.key")
    seed = path.read_bytes()
    assert (facts["file"], len(seed), path.stat().st_mode & 0o777) == ("owner.key", 32, 0o600)
    again = kiosk("keys", "make", "owner")
    assert again.code == 2
    assert again.err == "kiosk: owner.key: is there already; move it away first\n"
    assert path.read_bytes() == seed


def test_a_key_goes_where_it_is_told(kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("keys", "make", "a.key", "--dir", tmp_path)
    assert done.out.splitlines()[0] == f"file    {tmp_path}/a.key"
    assert (tmp_path / "a.key").exists()
    assert kiosk("keys", "make", "a", "--dir", tmp_path / "nowhere").code == 2


def test_the_public_key_is_shown_and_the_private_one_never(kiosk: Kiosk) -> None:
    facts = made(kiosk, "owner")
    seed = Path("owner.key").read_bytes()
    by_file = kiosk("keys", "show", "owner.key")
    assert by_file.out == f"public  {facts['public']}\nkid     {facts['kid']}\n"
    assert json.loads(kiosk("keys", "show", facts["public"], "--json").out)["kid"] == facts["kid"]
    assert seed.hex() not in by_file.out


@pytest.mark.parametrize("text", ["none.key", "AAAA", "not a key"])
def test_what_is_no_key_is_refused_in_one_line(text: str, kiosk: Kiosk) -> None:
    done = kiosk("keys", "show", text)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1


def test_a_list_is_begun_grown_and_shortened_in_rising_versions(kiosk: Kiosk) -> None:
    owner, issuer, phone = (made(kiosk, name) for name in ("owner", "issuer", "phone"))
    Path("issuer.pub").write_text(issuer["public"] + "\n", encoding="ascii")
    first = kiosk("keys", "list", "add", "keys.json", "--key", "issuer.pub", "--role", "issuer")
    assert first.out == "keys.json: version 1, 1 keys\n"
    kiosk(
        *("keys", "list", "add", "keys.json", "--key", phone["public"]),
        *("--role", "device", "--customer", "customer-1"),
    )
    version, keys = listed(owner["public"])
    assert version == 2
    assert keys[phone["kid"]].customer == "customer-1"
    shown = kiosk("keys", "list", "show", "keys.json").out
    assert shown == f"version 2\n{issuer['kid']}  issuer\n{phone['kid']}  device    customer-1\n"
    kiosk("keys", "list", "remove", "keys.json", issuer["kid"])
    version, keys = listed(owner["public"])
    assert (version, list(keys)) == (3, [phone["kid"]])
    told = json.loads(kiosk("keys", "list", "show", "keys.json", "--json").out)
    assert told["keys"] == [{"kid": phone["kid"], "role": "device", "customer": "customer-1"}]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "keys.json", "--key", "owner.key", "--role", "king"),
        ("add", "keys.json", "--key", "issuer.key", "--role", "issuer"),
        ("add", "keys.json", "--key", "owner.key", "--role", "device"),
        ("remove", "keys.json", "0000000000000000"),
        ("remove", "none.json", "0000000000000000"),
        ("show", "keys.json", "--owner-key", "issuer.key"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    words: tuple[str, ...], kiosk: Kiosk
) -> None:
    made(kiosk, "owner")
    made(kiosk, "issuer")
    kiosk("keys", "list", "add", "keys.json", "--key", "issuer.key", "--role", "issuer")
    before = Path("keys.json").read_bytes()
    done = kiosk("keys", "list", *words)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert Path("keys.json").read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == [
        "issuer.key",
        "keys.json",
        "owner.key",
    ]


def test_a_list_of_another_owner_is_not_carried_on(kiosk: Kiosk) -> None:
    for name in ("owner", "other", "issuer"):
        made(kiosk, name)
    add = ("keys", "list", "add", "keys.json", "--key", "issuer.key", "--role", "issuer")
    kiosk(*add)
    done = kiosk(*add, "--owner-key-file", "other.key")
    assert done.code == 2
    assert "signed by a key that is not known here" in done.err


def test_signed_documents_are_sent_to_the_hub(kiosk: Kiosk, server: HTTPServer) -> None:
    made(kiosk, "owner")
    kiosk("keys", "list", "add", "keys.json", "--key", "owner.key", "--role", "hub")
    data = Path("keys.json").read_bytes()
    server.expect_request("/v1/documents/keys", method="PUT", data=data).respond_with_data(
        status=201
    )
    done = kiosk("keys", "publish", "keys.json", "--hub", server.url_for(""))
    assert (done.code, done.out) == (0, "keys: published\n")
    server.check_assertions()
    server.clear()
    server.expect_request("/v1/documents/keys", method="PUT").respond_with_data(status=200)
    done = kiosk("keys", "publish", "keys.json", "--hub", server.url_for(""))
    assert (done.code, done.out) == (0, "keys: was published before\n")


def test_a_hub_that_refuses_is_code_2_and_one_that_is_away_is_4(
    kiosk: Kiosk, server: HTTPServer
) -> None:
    Path("policy.json").write_bytes(b"{}")
    server.expect_request("/v1/documents/policy").respond_with_data("older", status=409)
    assert kiosk("keys", "publish", "policy.json", "--hub", server.url_for("")).code == 2
    assert kiosk("keys", "publish", "policy.json", "--hub", "http://127.0.0.1:1").code == 4


def test_only_documents_are_published(kiosk: Kiosk) -> None:
    Path("owner.key").write_bytes(bytes(32))
    done = kiosk("keys", "publish", "owner.key", "--hub", "http://127.0.0.1:1")
    assert done.code == 2
    assert "name it policy, keys, catalogue" in done.err
