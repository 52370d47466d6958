"""Readers see the last commit, open what they have keys for, and never stand in the way."""

import threading
from pathlib import Path

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.values import VisitId
from kiosk.ledger.errors import LedgerCorruptError, LedgerError
from kiosk.ledger.merkle import EMPTY_ROOT, span_roots
from kiosk.ledger.reader import LedgerReader
from tests.ledger.shelf import ALICE, BOB, KEY, WRAP_KEY, Shelf, at, closed, opened, plain


def test_a_reader_sees_each_commit(shelf: Shelf) -> None:
    ledger = shelf.open()
    reader = shelf.reader()
    assert (reader.size(), reader.tail(5)) == (0, [])
    ledger.append([plain()], at())
    assert reader.size() == 1
    assert (reader.key, reader.checkpoint(9)) == (KEY, None)


def test_a_ledger_is_read_when_nobody_writes_it(shelf: Shelf) -> None:
    shelf.filled(3).close()
    assert [event.index for event in shelf.reader().tail(2)] == [1, 2]


def test_entries_are_the_bytes_that_were_hashed(shelf: Shelf) -> None:
    shelf.filled(5)
    entries = shelf.reader().entries(1, 3)
    assert [entry.index for entry in entries] == [1, 2, 3]
    assert all(len(entry.salt) == 32 and entry.sealed for entry in entries)


def test_events_come_back_as_they_were_handed_in(shelf: Shelf) -> None:
    handed = [
        EventRecord("scan.accepted", {"side": "in"}, VisitId("v1"), ALICE, {"nonce": "0a"}),
        EventRecord("door.held", {"n": 1}),
    ]
    shelf.open().append(handed, at())
    assert [event.record for event in shelf.reader().events()] == handed


def test_without_the_wrap_key_nothing_personal_is_read(shelf: Shelf) -> None:
    shelf.open().append([opened("v1")], at())
    (event,) = shelf.reader(None).events()
    assert (event.record.customer, event.record.personal) == (None, {})
    assert event.record.visit == "v1"


def test_visits_and_attempts_come_in_order_with_their_outcome(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([EventRecord("scan.rejected", {"fault": "expired"}, VisitId("v0"))], at())
    ledger.append([opened("v1")], at(1))
    ledger.append([opened("v2", BOB)], at(2))
    ledger.append([closed("v2", "unpaid", "AA", customer=BOB)], at(3))
    ledger.append([opened("v3")], at(4))
    ledger.append([EventRecord("visit.not_entered", {}, VisitId("v3"), ALICE)], at(5))
    reader = shelf.reader()
    found = [
        (visit.visit, visit.opening, visit.closing, visit.outcome, len(visit.events))
        for visit in reader.visits()
    ]
    assert found == [
        ("v0", None, None, None, 1),
        ("v1", 1, None, None, 1),
        ("v2", 2, 3, "unpaid", 2),
        ("v3", 4, 5, None, 2),
    ]
    assert [visit.visit for visit in reader.visits(unfinished=True)] == ["v1"]
    assert [visit.visit for visit in reader.visits(start=2)] == ["v2", "v3"]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 700), (256, 700), (512, 640), (7, 9)])
def test_span_roots_from_tiles_are_those_of_the_leaves(shelf: Shelf, start: int, end: int) -> None:
    shelf.filled(700, each=100)
    reader = shelf.reader()
    leaves = [entry.leaf for entry in reader.entries(0, 700)]
    assert reader.span_root(start, end) == span_roots(leaves)(start, end)


def test_a_span_beyond_the_log_is_an_error(shelf: Shelf) -> None:
    shelf.filled(3)
    assert shelf.reader().span_root(0, 0) == EMPTY_ROOT
    with pytest.raises(LedgerCorruptError, match="entries 0 to 4: 3 of them"):
        shelf.reader().span_root(0, 4)


def test_a_reader_works_on_any_thread(shelf: Shelf) -> None:
    shelf.filled(3)
    reader, sizes = shelf.reader(), list[int]()
    thread = threading.Thread(target=lambda: sizes.append(reader.size()))
    thread.start()
    thread.join(timeout=10)
    assert sizes == [3]


def test_no_ledger_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger here; give --state DIR"):
        LedgerReader(tmp_path / "ledger.db")
    assert not (tmp_path / "ledger.db").exists()


def test_another_devices_wrap_key_is_refused(shelf: Shelf) -> None:
    shelf.filled(1)
    with pytest.raises(LedgerError, match=r"wrap\.key is not this ledger's"):
        shelf.reader(bytes(32))
    shelf.reader(WRAP_KEY)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"not JSON", b'{"data":[]}'])
def test_a_body_that_is_none_of_ours_is_an_error(shelf: Shelf, body: bytes) -> None:
    shelf.filled(2).close()
    shelf.raw().execute("UPDATE entry SET body = ? WHERE idx = 1", (body,))
    with pytest.raises(LedgerCorruptError, match="entry 1: body"):
        shelf.reader().events()


def test_a_body_that_is_gone_is_an_error(shelf: Shelf) -> None:
    shelf.filled(2).close()
    shelf.raw().execute("UPDATE entry SET body = NULL WHERE idx = 1")
    with pytest.raises(LedgerCorruptError, match="entry 1: body missing"):
        shelf.reader().events()
    with pytest.raises(LedgerCorruptError, match="head: a tree of 2"):
        damaged_head(shelf)


def damaged_head(shelf: Shelf) -> int:
    shelf.raw().execute("UPDATE head SET frontier = x''")
    return shelf.reader().size()
