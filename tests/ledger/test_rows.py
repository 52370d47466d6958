"""What a start looks up in the ledger: the newest event of a type, and nothing too old."""

import pytest

from kiosk.core.values import Moment
from kiosk.ledger.errors import LedgerCorruptError
from kiosk.ledger.rows import STRIDE, Written
from kiosk.ledger.store import Ledger
from tests.ledger.shelf import Shelf, at, plain

KIND = "guests.counted"


def newest(ledger: Ledger, oldest_ms: int = 0) -> Written | None:
    """Look for the newest count, no further back than that."""
    return ledger.newest(KIND, lambda when, _boot: when.mono_ms < oldest_ms)


def test_the_newest_of_its_type_is_found_with_its_clock_and_boot(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain(KIND, n=1)], at(1))
    ledger.append([plain(KIND, n=2), plain(text=KIND)], at(2))
    ledger.append([plain()], at(3))
    assert newest(ledger) == Written(plain(KIND, n=2), at(2), "boot-1")
    assert ledger.boot == "boot-1"


def test_a_ledger_without_one_finds_none(shelf: Shelf) -> None:
    assert newest(shelf.filled(0)) is None


def test_a_long_ledger_without_one_finds_none(shelf: Shelf) -> None:
    assert newest(shelf.filled(2 * STRIDE, each=64)) is None


def test_one_that_is_too_old_is_none(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain(KIND)], at(5))
    assert newest(ledger, oldest_ms=at(5).mono_ms) is not None
    assert newest(ledger, oldest_ms=at(6).mono_ms) is None


def test_a_search_ends_where_the_entries_become_too_old(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain(KIND)], at(0))
    ledger.append([plain() for _ in range(STRIDE)], at(1))
    seen: list[Moment] = []

    def is_old(when: Moment, _boot: str) -> bool:
        seen.append(when)
        return True

    assert ledger.newest(KIND, is_old) is None
    assert seen == [at(1)], "one look, not one for every entry"


def test_damage_in_the_event_is_told_and_elsewhere_left_to_the_scrub(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain(), plain(KIND)], at(1))
    ledger.append([plain() for _ in range(STRIDE)], at(1))
    spoil = "UPDATE entry SET body = CAST(replace(body, '\"boot\"', '\"bood\"') AS BLOB)"
    shelf.raw().execute(f"{spoil} WHERE idx = {STRIDE}")
    assert newest(ledger) is not None
    shelf.raw().execute(f"{spoil} WHERE idx = 1")
    with pytest.raises(LedgerCorruptError, match="clock cannot be read"):
        newest(ledger)
