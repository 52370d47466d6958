"""The `cwt` package, written by others, reads our tokens and writes tokens that we read.

It cannot live beside our own libraries, so it runs as a process; `KIOSK_PEER_CWT` names the
Python of its environment.
"""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

import base45
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.identity import PREFIX, SKEW_S, TokenFault, mint, verify
from kiosk.core.signing import VerifyKey, kid_of, public_of
from kiosk.core.values import Claim, CustomerRef, Moment, Spend, Tier

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_of(PRIVATE)
KID = kid_of(PUBLIC)
KEYS = {KID: VerifyKey(KID, PUBLIC, "issuer")}
SHOP = frozenset({"corner"})
NONCE = bytes.fromhex("a1a2a3a4a5a6a7a8")

PEER = """
import json, sys
import cwt
from cwt import COSEKey

out = []
for job in json.load(sys.stdin):
    key = {1: 1, 2: bytes.fromhex(job["kid"]), 3: -8, -1: 6, -2: bytes.fromhex(job["public"])}
    if job["do"] == "decode":
        try:
            claims = cwt.decode(bytes.fromhex(job["token"]), COSEKey.new(key))
            out.append({str(n): v.hex() if isinstance(v, bytes) else v for n, v in claims.items()})
        except Exception as error:
            out.append({"error": type(error).__name__})
    else:
        key[-4] = bytes.fromhex(job["private"])
        claims = {int(n): v for n, v in job["claims"].items()}
        claims[7] = bytes.fromhex(claims[7])
        out.append({"token": cwt.encode(claims, COSEKey.new(key)).hex()})
json.dump(out, sys.stdout)
"""


@pytest.fixture(scope="module")
def python() -> str:
    path = os.environ.get("KIOSK_PEER_CWT", "")
    if not path:
        pytest.skip("KIOSK_PEER_CWT does not name a Python with the cwt package")
    return path


def ask(python: str, jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    key = {"kid": KID, "public": PUBLIC.hex(), "private": PRIVATE.private_bytes_raw().hex()}
    done = subprocess.run(
        [python, "-c", PEER],
        input=json.dumps([{**key, **job} for job in jobs]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def test_the_peer_reads_our_tokens_and_refuses_damaged_ones(python: str) -> None:
    now_s = int(time.time())
    good = base45.b45decode(
        mint("customer-1", "corner", now_s, 90, NONCE, PRIVATE, KID).removeprefix(PREFIX)
    )
    damaged = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(1, len(good), 9)]
    first, *others = ask(
        python, [{"do": "decode", "token": token.hex()} for token in (good, *damaged)]
    )
    assert first == {
        "2": "customer-1",
        "3": "corner",
        "4": now_s + 90,
        "6": now_s,
        "7": NONCE.hex(),
    }
    assert [answer for answer in others if "error" not in answer] == []


def test_we_read_the_tokens_of_the_peer(python: str) -> None:
    now_s = int(time.time())
    claims = {"2": "customer-1", "3": "corner", "4": now_s + 90, "6": now_s, "7": NONCE.hex()}
    (answer,) = ask(python, [{"do": "encode", "claims": claims}])
    data = bytes.fromhex(answer["token"])
    text = PREFIX + str(base45.b45encode(data), "ascii")
    now = Moment(mono_ms=0, wall_ms=(now_s + 1) * 1000)
    spend = Spend(KID, NONCE.hex(), now_s + 90 + SKEW_S)
    assert verify(text, KEYS, SHOP, now) == Claim(CustomerRef("customer-1"), Tier.SIGNED, spend)
    for bit in range(0, len(data) * 8, 7):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        again = PREFIX + str(base45.b45encode(bytes(flipped)), "ascii")
        assert isinstance(verify(again, KEYS, SHOP, now), TokenFault)


def test_we_refuse_what_the_peer_was_asked_to_sign_for_too_long(python: str) -> None:
    now_s = int(time.time())
    claims = {"2": "customer-1", "3": "corner", "6": now_s, "7": NONCE.hex()}
    (answer,) = ask(python, [{"do": "encode", "claims": claims}])
    text = PREFIX + str(base45.b45encode(bytes.fromhex(answer["token"])), "ascii")
    now = Moment(mono_ms=0, wall_ms=now_s * 1000)
    assert verify(text, KEYS, SHOP, now) is TokenFault.TOO_LONG_LIVED
