"""`kiosk id` in one try: names, keys and the key list are found beside the kiosk."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.ledger.keys import load as load_keys
from kiosk.ledger.store import Ledger

Kiosk = Callable[..., Any]


@pytest.fixture
def shop(kiosk: Kiosk, tmp_path: Path) -> Path:
    """A shop fresh from `kiosk init`."""
    kiosk("init", tmp_path / "shop")
    return tmp_path / "shop"


def test_one_try_is_enough(kiosk: Kiosk, shop: Path) -> None:
    made = kiosk("id", "make", "customer-1", "--state", shop, "--json")
    text = json.loads(made.out)["text"]
    assert json.loads(made.out)["audience"] == "corner"
    assert kiosk("id", "verify", text, "--state", shop).out == "valid: customer-1, signed\n"
    assert kiosk("id", "show", "customer-1", "--once", "--state", shop).code == 0
    paper = kiosk("id", "make", "--voucher", "--state", shop).out.rstrip("\n")
    assert kiosk("id", "verify", paper, "--state", shop).out.startswith("valid: voucher:")


def test_the_list_that_the_kiosk_holds_goes_before_the_one_beside_it(
    kiosk: Kiosk, shop: Path
) -> None:
    text = kiosk("id", "make", "customer-1", "--state", shop).out.rstrip("\n")
    keys = load_keys(shop)
    held = shop / "keys.json"
    with Ledger.open(shop / "ledger.db", "corner/door-1", keys.log, keys.wrap, "b") as ledger:
        ledger.put_document("keys", 1, held.read_bytes())
    held.write_bytes(b"not a list")
    assert kiosk("id", "verify", text, "--state", shop).code == 0


def test_a_kiosk_without_any_list_says_where_one_comes_from(kiosk: Kiosk, shop: Path) -> None:
    (shop / "keys.json").unlink()
    done = kiosk("id", "verify", "K1:", "--state", shop)
    assert done.code == 2
    assert "start it once, or give --key-list FILE or --key KEY" in done.err


def test_a_key_that_is_not_there_is_named(kiosk: Kiosk, shop: Path) -> None:
    (shop / "issuer.key").unlink()
    done = kiosk("id", "make", "customer-1", "--state", shop)
    assert done.code == 2
    assert f"{shop}/issuer.key: No such file or directory" in done.err


def test_a_list_of_another_owner_is_refused(kiosk: Kiosk, shop: Path, tmp_path: Path) -> None:
    kiosk("init", tmp_path / "other")
    theirs = tmp_path / "other" / "keys.json"
    done = kiosk("id", "verify", "K1:", "--state", shop, "--key-list", theirs)
    assert (done.code, done.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "customer", ["", "a\nb", "\x1b[2J", "\udcff", "x" * 4096, "<script>", "=1+1", "é"]
)
def test_hostile_customers_make_one_line_or_a_token_that_no_kiosk_takes(
    customer: str, kiosk: Kiosk, shop: Path
) -> None:
    shown = kiosk("id", "show", customer, "--once", "--state", shop)
    made = kiosk("id", "make", customer, "--state", shop)
    for done in (shown, made):
        assert (done.code, done.err.count("\n")) in {(0, 0), (2, 1)}
        assert "\x1b" not in done.out
    if made.code == 0:
        text = made.out.rstrip("\n")
        assert kiosk("id", "verify", text, "--state", shop).code == 1
