"""Uploads: whole appends that end at signed heads, within the hub's limits, retried politely."""

import json
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.events import EventRecord
from kiosk.ledger.body import leaf_of
from kiosk.ledger.checkpoint import verify
from kiosk.ledger.errors import LedgerCorruptError
from kiosk.ledger.merkle import Frontier
from kiosk.ledger.outbox import CAP_S, Backoff, Batch, next_batch
from kiosk.ledger.wire import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, event_line, line_bytes
from tests.ledger.shelf import ALICE, KEY, Shelf, at, plain


def unpack(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def batches(shelf: Shelf) -> list[Batch]:
    found: list[Batch] = []
    with shelf.reader(None) as reader:
        while batch := next_batch(reader, found[-1].size if found else 0):
            found.append(batch)
    return found


def test_the_lines_are_what_the_hub_reads(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain(), EventRecord("x.y")], at())
    ledger.append([EventRecord("x.y", {}, None, None)], at())
    (batch,) = batches(shelf)
    *lines, last = batch.body.splitlines()
    entries = shelf.reader().entries(0, 3)
    assert [json.loads(line)["sealed"] for line in lines] == [None] * 3
    for line, entry in zip(lines, entries, strict=True):
        row = json.loads(line)
        assert list(row) == ["salt", "body", "sealed"]
        assert (unpack(row["salt"]), unpack(row["body"])) == (entry.salt, entry.body)
    assert json.loads(last) == {"checkpoint": batch.note}


def test_the_sealed_part_travels_sealed(shelf: Shelf) -> None:
    shelf.filled(1)
    (batch,) = batches(shelf)
    (entry,) = shelf.reader().entries(0, 1)
    assert unpack(json.loads(batch.body.splitlines()[0])["sealed"]) == entry.sealed


def test_a_receiver_can_check_every_batch_whole(shelf: Shelf) -> None:
    shelf.filled(700, each=60)
    frontier = Frontier()
    for batch in batches(shelf):
        assert batch.start == frontier.size
        for line in batch.body.splitlines()[:-1]:
            row = json.loads(line)
            frontier.append(leaf_of(unpack(row["salt"]), unpack(row["body"])))
        signed = verify(batch.note, KEY)
        assert (signed.size, signed.root) == (batch.size, frontier.root())
    assert frontier.size == 700


def test_no_batch_is_beyond_the_hubs_limits(shelf: Shelf) -> None:
    ledger = shelf.open()
    for size in (200, 100, 256, 1, 1):
        ledger.append([plain()] * size, at())
    for _ in range(30):
        ledger.append([EventRecord("x.y", {"text": "x" * 20_000})] * 5, at())
    for batch in batches(shelf):
        assert batch.size - batch.start <= MAX_BATCH_EVENTS
        assert len(batch.body) <= MAX_BATCH_BYTES


def test_the_largest_append_is_one_batch(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([EventRecord("x.y", {"text": "x" * 9_000})], at())
    ledger.append([EventRecord("x.y", {"text": "x" * 29_600})] * 13, at())
    assert [(batch.start, batch.size) for batch in batches(shelf)] == [(0, 1), (1, 14)]


def test_nothing_waits_when_all_is_sent(shelf: Shelf) -> None:
    shelf.filled(3)
    assert next_batch(shelf.reader(), 3) is None


def test_a_lost_head_is_an_error_and_not_a_silent_end(shelf: Shelf) -> None:
    shelf.filled(3, each=3).close()
    shelf.raw().execute("DELETE FROM checkpoint WHERE size = 3")
    with pytest.raises(LedgerCorruptError, match="entry 0: no signed head within reach"):
        next_batch(shelf.reader(), 0)


@pytest.mark.parametrize("text", ["", "x", "xx" * 500])
def test_the_length_of_a_line_is_never_underrated(shelf: Shelf, text: str) -> None:
    record = EventRecord("x.y", {"text": text}, None, ALICE, {"text": text})
    shelf.open().append([record, plain()], at())
    for entry in shelf.reader().entries(0, 2):
        assert 0 <= line_bytes(entry.body, entry.sealed) - len(event_line(entry)) <= 2


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_anywhere_up_to_a_bound_that_doubles(failures: int, chance: float) -> None:
    wait = Backoff(failures).wait_s(chance)
    assert 0 <= wait <= min(CAP_S, 2.0 ** min(failures, 20))


def test_the_bound_doubles_to_the_cap() -> None:
    state, bounds = Backoff(), list[float]()
    for _ in range(11):
        bounds.append(state.wait_s(1.0))
        state = state.failed()
    assert bounds == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]


def test_the_slot_that_the_hub_booked_is_kept() -> None:
    assert Backoff(3).wait_s(0.5, retry_after_s=77) == 77
    assert Backoff(3).wait_s(0.5, retry_after_s=-1) == 0
