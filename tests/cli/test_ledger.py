"""`kiosk ledger`, as staff and as another program see it."""

import contextlib
import json
import re
import sqlite3
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.visit_records import lock_commanded_by_staff
from kiosk.ledger.checkpoint import LogKey
from kiosk.ledger.keys import create, load
from kiosk.ledger.proof import check_proof
from kiosk.ledger.reader import LedgerReader
from tests.cli.conftest import ALICE, AT, Kiosk, written
from tests.core.gate_cases import rules
from tests.shipped import shipped


def damage(state: Path, change: str) -> None:
    raw = sqlite3.connect(state / "ledger.db")
    for name in ("entry_append", "entry_forget", "entry_keep"):
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute(change)
    raw.commit()
    raw.close()


def test_tail_lists_the_newest_events(kiosk: Kiosk, state: Path) -> None:
    done = kiosk("ledger", "tail", "-n", 2, "--state", state)
    assert done.code == 0
    assert [line.split() for line in done.out.splitlines()] == [
        ["10", "2026-11-23T12:00:00.000Z", "door.held"],
        ["11", "2026-11-23T12:00:00.000Z", "door.held"],
    ]
    rows = json.loads(kiosk("ledger", "tail", "-n", 99, "--state", state, "--json").out)
    assert len(rows) == 12
    assert rows[0].keys() == {"index", "time", "id", "type", "visit", "data"}
    assert (rows[0]["type"], rows[0]["visit"]) == ("visit.opened", "v1")


def test_show_prints_the_clear_body_and_that_a_part_is_sealed(kiosk: Kiosk, state: Path) -> None:
    done = kiosk("ledger", "show", 0, "--state", state)
    assert '"type": "org.trustkiosk.visit.opened.v1"' in done.out
    assert "bytes, personal" in done.out
    assert ALICE not in done.out
    row = json.loads(kiosk("ledger", "show", 1, "--state", state, "--json").out)
    assert (row["index"], row["sealed_bytes"], row["body"]["data"]["n"]) == (1, None, 0)
    assert "sealed  nothing" in kiosk("ledger", "show", 1, "--state", state).out
    missing = kiosk("ledger", "show", 12, "--state", state)
    assert (missing.code, missing.err) == (
        2,
        "kiosk: no entry 12: the log has 12, counted from 0\n",
    )


def test_show_tells_why_staff_opened_only_where_the_key_is(kiosk: Kiosk, state: Path) -> None:
    shown = rules()
    events = [lock_commanded_by_staff(shown, None, 10, reason) for reason in ("bread", "")]
    with written(state, load(state)) as ledger:
        ledger.append(events, AT)
    assert "reason  bread\n" in kiosk("ledger", "show", 12, "--state", state).out
    row = json.loads(kiosk("ledger", "show", 12, "--state", state, "--json").out)
    assert row["staff_reason"] == "bread"
    row = json.loads(kiosk("ledger", "show", 13, "--state", state, "--json").out)
    assert row["staff_reason"] is None
    (state / "wrap.key").unlink()
    hidden = kiosk("ledger", "show", 12, "--state", state).out
    assert "bread" not in hidden
    assert "bytes, personal" in hidden


def test_verify_says_that_all_is_as_it_was_signed(kiosk: Kiosk, state: Path) -> None:
    done = kiosk("ledger", "verify", "--state", state)
    assert done.code == 0
    assert "corner-shop/door-1: 12 entries verified (sealed parts opened)" in done.out
    row = json.loads(kiosk("ledger", "verify", "--state", state, "--json").out)
    assert (row["size"], row["verified"], row["finding"]) == (12, True, None)
    with LedgerReader(state / "ledger.db") as reader:
        root = (reader.checkpoint() or "").splitlines()[2]
    assert row["root"] == root
    assert f"root {root}\n" in done.out


