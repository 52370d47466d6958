"""What the ledger says about a day, read beside its writer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.values import ClockSync, CustomerRef, Json, Moment, VisitId
from kiosk.ledger.keys import create
from kiosk.ledger.store import Ledger
from kiosk.stage.witness import Witness

LINE: dict[str, Json] = {
    "epc": "3034257BF40C0E4000000001",
    "gtin": "00614141123452",
    "name": "Trail mix",
    "price_minor": 599,
    "paid": False,
}


class Book:
    """A ledger and somebody who writes into it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._at_ms = 1_000

    def write(self, kind: str, visit: str = "", **data: Json) -> None:
        """Append one event."""
        self._at_ms += 10
        at = Moment(self._at_ms, 1_790_000_000_000 + self._at_ms, ClockSync.NTP, 0)
        who = CustomerRef("ada") if visit else None
        record = EventRecord(kind, data, VisitId(visit) if visit else None, who)
        self._ledger.append([record], at)


@contextmanager
def book_at(directory: Path) -> Iterator[Book]:
    keys = create(directory)
    ledger = Ledger.open(directory / "ledger.db", "shop/door", keys.log, keys.wrap, "boot")
    try:
        yield Book(ledger)
    finally:
        ledger.close()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with book_at(tmp_path) as made:
        yield made


@pytest.fixture
def witness(tmp_path: Path, book: Book) -> Iterator[Witness]:
    del book
    made = Witness(tmp_path / "ledger.db")
    yield made
    made.close()


def decided(decision: str, reason: str) -> Mapping[str, Json]:
    return {"decision": decision, "reason": reason}


def test_a_visit_is_told_from_its_first_answer_to_its_outcome(book: Book, witness: Witness) -> None:
    book.write("decision.made", "v1", **decided("offered", "unknown"))
    seen = witness.look().tries["v1"]
    assert (seen.decision, seen.reason, seen.granted) == ("offered", "unknown", False)
    book.write("choice.taken", "v1", way="voucher")
    book.write("decision.made", "v1", **decided("granted", "voucher"))
    book.write("visit.opened", "v1", way="voucher")
    book.write("visit.entered", "v1")
    book.write("exit.unpaid", "v1", lines=[LINE], unpaid_minor=599)
    seen = witness.look().tries["v1"]
    assert (seen.decision, seen.reason) == ("offered", "unknown"), "the first answer stays"
    assert (seen.answers, seen.choices) == (2, 1)
    assert (seen.granted, seen.entered, seen.way) == (True, True, "voucher")
    assert (seen.outcome, seen.unpaid_minor, seen.lines) == ("unpaid", 599, [LINE])


def test_what_leaves_with_nobody_known_is_nobody_s(book: Book, witness: Witness) -> None:
    book.write("exit.unresolved", epcs=["AA", "BB"])
    book.write("device.lost", device="camera")
    day = witness.look()
    assert (day.losses, day.anonymous, day.tries) == (1, ["AA", "BB"], {})


def test_more_than_a_page_is_read_at_one_look(book: Book, witness: Witness) -> None:
    for number in range(300):
        book.write("decision.made", f"v{number}", **decided("refused", "forged"))
    assert len(witness.look().tries) == 300


def test_an_earlier_play_is_no_part_of_the_day(tmp_path: Path, book: Book) -> None:
    book.write("decision.made", "old", **decided("granted", "met"))
    book.write("visit.opened", "old", way="score")
    book.write("exit.unresolved", epcs=["AA"])
    witness = Witness(tmp_path / "ledger.db")
    try:
        book.write("exit.empty", "old", lines=[], unpaid_minor=0)
        book.write("decision.made", "new", **decided("granted", "met"))
        day = witness.look()
        assert list(day.tries) == ["new"]
        assert witness.earlier
        assert day.losses == 0
    finally:
        witness.close()
