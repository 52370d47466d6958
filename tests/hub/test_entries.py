"""What a kiosk sends is refused as a whole, naming the first entry that is not right."""

from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.signing import b64encode
from kiosk.hub.entries import MAX_AT_MS, MAX_ENTRIES, read_batch, read_event
from kiosk.hub.errors import RefusalError
from kiosk.ledger.body import MAX_BODY_BYTES
from kiosk.ledger.checkpoint import parse_vkey
from tests.hub.worlds import DEEP, NOON_MS, KioskLog, granted


def filled(count: int = 3) -> KioskLog:
    log = KioskLog()
    for _ in range(count):
        log.add("door.held")
    return log


def refusal(raw: bytes, log: KioskLog, start: int = 0) -> RefusalError:
    with pytest.raises(RefusalError) as refused:
        read_batch(raw, start, parse_vkey(log.vkey))
    return refused.value


def changed(log: KioskLog, index: int, change: Callable[[bytes], bytes]) -> bytes:
    salt, body = log.bodies[index]
    lines = log.upload(0).splitlines()
    lines[index] = orjson.dumps(
        {"salt": b64encode(salt), "body": b64encode(change(body)), "sealed": None}
    )
    return b"\n".join(lines)


def test_an_upload_is_read_with_the_leaves_that_the_log_committed_to() -> None:
    log = KioskLog()
    granted(log, "v1")
    batch = read_batch(log.upload(0), 0, parse_vkey(log.vkey))
    assert [e.leaf for e in batch.entries] == [log.leaf(0), log.leaf(1)]
    assert [e.event.noun_verb for e in batch.entries] == ["decision.made", "visit.opened"]
    assert batch.entries[0].event.at_ms == NOON_MS
    assert batch.entries[0].body == log.bodies[0][1], "the bytes received are the bytes kept"
    assert batch.checkpoint.root == log.root()


def test_a_checkpoint_of_another_key_is_refused_before_any_entry_is_read() -> None:
    log, stranger = filled(), KioskLog(seed=b"s" * 32)
    raw = log.upload(0, note=stranger.note(0))
    assert (refusal(raw, log).status, refusal(raw, log).kind) == (422, "checkpoint")


@pytest.mark.parametrize(
    "last", [b"", DEEP, b"{}", b'{"checkpoint":1}', b'{"checkpoint":"x"}', b"nonsense"]
)
def test_a_last_line_that_is_no_checkpoint_is_refused(last: bytes) -> None:
    log = filled()
    raw = b"\n".join([*log.upload(0).splitlines()[:-1], last])
    assert refusal(raw, log).status == 422


def test_a_checkpoint_that_covers_more_or_less_than_was_sent_is_refused() -> None:
    log = filled()
    assert "size 2, want 3" in refusal(log.upload(0, note=log.note(2)), log).detail
    assert "size 3, want 2" in refusal(log.upload(1, note=log.note(3)), log, start=0).detail


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda body: body.replace(b"shop/k1", b"shop/k2"), "source"),
        (lambda body: body.replace(b"00000000000000000001", b"00000000000000000002"), "sequence"),
        (lambda body: body.replace(b"org.trustkiosk.door", b"org.example.door"), "type"),
        (lambda body: body.replace(b"door.held.v1", b"door.held.v0"), "type"),
        (lambda body: body.replace(b'"specversion":"1.0"', b'"specversion":"2.0"'), "ours"),
        (lambda body: body.replace(b"2026-11", b"1926-11"), "1970"),
        (lambda body: body.replace(b'Z","type"', b'","type"'), "no zone"),
        (lambda body: body.replace(b"2026-11", b"yesterday"), "Invalid isoformat"),
        (lambda body: body.replace(b":", b": ", 1), "canonical"),
        (lambda body: body.replace(b'"err_ms":0', b'"err_ms":0.5'), "float"),
        (lambda body: body.replace(b'"id":', b'"ix":'), "missing required field `id`"),
        (lambda _: b"[]", "Expected `object`"),
        (lambda _: b"\xff", "JSON"),
    ],
)
def test_a_body_that_is_not_a_canonical_event_of_this_place_is_refused_by_index(
    change: Callable[[bytes], bytes], problem: str
) -> None:
    log = filled()
    found = refusal(changed(log, 1, change), log)
    assert (found.status, found.kind, found.extra["index"]) == (422, "entry", 1)
    assert found.detail.startswith("entry 1: ")
    assert problem in found.detail
    assert "\n" not in found.detail


@pytest.mark.parametrize(
    "line",
    [
        {"salt": "AAAA", "body": "e30", "sealed": None},
        {"salt": "A" * 43, "body": "e30=", "sealed": None},
        {"salt": "A" * 43, "body": 1},
        {"salt": "A" * 43},
        {"salt": "A" * 43, "body": "e30", "sealed": "?"},
    ],
)
def test_a_line_that_is_no_entry_is_refused_by_index(line: dict[str, object]) -> None:
    log = filled()
    lines = log.upload(0).splitlines()
    lines[2] = orjson.dumps(line)
    assert refusal(b"\n".join(lines), log).extra["index"] == 2


def test_a_line_that_is_too_deep_is_refused_by_index() -> None:
    log = filled()
    lines = log.upload(0).splitlines()
    lines[1] = DEEP
    assert refusal(b"\n".join(lines), log).extra["index"] == 1


def test_too_many_or_too_long_entries_are_refused_with_the_limits() -> None:
    many = filled(MAX_ENTRIES + 1)
    found = refusal(many.upload(0), many)
    assert (found.status, found.extra["max_entries"]) == (413, MAX_ENTRIES)
    log = filled()
    long = changed(log, 0, lambda body: body + b" " * MAX_BODY_BYTES)
    assert refusal(long, log).status == 413


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail_otherwise(raw: bytes) -> None:
    log = KioskLog()
    with pytest.raises(RefusalError):
        read_batch(raw, 0, parse_vkey(log.vkey))


@given(st.binary(max_size=200))
def test_no_body_makes_the_event_reader_fail_otherwise(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_event(body)


def test_a_clock_of_another_age_is_taken_as_evidence_and_cut_to_what_can_be_shown() -> None:
    log = filled()
    raw = changed(log, 1, lambda body: body.replace(b"2026-11-23", b"9999-12-31"))
    batch = read_batch(raw, 0, parse_vkey(log.vkey))
    assert batch.entries[1].event.at_ms == MAX_AT_MS
    assert b"9999-12-31" in batch.entries[1].body
