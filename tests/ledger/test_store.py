"""What an append promises: durable and signed, whole or not at all, once."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.events import EventRecord
from kiosk.core.values import ClockSync, Moment, VisitId
from kiosk.ledger.checkpoint import parse, sign_checkpoint, verify
from kiosk.ledger.errors import (
    LedgerCorruptError,
    LedgerError,
    LedgerWriteError,
)
from kiosk.ledger.store import Ledger, Replayed
from tests.ledger.shelf import (
    ALICE,
    BOB,
    KEY,
    LOG_KEY,
    NOON_MS,
    ORIGIN,
    WRAP_KEY,
    Shelf,
    appended,
    at,
    nonce,
    opened,
    plain,
)


def test_an_append_returns_a_signed_head_of_all_its_events(shelf: Shelf) -> None:
    ledger = shelf.open()
    done = appended(ledger.append([plain(), plain()], at()))
    assert (done.first, done.size) == (0, 2)
    signed = verify(done.note, KEY)
    assert (signed.size, signed.root) == (ledger.size, ledger.root)
    assert shelf.reader().checkpoint() == done.note


def test_the_body_is_a_cloud_event_that_says_where_it_stands(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain()], at())
    moment = Moment(mono_ms=77, wall_ms=NOON_MS + 1234, sync=ClockSync.RTC, err_ms=12)
    record = EventRecord("lock.commanded", {"hold_s": 10}, VisitId("v1"), ALICE, {"tier": "x"})
    ledger.append([record], moment)
    (entry,) = shelf.reader().entries(1, 9)
    event = json.loads(entry.body)
    assert event["specversion"] == "1.0"
    assert event["source"] == ORIGIN
    assert event["type"] == "org.trustkiosk.lock.commanded.v1"
    assert event["sequence"] == "00000000000000000001"
    assert event["time"] == "2026-11-23T12:00:01.234Z"
    assert event["data"] == {
        "clock": {"boot": "boot-1", "err_ms": 12, "mono_ms": 77, "sync": "rtc"},
        "hold_s": 10,
        "visit": "v1",
    }
    assert (len(event["subject"]), len(event["sealed"]), event["id"][14]) == (22, 43, "7")


def test_an_event_without_a_customer_has_no_subject(shelf: Shelf) -> None:
    shelf.open().append([plain()], at())
    (entry,) = shelf.reader().entries(0, 1)
    assert not json.loads(entry.body).keys() & {"subject", "sealed"}
    assert entry.sealed is None


def test_a_clock_that_was_ahead_for_a_moment_bends_no_later_time(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([plain(), plain()], at(365 * 86_400))
    ledger.append([plain()], at(1))
    ledger.close()
    shelf.open().append([plain()], at(2))
    events = shelf.reader().events()
    assert [event.time[:19] for event in events] == [
        "2027-11-23T12:00:00",
        "2027-11-23T12:00:00",
        "2026-11-23T12:00:01",
        "2026-11-23T12:00:02",
    ]
    assert [event.index for event in events] == [0, 1, 2, 3]
    assert len({event.event_id for event in events}) == 4


def test_what_was_appended_is_there_after_opening_again(shelf: Shelf) -> None:
    ledger = shelf.filled(300, each=7)
    root = ledger.root
    ledger.close()
    again = shelf.open()
    assert (again.size, again.root) == (300, root)
    assert appended(again.append([plain()], at())).first == 300


def test_no_event_is_appended_when_one_of_them_is_refused(shelf: Shelf) -> None:
    ledger = shelf.open()
    wrong: dict[str, Any] = {"ratio": 0.5}
    bad = EventRecord("door.held", wrong)
    with pytest.raises(LedgerWriteError, match="a float has no canonical form"):
        ledger.append([opened("v1"), bad], at(), nonce())
    assert ledger.size == 0
    assert ledger.open_visits() == ()
    assert not isinstance(ledger.append([opened("v1")], at(), nonce()), Replayed)
    assert [visit.records[0].customer for visit in ledger.open_visits()] == [ALICE]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (EventRecord("x.y", {"clock": 1}), "'clock' is the ledger's own"),
        (EventRecord("x.y", {"visit": "v"}), "'visit' is the ledger's own"),
        (EventRecord("x.y", {}, None, None, {"name": "A"}), "a personal part needs a customer"),
        (EventRecord("x.y", {"text": "x" * 40_000}), "longer than 32768 bytes"),
        (EventRecord("x.y", {"n": 2**53}), "beyond 53 bits"),
    ],
)
def test_an_event_against_the_rules_is_refused(shelf: Shelf, record: EventRecord, why: str) -> None:
    ledger = shelf.open()
    with pytest.raises(LedgerWriteError, match=why):
        ledger.append([record], at())
    assert appended(ledger.append([plain()], at())).first == 0


@pytest.mark.parametrize("count", [0, 257])
def test_an_append_is_one_upload_at_most(shelf: Shelf, count: int) -> None:
    with pytest.raises(LedgerWriteError, match="want 1 to 256"):
        shelf.open().append([plain()] * count, at())


def test_an_append_too_long_for_one_upload_is_refused(shelf: Shelf) -> None:
    big = EventRecord("x.y", {"text": "x" * 30_000})
    with pytest.raises(LedgerWriteError, match="the hub takes 524288 at once"):
        shelf.open().append([big] * 14, at())


def test_p5_the_file_itself_refuses_to_edit_an_entry(shelf: Shelf) -> None:
    shelf.filled(2).close()
    raw = sqlite3.connect(shelf.path)
    for change in (
        "UPDATE entry SET body = x'7b7d'",
        "UPDATE entry SET salt = zeroblob(32)",
        "UPDATE entry SET sealed = zeroblob(32)",
        "UPDATE entry SET leaf = zeroblob(32)",
        "UPDATE entry SET idx = idx + 10",
        "DELETE FROM entry",
        "UPDATE checkpoint SET note = ''",
        "DELETE FROM checkpoint",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(change)
    raw.execute("UPDATE entry SET body = NULL, salt = NULL, sealed = NULL")
    raw.close()


def test_p7_the_files_hold_no_customer_nonce_or_personal_word(shelf: Shelf) -> None:
    ledger = shelf.open()
    spend = nonce()
    record = EventRecord(
        "scan.accepted", {}, VisitId("v1"), ALICE, {"customer": ALICE, "nonce": spend.cti}
    )
    ledger.append([record, opened("v1")], at(), spend)
    names = {path.name for path in shelf.path.parent.iterdir()}
    assert "ledger.db-wal" in names
    for secret in (ALICE, spend.cti, spend.kid, "signed"):
        for path in shelf.path.parent.iterdir():
            assert secret.encode() not in path.read_bytes(), f"{secret} in {path.name}"
    ledger.close()
    content = shelf.path.read_bytes()
    assert ALICE.encode() not in content
    assert bytes.fromhex(spend.cti) not in content


def test_p7_two_events_of_a_customer_have_unlike_subjects(shelf: Shelf) -> None:
    shelf.filled(20)
    subjects = [json.loads(entry.body)["subject"] for entry in shelf.reader().entries(0, 20)]
    assert len(set(subjects)) == 20


def test_the_file_is_private(shelf: Shelf) -> None:
    shelf.filled(1)
    for path in shelf.path.parent.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_a_peers_cursor_goes_where_it_says(shelf: Shelf) -> None:
    ledger = shelf.filled(5)
    reader = shelf.reader()
    assert ledger.cursor("hub") == 0
    ledger.acked("hub", 4, reader.checkpoint(4) or "")
    ledger.acked("other", 5, "")
    assert (ledger.cursor("hub"), reader.cursor("hub")) == (4, 4)
    ledger.acked("hub", 2, "")
    assert reader.peers() == [("hub", 2), ("other", 5)]
    with pytest.raises(LedgerError, match="hub holds 6 entries, here are 5"):
        ledger.acked("hub", 6, "")


def test_a_peer_cannot_show_a_head_that_is_not_ours(shelf: Shelf) -> None:
    ledger = shelf.filled(5)
    with pytest.raises(LedgerError, match="a checkpoint of other entries"):
        ledger.acked("hub", 4, sign_checkpoint(ORIGIN, 4, bytes(32), LOG_KEY))
    assert ledger.cursor("hub") == 0


def test_a_documents_version_only_rises(shelf: Shelf) -> None:
    ledger = shelf.open()
    assert ledger.document("policy") is None
    ledger.put_document("policy", 3, b"three")
    ledger.put_document("keys", 1, b"keys")
    ledger.put_document("policy", 3, b"three again")
    with pytest.raises(LedgerError, match="policy version 2: older"):
        ledger.put_document("policy", 2, b"two")
    ledger.close()
    assert shelf.open().document("policy") == b"three again"


def test_a_second_writer_is_told_that_the_ledger_is_in_use(shelf: Shelf) -> None:
    shelf.open()
    with pytest.raises(LedgerError, match="in use by another process") as told:
        shelf.open()
    assert told.value.exit_code == 2


def test_closing_lets_the_next_writer_in_and_happens_once(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.close()
    ledger.close()
    shelf.open().append([plain()], at())
    with pytest.raises(LedgerError, match="closed"):
        ledger.append([plain()], at())


def test_a_ledger_is_a_context(shelf: Shelf) -> None:
    with shelf.open() as ledger:
        ledger.append([plain()], at())
    shelf.open()


@pytest.mark.parametrize(
    ("origin", "key", "wrap", "why"),
    [
        ("corner-shop/door-2", LOG_KEY, WRAP_KEY, "the log of corner-shop/door-1"),
        (ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)), WRAP_KEY, "log.key is not"),
        (ORIGIN, LOG_KEY, bytes(32), "wrap.key is not"),
        (ORIGIN, LOG_KEY, bytes(31), "31 bytes, want 32"),
    ],
)
def test_the_wrong_keys_open_nothing(
    shelf: Shelf, origin: str, key: Ed25519PrivateKey, wrap: bytes, why: str
) -> None:
    shelf.filled(1).close()
    with pytest.raises(LedgerError, match=why):
        shelf.open(origin, key, wrap)
    assert shelf.open().size == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"ledger.lock: No such file or directory; give a"):
        Ledger.open(tmp_path / "none" / "ledger.db", ORIGIN, LOG_KEY, WRAP_KEY, "b")
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises((LedgerError, OSError), match="directory"):
        Ledger.open(tmp_path / "ledger.db", ORIGIN, LOG_KEY, WRAP_KEY, "b")


def test_idle_folds_the_write_ahead_log(shelf: Shelf) -> None:
    ledger = shelf.filled(3)
    wal = shelf.path.parent / "ledger.db-wal"
    assert wal.stat().st_size > 0
    ledger.idle()
    ledger.idle()
    assert wal.stat().st_size == 0


def test_idle_leaves_it_to_the_next_time_while_a_reader_looks(shelf: Shelf) -> None:
    ledger = shelf.filled(3)
    looking = sqlite3.connect(shelf.path, isolation_level=None)
    looking.execute("BEGIN")
    looking.execute("SELECT * FROM head").fetchall()
    ledger._connected().execute("PRAGMA busy_timeout=1")
    ledger.append([plain()], at(9))
    ledger.idle()
    looking.close()
    ledger.idle()
    assert (shelf.path.parent / "ledger.db-wal").stat().st_size == 0


def test_the_settings_are_the_ones_that_durability_rests_on(shelf: Shelf) -> None:
    connection = shelf.open()._connected()
    found = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in (
            "page_size",
            "journal_mode",
            "synchronous",
            "secure_delete",
            "foreign_keys",
            "trusted_schema",
        )
    }
    assert found == {
        "page_size": 1024,
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
    }


def test_a_new_ledger_has_the_signed_head_of_an_empty_log(shelf: Shelf) -> None:
    ledger = shelf.open()
    assert parse(shelf.reader().checkpoint() or "").root == ledger.root
    assert ledger.size == 0


def test_a_damaged_page_is_an_error_of_the_ledger(shelf: Shelf) -> None:
    shelf.filled(40).close()
    with shelf.path.open("r+b") as file:
        file.seek(3 * 1024)
        file.write(bytes(20 * 1024))
    with pytest.raises(LedgerCorruptError, match="restore a backup") as told:
        shelf.open()
    assert told.value.exit_code == 1


def test_many_customers_share_one_log(shelf: Shelf) -> None:
    ledger = shelf.open()
    ledger.append([opened("v1", ALICE), opened("v2", BOB)], at())
    ledger.append([opened("v3", ALICE)], at())
    assert [visit.records[0].customer for visit in ledger.open_visits()] == [ALICE, BOB, ALICE]
    (keys,) = shelf.raw().execute("SELECT count(*) FROM subject_key").fetchone()
    assert keys == 2
