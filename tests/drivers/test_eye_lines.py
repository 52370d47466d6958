"""What the eye says, line by line: what was said is heard, and nothing else is believed."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.base import CodeRead, Health
from drivers.eye_lines import (
    COUNTERS,
    DETAIL_CHARS,
    LINE_BYTES,
    Seeing,
    decode,
    encode_code,
    encode_seeing,
)
from drivers.qr_token import TOKEN_MAX, is_token

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
seconds = st.floats(min_value=0, max_value=1e9)


@given(st.text(alphabet=BASE45, min_size=1, max_size=TOKEN_MAX - 3), seconds)
def test_a_code_is_heard_as_it_was_said(body: str, at: float) -> None:
    line = encode_code(CodeRead("K1:" + body, at, "eye's camera"))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert len(line) <= LINE_BYTES
    assert decode(line, "camera") == CodeRead("K1:" + body, at, "camera")


@given(
    is_open=st.booleans(),
    ok=st.booleans(),
    last_seen=st.none() | seconds,
    counters=st.dictionaries(st.sampled_from(COUNTERS), st.integers(min_value=0)),
)
def test_how_it_is_is_heard_as_it_was_said(
    *, is_open: bool, ok: bool, last_seen: float | None, counters: dict[str, int]
) -> None:
    seeing = Seeing(is_open, Health(ok, "taking pictures, 640x480 YUYV", last_seen, counters))
    assert decode(encode_seeing(seeing), "camera") == seeing


@pytest.mark.parametrize(
    "said",
    [
        {"code": "K1:abc", "at": 1.0},
        {"code": "K1:ABC\n", "at": 1.0},
        {"code": "hello", "at": 1.0},
        {"code": "K1:" + "A" * TOKEN_MAX, "at": 1.0},
        {"code": ["K1:ABC"], "at": 1.0},
        {"code": None, "at": 1.0},
        {"code": "K1:ABC"},
        {"code": "K1:ABC", "at": "now"},
        {"code": "K1:ABC", "at": True},
        {"code": "K1:ABC", "at": float("inf")},
        {"code": "K1:ABC", "at": float("nan")},
        {"code": "K1:ABC", "at": 10**400},
        {"open": True, "ok": True},
        {"open": 1, "ok": True, "detail": "x"},
        {"open": True, "ok": "yes", "detail": "x"},
        {"open": True, "ok": True, "detail": None},
        {},
        [],
        "K1:ABC",
        17,
        None,
    ],
    ids=lambda said: ascii(said)[:40],
)
def test_what_may_not_be_believed_is_nothing(said: object) -> None:
    assert decode(json.dumps(said).encode(), "camera") is None


@pytest.mark.parametrize(
    "line", [b"", b"{", b"\xff\xfe", b"[" * LINE_BYTES, b'{"code":"K1:A","at":1.0', b"9" * 4096]
)
def test_a_broken_line_is_nothing(line: bytes) -> None:
    assert decode(line, "camera") is None


@given(st.binary(max_size=200))
@example(b'{"code":"K1:ABC","at":1}')
def test_whatever_the_bytes_only_tokens_come_out(line: bytes) -> None:
    said = decode(line, "camera")
    if isinstance(said, CodeRead):
        assert is_token(said.text)


def test_counters_of_a_hostile_eye_are_left_out() -> None:
    counters = {
        "frames": -1,
        "stale": 2.5,
        "decoded": True,
        "rejected": "9",
        "other": 1,
        "extra": 4,
    }
    line = json.dumps({"open": True, "ok": True, "detail": "x", "counters": counters}).encode()
    said = decode(line, "camera")
    assert isinstance(said, Seeing)
    assert said.health.counters == {"extra": 4}


@pytest.mark.parametrize("counters", [None, [1], "many"])
def test_counters_that_are_no_table_are_none(counters: object) -> None:
    line = json.dumps({"open": True, "ok": True, "detail": "x", "counters": counters}).encode()
    said = decode(line, "camera")
    assert isinstance(said, Seeing)
    assert said.health.counters == {}


def test_a_detail_is_one_short_printable_line() -> None:
    detail = "bad\n\x1b[2Jnews " + "x" * 9999
    said = decode(encode_seeing(Seeing(True, Health(False, detail))), "camera")
    assert isinstance(said, Seeing)
    assert said.health.detail.isprintable()
    assert said.health.detail.startswith("bad[2Jnews xxx")
    assert len(said.health.detail) <= DETAIL_CHARS
