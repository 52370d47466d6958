"""The format of an entry, byte for byte; it may never change under an old ledger."""

import json

import pytest
import rfc8785
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.events import EventRecord
from kiosk.core.values import ClockSync, CustomerRef, Moment, VisitId
from kiosk.ledger.body import Stamp, build, commitment, leaf_of, parse, rfc3339
from kiosk.ledger.errors import LedgerCorruptError
from kiosk.ledger.merkle import leaf_hash

STAMP = Stamp(
    "corner-shop/door-1",
    123,
    "019ab0c4-7f3e-7c1d-9f0e-2b6f3d5a8c11",
    "5f0e5a1c-7b8b-4b51-9c0b-2a9fd1e0a111",
    Moment(812_344_556, 1_795_416_082_318, ClockSync.NTP, 12),
)
RECORD = EventRecord("exit.paid", {"lines": [{"epc": "3074257B", "name": "Müsli"}]}, VisitId("v1"))
BODY = (
    '{"data":{"clock":{"boot":"5f0e5a1c-7b8b-4b51-9c0b-2a9fd1e0a111","err_ms":12,'
    '"mono_ms":812344556,"sync":"ntp"},"lines":[{"epc":"3074257B","name":"Müsli"}],"visit":"v1"},'
    '"id":"019ab0c4-7f3e-7c1d-9f0e-2b6f3d5a8c11","sealed":"hash",'
    '"sequence":"00000000000000000123","source":"corner-shop/door-1","specversion":"1.0",'
    '"subject":"kq0mW3v0Yd2pX8sJ1tR4bA","time":"2026-11-23T06:41:22.318Z",'
    '"type":"org.trustkiosk.exit.paid.v1"}'
).encode()


def test_the_body_has_the_golden_bytes() -> None:
    assert build(RECORD, STAMP, "kq0mW3v0Yd2pX8sJ1tR4bA", "hash") == BODY


def test_the_entry_and_its_leaf_have_the_golden_bytes() -> None:
    salt = bytes(range(32))
    assert commitment(salt, b"{}") == (b'{"c":"' + GOLDEN_DIGEST.encode() + b'","v":1}')
    assert leaf_of(salt, b"{}").hex() == GOLDEN_LEAF


GOLDEN_DIGEST = "O-tGSfsPO6Dk0ds778D55pgtKM9pvCY4UeG3Y1oMnzg"
GOLDEN_LEAF = "44f5afb6d6d6f9d594522860ce4efdc873d47b16b6ca596005f50cf241051e5e"


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=99))
def test_the_quick_leaf_is_the_hash_of_the_entry(salt: bytes, body: bytes) -> None:
    assert len(commitment(salt, body)) == 57
    assert leaf_of(salt, body) == leaf_hash(commitment(salt, body))


def test_a_foreign_library_writes_the_same_canonical_bytes() -> None:
    assert rfc8785.dumps(json.loads(BODY)) == BODY


def test_a_foreign_library_reads_the_body_as_a_cloud_event() -> None:
    event = from_structured_event(
        HTTPMessage({"content-type": "application/cloudevents+json"}, BODY)
    )
    assert event.get_id() == STAMP.event_id
    assert event.get_source() == STAMP.source
    assert event.get_type() == "org.trustkiosk.exit.paid.v1"
    assert event.get_subject() == "kq0mW3v0Yd2pX8sJ1tR4bA"
    assert event.get_extension("sequence") == "00000000000000000123"


def test_the_body_reads_back_as_the_event() -> None:
    body = parse(123, BODY)
    assert body.record(CustomerRef("c"), {"p": "q"}) == EventRecord(
        RECORD.type, RECORD.data, RECORD.visit, CustomerRef("c"), {"p": "q"}
    )
    assert body.event_id == STAMP.event_id


@pytest.mark.parametrize("raw", [b"", b"{ }", BODY.replace(b":12,", b":12.0,"), BODY[:-1]])
def test_what_is_not_canonical_is_no_body(raw: bytes) -> None:
    with pytest.raises(LedgerCorruptError, match="entry 7: body"):
        parse(7, raw)


@pytest.mark.parametrize(
    ("wall_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_416_082_318, "2026-11-23T06:41:22.318Z"),
        (1_582_934_400_001, "2020-02-29T00:00:00.001Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_utc_with_milliseconds(wall_ms: int, text: str) -> None:
    assert rfc3339(wall_ms) == text


def test_a_body_says_when_it_was_written_and_under_which_boot() -> None:
    assert parse(123, BODY).when() == (STAMP.at, STAMP.boot)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (b'"sync":"ntp"', b'"sync":"sun"'),
        (b'"mono_ms":812344556', b'"mono_ms":"no"'),
        (b'"boot"', b'"bood"'),
        (b"2026-11-23T06", b"2026-11-23T66"),
        (b'"time":"2026-11-23T06:41:22.318Z"', b'"time":7'),
    ],
)
def test_a_clock_that_this_ledger_did_not_write_is_not_read(there: bytes, instead: bytes) -> None:
    with pytest.raises(LedgerCorruptError, match="clock cannot be read"):
        parse(123, BODY.replace(there, instead)).when()