def test_verify_names_the_first_wrong_entry_and_part(kiosk: Kiosk, state: Path) -> None:
    damage(state, "UPDATE entry SET salt = zeroblob(32) WHERE idx IN (7, 9)")
    done = kiosk("ledger", "verify", "--state", state)
    assert done.code == 1
    assert "entry 7: body or salt is not what its leaf commits to" in done.out
    row = json.loads(kiosk("ledger", "verify", "--state", state, "--json").out)
    assert not row["verified"]
    assert (row["finding"]["index"], row["finding"]["part"]) == (7, "body")


def test_verify_works_on_a_copy_with_a_pinned_key(kiosk: Kiosk, state: Path) -> None:
    kiosk("ledger", "export", state.parent / "copy", "--state", state)
    vkey = state.parent / "copy" / "log.vkey"
    (state / "log.key").unlink()
    (state / "wrap.key").unlink()
    done = kiosk("ledger", "verify", "--state", state, "--vkey", vkey)
    assert (done.code, "sealed parts not opened" in done.out) == (0, True)
    assert kiosk("ledger", "verify", "--state", state).code == 0
    vkey.write_text("corner-shop/door-1+00000000+AAAA")
    done = kiosk("ledger", "verify", "--state", state, "--vkey", vkey)
    assert (done.code, f"--vkey {vkey}: holds no verifier key" in done.err) == (2, True)


def test_the_key_of_another_log_is_no_finding_about_this_one(
    kiosk: Kiosk, state: Path, tmp_path: Path
) -> None:
    vkey = tmp_path / "other.vkey"
    vkey.write_text(LogKey.of("corner-shop/door-9", Ed25519PrivateKey.generate()).encode())
    done = kiosk("ledger", "verify", "--state", state, "--vkey", vkey)
    assert done.code == 2
    assert "the key of corner-shop/door-9, this is corner-shop/door-1" in done.err


def test_verify_does_not_take_the_ledgers_word_for_its_key(kiosk: Kiosk, state: Path) -> None:
    (state / "log.key").write_bytes(bytes(32))
    done = kiosk("ledger", "verify", "--state", state)
    assert (done.code, "checkpoint" in done.out) == (1, True)


def test_prove_writes_a_file_that_proves(kiosk: Kiosk, state: Path, tmp_path: Path) -> None:
    place = tmp_path / "mine.tlog-proof"
    done = kiosk("ledger", "prove", 3, "-o", place, "--state", state)
    assert done.code == 0
    with written(state, create(state)) as ledger:
        key = ledger.key
    assert check_proof(place.read_text(), key).index == 3
    assert kiosk("ledger", "prove", 3, "-o", "-", "--state", state).out == place.read_text()
    with contextlib.chdir(tmp_path):
        told = kiosk("ledger", "prove", 4, "--state", state).out
        assert told.startswith(f"written to {tmp_path}/entry-4.tlog-proof: that entry 4 is in the")
    assert kiosk("ledger", "prove", 99, "--state", state).code == 2


def test_export_writes_tiles_into_an_empty_place_only(
    kiosk: Kiosk, state: Path, tmp_path: Path
) -> None:
    done = kiosk("ledger", "export", tmp_path / "copy", "--state", state)
    assert (done.code, "12 entries" in done.out) == (0, True)
    again = kiosk("ledger", "export", tmp_path / "copy", "--state", state)
    assert (again.code, "not empty" in again.err) == (2, True)


def test_the_verbs_read_beside_the_writer(kiosk: Kiosk, state: Path) -> None:
    with written(state, create(state)):
        assert kiosk("ledger", "verify", "--state", state).code == 0


def test_the_configuration_names_the_place(kiosk: Kiosk, state: Path, tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text(
        re.sub(r"(?m)^#? ?state_dir = .*$", f'state_dir = "{state}"', shipped("store.toml"))
    )
    done = kiosk("ledger", "tail", "-n", 1, "--config", config)
    assert (done.code, "door.held" in done.out) == (0, True), done.err


def test_no_ledger_is_one_line(kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("ledger", "tail", "--state", tmp_path)
    assert done.code == 2
    assert done.err == (
        f"kiosk: {tmp_path}/ledger.db: no ledger here; give --state DIR, or run kiosk init\n"
    )
