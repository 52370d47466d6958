"""Any bit of the ledger's file may flip: it is found and said in one line, or changed nothing."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.values import VisitId
from kiosk.ledger.diagnosis import Finding
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.reader import LedgerReader
from tests.ledger.shelf import (
    ALICE,
    BOB,
    KEY,
    WRAP_KEY,
    Shelf,
    at,
    closed,
    nonce,
    opened,
)

SIGNED = (
    "SELECT * FROM entry",
    "SELECT * FROM meta",
    "SELECT * FROM tile",
    "SELECT size, frontier FROM head",
    "SELECT * FROM checkpoint",
    "SELECT * FROM subject_key",
    "SELECT * FROM subject_index",
    "SELECT * FROM visit",
)
"""Everything but nonces, which name nothing that could be compared, the cursor of the hub, whom a
repetition does not harm, and documents, whose signatures are checked by those who use them."""


def fill(shelf: Shelf) -> None:
    """Two customers, a visit of each kind in turn, some still open; signed documents."""
    ledger = shelf.open()
    for number in range(40):
        visit, customer = f"v{number}", (ALICE, BOB)[number % 2]
        ledger.append([opened(visit, customer)], at(number), nonce(f"{number:016x}"))
        seen = EventRecord("tags.observed", {"n": number}, VisitId(visit), customer, {"p": "q"})
        ledger.append([seen], at(number))
        if number % 3:
            outcome = ("paid", "unpaid", "empty")[number % 3]
            ledger.append([closed(visit, outcome, f"AA{number:04X}")], at(number))
    ledger.put_document("policy", 3, b"policy" * 100)
    ledger.acked("hub", 60, "")
    ledger.close()


def content(path: Path) -> list[object]:
    """What is stored, by table; None for one that cannot be read."""
    with closing(sqlite3.connect(path)) as connection:
        return [rows_of(connection, query) for query in SIGNED]


def rows_of(connection: sqlite3.Connection, query: str) -> object:
    try:
        return connection.execute(query).fetchall()
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def verified(path: Path) -> Finding | str | None:
    """What `kiosk ledger verify` says of a file."""
    try:
        with LedgerReader(path, WRAP_KEY) as reader:
            finding = reader.wrong_page()
            audit = reader.audit(KEY)
            while finding is None and not audit.done:
                finding = audit.step()
            return finding
    except LedgerError as error:
        return str(error)


def flips(good: bytes, count: int, place: Path) -> Iterator[int]:
    """Yield bits, each flipped alone in the file at `place` while it is looked at."""
    luck = random.Random(20261123)  # the same bits every time
    for _ in range(count):
        bit = luck.randrange(len(good) * 8)
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        for part in place.parent.glob("ledger.db*"):
            part.unlink()
        place.write_bytes(changed)
        yield bit


COUNTS = [pytest.param(250, id="some"), pytest.param(1500, marks=pytest.mark.slow, id="many")]


@pytest.mark.parametrize("count", COUNTS)
def test_p5_a_flipped_bit_anywhere_in_the_file_is_found_or_changed_nothing(
    memory: Path, count: int
) -> None:
    shelf = Shelf(memory)
    fill(shelf)
    good, before = shelf.path.read_bytes(), content(shelf.path)
    found = 0
    for bit in flips(good, count, shelf.path):
        said = verified(shelf.path)
        found += said is not None
        assert said is not None or content(shelf.path) == before, f"bit {bit}"
        assert "\n" not in str(said)
    assert found > count // 3, "the file is mostly empty: these bits prove little"


def refusal(shelf: Shelf) -> str:
    """Why a kiosk does not start on this ledger, "" when it does."""
    try:
        shelf.open().open_visits()
    except LedgerError as error:
        return str(error)
    finally:
        shelf.close()
    return ""


@pytest.mark.parametrize("count", COUNTS)
def test_a_start_on_a_damaged_file_works_or_is_refused_in_one_line(
    memory: Path, count: int
) -> None:
    shelf = Shelf(memory)
    fill(shelf)
    refused = 0
    for bit in flips(shelf.path.read_bytes(), count, shelf.path):
        why = refusal(shelf)
        refused += bool(why)
        assert not why or (";" in why and "\n" not in why), f"bit {bit}: {why}"
    assert refused > count // 4
