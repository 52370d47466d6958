"""Whatever the words and files are: one line for each thing, a right exit code, no traceback."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from kiosk.core.catalogue import Article, parse_catalogue
from kiosk.core.signing import sign
from kiosk.core.values import Json
from kiosk.hub.errors import ItemsError
from kiosk.hub.items import merge, read_items, write_items
from tests.cli.conftest import Done
from tests.hub.worlds import Owner

Kiosk = Callable[..., Any]

HOSTILE = [
    "",
    ".",
    "x" * 4096,
    "\x1b[2J\x1b]0;title\x07",
    "\u202egnp.exe",
    "a\nb",
    "\udcff\udcfe",
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "../../etc/passwd",
]
TAKES_A_WORD = [
    ("config", "check"),
    ("config", "show"),
    ("keys", "show"),
    ("keys", "publish"),
    ("ledger", "tail", "--state"),
    ("ledger", "show", "0", "--config"),
    ("ledger", "verify", "--vkey"),
    ("doctor", "--config"),
    ("rfid", "decode"),
    ("rfid", "scan", "--seconds", "0.2", "--port"),
    ("item", "import"),
    ("item", "list", "--hub"),
    ("play",),
    ("run", "--config"),
    ("status", "--state"),
    ("id", "verify", "--audience", "corner", "--key"),
    ("scores", "seed", "customer-1"),
    ("ledger",),
]


def is_plain(done: Done) -> bool:
    """Say whether a call ended in plain words, whatever it was given."""
    return "Traceback" not in done.err and not {"\x1b", "\u202e", "\x07"} & set(done.err)


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: ascii(word[:12]))
@pytest.mark.parametrize("verb", TAKES_A_WORD, ids=" ".join)
def test_hostile_words_are_refused_in_plain_ones(
    verb: tuple[str, ...], word: str, kiosk: Kiosk, tmp_path: Path
) -> None:
    with contextlib.chdir(tmp_path):
        done = kiosk(*verb, word)
    assert done.code in {1, 2, 3, 4} or verb[0] == "doctor", done
    assert done.err or done.out
    assert is_plain(done), done.err
    assert list(tmp_path.iterdir()) == []


FILES = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe\x00[kiosk]\n",
    "an ELF": b"\x7fELF\x02\x01\x01\x00" + bytes(4096),
    "a page": b"<html><body>404</body></html>\n",
    "a formula": b"=1+1,2\n",
    "one long line": b"a" * 300_000,
    "nested": b"a = " + b"[" * 5000,
    "escapes": b"\x1b[2J = 1\n",
}
TAKES_A_FILE = [
    ("config", "check"),
    ("run", "--config"),
    ("hub", "--config"),
    ("play",),
    ("vouch", "list", "--file"),
    ("keys", "show"),
    ("id", "make", "c", "--audience", "corner", "--key"),
    ("id", "verify", "K1:", "--audience", "corner", "--owner-key", "A" * 43, "--key-list"),
]


@pytest.mark.parametrize("held", FILES.values(), ids=FILES)
@pytest.mark.parametrize("verb", TAKES_A_FILE, ids=" ".join)
def test_hostile_files_are_refused_by_name(
    verb: tuple[str, ...], held: bytes, kiosk: Kiosk, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(held)
    done = kiosk(*verb, file)
    if held or verb[0] not in {"vouch", "play"}:  # an empty list is one, and so is an empty day
        assert done.code == 2, done
        assert done.err.startswith("kiosk: ")
    assert is_plain(done), done.err
    assert file.read_bytes() == held


@pytest.mark.parametrize("verb", TAKES_A_FILE, ids=" ".join)
def test_a_directory_or_nothing_in_place_of_a_file_is_one_line(
    verb: tuple[str, ...], kiosk: Kiosk, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / "none" / "x"):
        done = kiosk(*verb, path)
        if (verb[0], path.parent) != ("vouch", tmp_path):  # a missing list is an empty one
            assert done.code == 2 or verb[0] == "vouch"
            assert done.err.count("\n") <= 1, done.err
        assert is_plain(done)


# the spreadsheet

CELLS = st.text(st.characters(codec="utf-8"), max_size=12)
ROWS = st.lists(st.lists(CELLS, max_size=6).map(",".join), max_size=6)
HEADS = st.sampled_from(["gtin,name,price", "epc,name,price_minor,tax", "name", "gtin;name;price"])


def refusals(data: bytes) -> tuple[list[str], tuple[Article, ...]]:
    """Return the lines of a refusal, or the items."""
    try:
        return [], read_items(data, "dir/items.csv", "EUR")
    except ItemsError as error:
        return str(error).split("\n"), ()


@settings(deadline=None)
@given(HEADS, ROWS)
def test_no_spreadsheet_makes_anything_but_items_or_lines(head: str, rows: list[str]) -> None:
    data = "\n".join([head, *rows]).encode()
    lines, items = refusals(data)
    assert all(line.startswith("dir/items.csv") for line in lines)
    if lines:
        return
    catalogue = parse_catalogue(merge(None, items, "EUR", replace=True).payload)
    again = read_items(write_items(catalogue).encode(), "again.csv", "EUR")
    assert set(again) == set(items)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_anything_but_lines(data: bytes) -> None:
    lines, items = refusals(data)
    assert bool(lines) != bool(items)
    assert all(line.startswith("dir/items.csv") for line in lines)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS)
def test_an_import_that_is_refused_publishes_nothing(
    rows: list[str], kiosk: Kiosk, tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.clear_all_handlers()
    payload: dict[str, Json] = {"version": 1, "currency": "EUR", "items": [], "sold": []}
    envelope = sign("catalogue", payload, Owner().private)
    httpserver.expect_request("/v1/documents/catalogue", method="GET").respond_with_data(envelope)
    file = tmp_path / "items.csv"
    file.write_text("\n".join(["gtin,name,price", *rows, "1,wrong,1"]), encoding="utf-8")
    words = ("--hub", httpserver.url_for("").rstrip("/"), "--owner-key-file", tmp_path / "none")
    done = kiosk("item", "import", file, *words)
    assert done.code == 2
    assert str(file) in done.err
    assert is_plain(done)
    assert all(request.method == "GET" for request, _ in httpserver.log)


# the near miss: a file, directory or address beside the right one


def test_a_key_in_place_of_a_verifier_key_is_named(
    kiosk: Kiosk, state: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "issuer.key"
    wrong.write_bytes(bytes(range(200, 232)))
    done = kiosk("ledger", "verify", "--vkey", wrong, "--state", state)
    assert done.code == 2
    assert done.err.startswith(
        f"kiosk: --vkey {wrong}: holds no verifier key: want a file such as log.vkey, which "
        "kiosk ledger export writes"
    )


def test_a_key_list_of_another_owner_is_named(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk("init", tmp_path / "shop")
    listed, issuer = tmp_path / "shop" / "keys.json", tmp_path / "shop" / "issuer.key"
    words = ("--role", "provider", "--key", issuer, "--owner-key-file", issuer)
    done = kiosk("keys", "list", "add", listed, *words)
    assert done.code == 2
    assert done.err == (
        f"kiosk: {listed}: keys: signed by a key that is not known here; "
        "give the owner's key that signed it\n"
    )
    done = kiosk("keys", "list", "show", tmp_path / "none", "--owner-key", issuer)
    told = f"kiosk: {tmp_path}/none: No such file or directory; name the key list\n"
    assert (done.code, done.err) == (2, told)


def test_a_misspelt_file_of_a_key_is_no_broken_key(kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("keys", "show", tmp_path / "scores.pubb")
    assert done.err == (
        f"kiosk: {tmp_path}/scores.pubb: no such file, and no public key; "
        "give a public key or a file with one\n"
    )


def test_the_shops_directory_in_place_of_the_score_services_is_told_from_it(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "scores.url").touch()
    done = kiosk("scores", "seed", "customer-1", "700", "--state", tmp_path)
    told = f"{tmp_path}: is not the score service's; give --state {tmp_path}/scores"
    assert (done.code, done.err) == (2, f"kiosk: {told}\n")


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "hub", "x y", "", "http://"])
def test_an_address_that_is_none_is_told_from_a_hub_that_is_away(
    address: str, kiosk: Kiosk
) -> None:
    done = kiosk("item", "list", "--hub", address)
    told = f"kiosk: {address.rstrip('/')}: is no address: want http://HOST:PORT\n"
    assert (done.code, done.err) == (2, told)


@pytest.mark.parametrize("reason", ["", "  "])
def test_no_reason_is_no_reason(reason: str, kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("door", "unlock", "--reason", reason, "--state", tmp_path)
    told = "--reason: say why, in a few words (see kiosk door unlock --help)"
    assert (done.code, done.err) == (2, f"kiosk: {told}\n")


def test_a_file_in_place_of_the_kiosks_directory_is_told(kiosk: Kiosk, tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.touch()
    told = f"--state {file}: is a file; give its directory, or --config for a configuration"
    for verb in (("status",), ("ledger", "tail"), ("doctor",)):
        done = kiosk(*verb, "--state", file)
        assert (done.code, done.err) == (2, f"kiosk: {told} (see kiosk {' '.join(verb)} --help)\n")


def test_a_key_that_is_listed_already_leaves_the_list_as_it_is(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    place = tmp_path / "shop"
    kiosk("init", place)
    listed, issuer = place / "keys.json", place / "issuer.key"
    before = listed.read_bytes()
    words = ("--key", issuer, "--owner-key-file", place / "owner.key")
    done = kiosk("keys", "list", "add", listed, "--role", "issuer", *words)
    told = f"kiosk: {listed}: {issuer} is in it already; nothing to do\n"
    assert (done.code, done.err, listed.read_bytes()) == (2, told, before)


def test_what_is_empty_is_no_code_and_no_name(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk("init", tmp_path / "shop", "--simulate")
    done = kiosk("sim", "show", "", "--state", tmp_path / "shop")
    assert (done.code, "TOKEN is empty: see what kiosk id make says" in done.err) == (2, True)
    words = ("--until", "2099-12-31", "--by", " ", "--state", tmp_path / "shop")
    done = kiosk("vouch", "add", "customer-1", *words)
    assert (done.code, done.err) == (2, "kiosk: --by: want the name of who vouches\n")
