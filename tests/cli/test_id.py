"""`kiosk id` makes, shows and judges tokens as the kiosk does."""

import contextlib
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.cli.id import REMEDIES
from kiosk.cli.id_mint import WHITE_ON_BLACK
from kiosk.core.identity import TokenFault, mint
from kiosk.core.signing import kid_of, public_of

Kiosk = Callable[..., Any]

SHOP = ("--audience", "corner")
KEY = ("--key", "issuer.key")
LIMIT_S = 20.0


@pytest.fixture(autouse=True)
def _here(tmp_path: Path) -> Iterator[None]:
    with contextlib.chdir(tmp_path):
        yield


@pytest.fixture
def issuer(kiosk: Kiosk) -> Ed25519PrivateKey:
    kiosk("keys", "make", "issuer")
    return Ed25519PrivateKey.from_private_bytes(Path("issuer.key").read_bytes())


def token(issuer: Ed25519PrivateKey, at_s: int = 0, ttl_s: int = 90, customer: str = "c-1") -> str:
    now_s = int(time.time()) + at_s
    return mint(customer, "corner", now_s, ttl_s, bytes(8), issuer, kid_of(public_of(issuer)))


def scanned(blocks: str) -> str:
    """Return what a camera reads from half blocks on a screen."""
    pair = {"\u2588": (1, 1), "\u2580": (1, 0), "\u2584": (0, 1), " ": (0, 0)}
    rows: list[list[int]] = []
    for line in blocks.splitlines():
        rows += [[pair[block][half] for block in line] for half in (0, 1)]
    picture = np.kron(np.array(rows, dtype=np.uint8) * 255, np.ones((6, 6), dtype=np.uint8))
    (code,) = zxingcpp.read_barcodes(picture)
    return code.text


# make


