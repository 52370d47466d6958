"""One opening, one closing, one use of a nonce: what holds over restarts and by the file itself."""

import sqlite3

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Json, VisitId
from kiosk.ledger.errors import LedgerWriteError, OutcomeTakenError
from kiosk.ledger.store import Replayed
from kiosk.ledger.transaction import MAX_CACHED_KEYS, NONCE_GRACE_S
from tests.ledger.shelf import (
    ALICE,
    BOB,
    NOON_MS,
    Shelf,
    appended,
    at,
    closed,
    nonce,
    opened,
    plain,
)


def test_p3_a_visit_has_one_opening_event(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([opened("v1")], at())
    with pytest.raises(OutcomeTakenError, match="visit v1 has its opening event"):
        ledger.append([plain(), opened("v1", BOB)], at())
    assert ledger.size == 1


@pytest.mark.parametrize("second", ["exit.paid", "exit.unpaid", "visit.not_entered"])
def test_p3_a_visit_has_one_closing_event(shelf: Shelf, second: str) -> None:
    ledger = shelf.open()
    ledger.append([opened("v1")], at())
    ledger.append([closed("v1", "paid")], at())
    ledger.close()
    ledger = shelf.open()
    with pytest.raises(OutcomeTakenError, match="visit v1 has its closing event"):
        ledger.append([EventRecord(second, {}, VisitId("v1"))], at())
    assert ledger.size == 2


def test_p3_a_visit_that_was_never_opened_is_not_closed(shelf: Shelf) -> None:
    ledger = shelf.open()
    with pytest.raises(LedgerWriteError, match="visit v9 was never opened"):
        ledger.append([closed("v9", "empty")], at())


def test_p3_the_file_itself_refuses_a_second_outcome(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([opened("v1")], at())
    ledger.append([closed("v1", "paid")], at())
    ledger.close()
    raw = sqlite3.connect(shelf.path)
    for change in (
        "UPDATE visit SET closing = 9",
        "UPDATE visit SET outcome = 'unpaid'",
        "UPDATE visit SET opening = 9",
        "DELETE FROM visit",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(change)
    raw.close()


def test_a_loss_that_is_pinned_on_nobody_closes_no_visit(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([opened("v1"), EventRecord("exit.unresolved", {"epcs": ["AA"]})], at())
    assert [visit.visit for visit in ledger.open_visits()] == ["v1"]


def test_open_visits_come_with_all_their_records_as_they_were_handed_in(shelf: Shelf) -> None:
    ledger = shelf.open()
    scan = EventRecord("scan.accepted", {"side": "in"}, VisitId("v1"), ALICE, {"nonce": "0a"})
    entered = EventRecord("visit.entered", {}, VisitId("v1"), ALICE)
    ledger.append([scan, opened("v1")], at())
    ledger.append([opened("v2", BOB), plain()], at(1))
    ledger.append([entered], at(2))
    ledger.append([closed("v2", "empty", customer=BOB)], at(3))
    ledger.append([EventRecord("scan.rejected", {"fault": "expired"}, VisitId("v3"))], at(4))
    ledger.close()
    (visit,) = shelf.open().open_visits()
    assert visit.visit == "v1"
    assert visit.records == (scan, opened("v1"), entered)


def test_gone_are_the_tags_of_lines_that_left_for_sure_or_were_paid(shelf: Shelf) -> None:
    ledger = shelf.open()
    for name, outcome, epc in (
        ("v1", "paid", "AA01"),
        ("v2", "unpaid", "AA02"),
        ("v3", "unresolved", "AA03"),
    ):
        ledger.append([opened(name)], at())
        ledger.append([closed(name, outcome, epc)], at())
    lines: Json = [{"epc": "AA04", "paid": True}, {"epc": "AA05", "paid": False}]
    unsure = EventRecord("exit.unresolved", {"lines": lines}, VisitId("v4"), ALICE)
    ledger.append([opened("v4"), unsure], at())
    assert ledger.gone_epcs() == {"AA01", "AA02", "AA04"}


def test_a_nonce_is_spent_once_over_a_restart(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([opened("v1")], at(), nonce())
    ledger.close()
    ledger = shelf.open()
    assert ledger.append([opened("v2")], at(60), nonce()) == Replayed()
    assert (ledger.size, len(ledger.open_visits())) == (1, 1)
    appended(ledger.append([opened("v3")], at(60), nonce("1111111111111111")))


def test_a_nonce_is_forgotten_a_year_after_it_expired(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain()], at(), nonce(exp_s=NOON_MS // 1000 + 120))
    later = NONCE_GRACE_S + 100
    assert ledger.append([plain()], at(later), nonce()) == Replayed()
    appended(ledger.append([plain()], at(later + 60), nonce("2222222222222222")))
    (count,) = shelf.raw().execute("SELECT count(*) FROM nonce").fetchone()
    assert count == 1


@pytest.mark.parametrize("wrong_by_days", [3, -3, 300])
def test_t1_no_spent_nonce_comes_back_with_a_clock_that_jumps(
    shelf: Shelf, wrong_by_days: int
) -> None:
    ledger = shelf.open()
    ledger.append([plain()], at(), nonce())
    ledger.append([plain()], at(wrong_by_days * 86_400), nonce("3333333333333333"))
    ledger.close()
    assert shelf.open().append([plain()], at(60), nonce()) == Replayed()


def test_more_customers_than_are_remembered_keep_their_keys(shelf: Shelf) -> None:
    ledger = shelf.open()
    many = [CustomerRef(f"customer-{number}") for number in range(MAX_CACHED_KEYS + 10)]
    for start in range(0, len(many), 200):
        made = [
            EventRecord("door.held", {}, None, customer, {"name": customer})
            for customer in many[start : start + 200]
        ]
        ledger.append(made, at(start))
    ledger.append([EventRecord("door.held", {}, None, many[0], {"name": "again"})], at(9999))
    events = shelf.reader().events()
    assert [event.record.customer for event in events] == [*many, many[0]]
    (keys,) = shelf.raw().execute("SELECT count(*) FROM subject_key").fetchone()
    assert keys == len(many)


def test_a_key_that_was_minted_for_a_refused_append_is_forgotten(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([opened("v1", BOB)], at())
    with pytest.raises(OutcomeTakenError):
        ledger.append([opened("v2", ALICE), opened("v1", ALICE)], at(1))
    ledger.append([opened("v3", ALICE)], at(2))
    assert [visit.records[0].customer for visit in ledger.open_visits()] == [BOB, ALICE]
