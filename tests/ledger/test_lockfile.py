"""P1: one writer, and a ledger that is lost is not taken for one that never was."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.ledger import store
from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.lockfile import LOCK_FILE, lock_beside, remember_begun, unlock
from tests.ledger.shelf import LOG_KEY, ORIGIN, Shelf
from tests.scarce import full_disk

GONE = "ledger.db: the ledger that began here is gone; put a backup back, or begin a new"


def removed(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("lose", [removed, emptied])
def test_p1_a_lost_ledger_is_refused_and_nothing_is_made_in_its_place(
    shelf: Shelf, lose: Callable[[Path], None]
) -> None:
    shelf.filled(2)
    log = shelf.path.with_name("ledger.db-wal")
    last = log.read_bytes()
    assert last
    lose(shelf.path)
    size = shelf.path.stat().st_size if shelf.path.exists() else None
    held = shelf.path.with_name("held")
    shelf.path.with_name(LOCK_FILE).rename(held)  # as after the end of that process
    held.with_name(LOCK_FILE).write_bytes(held.read_bytes())
    with pytest.raises(LedgerError, match=GONE):
        shelf.open()
    assert log.read_bytes() == last, "what a tool could still save is there"
    assert (shelf.path.stat().st_size if shelf.path.exists() else None) == size


def test_the_check_catches_a_kiosk_that_begins_a_second_log(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.filled(2).close()
    removed(shelf.path)
    monkeypatch.setattr(store, "require_not_lost", lambda *_: None)
    assert shelf.open().size == 0


def test_a_backup_that_is_put_back_goes_on(shelf: Shelf) -> None:
    shelf.filled(2).close()
    backup = shelf.path.read_bytes()
    removed(shelf.path)
    with pytest.raises(LedgerError, match=GONE):
        shelf.open()
    shelf.path.write_bytes(backup)
    assert shelf.open().size == 2


def test_another_key_begins_another_log(shelf: Shelf) -> None:
    shelf.filled(2).close()
    removed(shelf.path)
    other = Ed25519PrivateKey.generate()
    shelf.open(key=other).close()
    removed(shelf.path)
    with pytest.raises(LedgerError, match=GONE):
        shelf.open(key=other)


def test_a_mark_that_the_disk_had_no_room_for_is_made_at_the_next_start(shelf: Shelf) -> None:
    shelf.filled(2).close()
    mark = shelf.path.with_name(LOCK_FILE)
    before = mark.read_bytes()
    emptied(mark)
    held = lock_beside(shelf.path)
    with full_disk():
        remember_begun(held, before.decode())
    unlock(held)
    assert mark.read_bytes() == b""
    shelf.open().close()
    assert mark.read_bytes() == before == LogKey.of(ORIGIN, LOG_KEY).encode().encode()