def test_what_is_made_is_taken_by_a_kiosk(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    del issuer
    text = kiosk("id", "make", "customer-1", *SHOP, *KEY).out.rstrip("\n")
    done = kiosk("id", "verify", text, *SHOP, *KEY)
    assert (done.code, done.out) == (0, "valid: customer-1, signed\n")


def test_each_token_has_a_nonce_of_its_own(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    del issuer
    assert len({kiosk("id", "make", "c", *SHOP, *KEY).out for _ in range(4)}) == 4


def test_a_picture_holds_the_token(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    del issuer
    text = kiosk("id", "make", "c", *SHOP, *KEY, "--png", "id.png").out.rstrip("\n")
    picture = cv2.imread("id.png", cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == text


def test_a_voucher_is_for_whoever_holds_it(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    del issuer
    done = kiosk("id", "make", "--voucher", "--days", 7, *SHOP, *KEY, "--json")
    made = json.loads(done.out)
    assert made["customer"].startswith("voucher:")
    assert made["expires_s"] == pytest.approx(time.time() + 7 * 86_400, abs=60)
    judged = kiosk("id", "verify", made["text"], *SHOP, *KEY, "--role", "voucher", "--json")
    assert json.loads(judged.out) == {
        "valid": True,
        "customer": made["customer"],
        "tier": "voucher",
    }


@pytest.mark.parametrize("words", [(), ("c", "--voucher")])
def test_a_token_is_for_a_customer_or_a_voucher(words: tuple[str, ...], kiosk: Kiosk) -> None:
    done = kiosk("id", "make", *words, *SHOP)
    assert done.code == 2
    assert "give either a customer or --voucher" in done.err


def test_a_key_that_others_may_read_mints_nothing(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    del issuer
    Path("issuer.key").chmod(0o644)
    done = kiosk("id", "make", "c", *SHOP, *KEY)
    assert (done.code, done.err) == (
        2,
        "kiosk: issuer.key: others may read it; chmod 600 issuer.key\n",
    )


# verify


@pytest.mark.parametrize(
    ("at_s", "ttl_s", "audience", "fault"),
    [
        (-200, 90, "corner", TokenFault.EXPIRED),
        (60, 60, "corner", TokenFault.NOT_YET_VALID),
        (0, 121, "corner", TokenFault.TOO_LONG_LIVED),
        (0, 90, "other", TokenFault.WRONG_AUDIENCE),
    ],
)
def test_the_exact_reason_is_told(
    at_s: int, ttl_s: int, audience: str, fault: TokenFault, kiosk: Kiosk, issuer: Ed25519PrivateKey
) -> None:
    text = token(issuer, at_s, ttl_s)
    done = kiosk("id", "verify", text, "--audience", audience, *KEY)
    assert (done.code, done.out) == (1, f"not valid: {fault}: {REMEDIES[fault]}\n")
    told = json.loads(kiosk("id", "verify", text, "--audience", audience, *KEY, "--json").out)
    assert told == {"valid": False, "fault": str(fault)}


def test_every_fault_has_its_remedy() -> None:
    assert set(REMEDIES) == set(TokenFault)


def test_rubbish_is_malformed(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    del issuer
    for text in ("K1:", "rubbish", ""):
        assert "not valid: malformed" in kiosk("id", "verify", text, *SHOP, *KEY).out


def test_a_token_comes_from_input_too(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    before, sys.stdin = sys.stdin, io.StringIO(token(issuer) + "\r\n")
    try:
        assert kiosk("id", "verify", "-", *SHOP, *KEY).out == "valid: c-1, signed\n"
    finally:
        sys.stdin = before


def test_a_signed_list_says_who_may_mint(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    kiosk("keys", "make", "owner")
    kiosk("keys", "list", "add", "keys.json", *KEY, "--role", "device", "--customer", "c-1")
    for customer, answer in (("c-1", "valid: c-1"), ("c-2", "not valid: bad-signature")):
        text = token(issuer, customer=customer)
        trusted = ("--key-list", "keys.json", "--owner-key", "owner.key")
        done = kiosk("id", "verify", text, *SHOP, *trusted)
        assert done.out.startswith(answer)
    single = ("--role", "device", "--customer", "c-1")
    assert kiosk("id", "verify", token(issuer), *SHOP, *KEY, *single).code == 0


def test_keys_come_from_one_place(kiosk: Kiosk) -> None:
    done = kiosk("id", "verify", "K1:", *SHOP, *KEY, "--key-list", "keys.json")
    assert done.code == 2
    assert "give --key-list or --key, not both" in done.err


# show


def test_one_code_is_shown_and_can_be_scanned(kiosk: Kiosk, issuer: Ed25519PrivateKey) -> None:
    del issuer
    done = kiosk("id", "show", "customer-1", *SHOP, *KEY, "--once")
    assert done.code == 0
    judged = kiosk("id", "verify", scanned(done.out), *SHOP, *KEY)
    assert judged.out == "valid: customer-1, signed\n"


def test_a_fresh_code_comes_before_the_old_one_ends_and_ctrl_c_ends_it(
    issuer: Ed25519PrivateKey,
) -> None:
    del issuer
    words = ["id", "show", "customer-1", *SHOP, *KEY, "--ttl-s", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "kiosk", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        shown: list[str] = []
        block: list[str] = []
        for line in process.stdout:
            if line.startswith("customer-1 at corner; a fresh one every 1 s."):
                shown.append(scanned("\n".join(block)))
                block.clear()
                if len(shown) == 2:
                    process.send_signal(signal.SIGINT)
            else:
                block.append(line.rstrip("\n"))
        assert process.wait(LIMIT_S) == 0
    assert len(set(shown)) == 2


def test_in_a_terminal_the_page_is_cleared_and_the_colours_are_fixed(
    issuer: Ed25519PrivateKey,
) -> None:
    del issuer
    words = ["id", "show", "customer-1", *SHOP, *KEY]
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "kiosk", *words], stdout=theirs) as process:
        os.close(theirs)
        seen = b""
        while b"Ctrl-C ends" not in seen:
            seen += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    os.close(ours)
    page = seen.decode()
    assert page.startswith("\x1b[H\x1b[J" + WHITE_ON_BLACK)
