"""`kiosk ledger` and `kiosk outbox`, as staff and as another program see them."""

import contextlib
import json
import re
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Moment, VisitId
from kiosk.ledger.keys import LedgerKeys, create
from kiosk.ledger.proof import check_proof
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.store import Ledger
from tests.cli.conftest import Kiosk
from tests.shipped import shipped

ALICE = CustomerRef("alice-7Jq0mW3v0Yd2")
AT = Moment(mono_ms=1, wall_ms=1_795_435_200_000)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a ledger of 12 events."""
    state = tmp_path / "state"
    with written(state, create(state)) as ledger:
        opened = EventRecord("visit.opened", {"gate": "g"}, VisitId("v1"), ALICE, {"tier": "x"})
        ledger.append([opened], AT)
        for n in range(11):
            ledger.append([EventRecord("door.held", {"n": n})], AT)
    return state


def written(state: Path, keys: LedgerKeys) -> Ledger:
    return Ledger.open(state / "ledger.db", "corner-shop/door-1", keys.log, keys.wrap, "boot")


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
    assert kiosk("ledger", "verify", "--state", state, "--vkey", vkey).code == 1


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
        assert "entry-4.tlog-proof" in kiosk("ledger", "prove", 4, "--state", state).out
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


@pytest.mark.parametrize("words", [(), ("--state", "a", "--config", "b")])
def test_one_place_is_named(kiosk: Kiosk, words: tuple[str, ...]) -> None:
    done = kiosk("ledger", "tail", *words)
    assert (done.code, "give either --state DIR or --config FILE" in done.err) == (2, True)


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


def test_outbox_show_tells_what_exists_here_only(kiosk: Kiosk, state: Path) -> None:
    done = kiosk("outbox", "show", "--state", state)
    assert (
        "12 of 12 events are not uploaded yet, the oldest of 2026-11-23T12:00:00.000Z" in done.out
    )
    assert "do not reset this kiosk" in done.out
    with written(state, create(state)) as ledger:
        ledger.acked("hub", 5, "")
    row = json.loads(kiosk("outbox", "show", "--state", state, "--json").out)
    assert row == {"pending": 7, "size": 12, "acked": 5, "oldest": "2026-11-23T12:00:00.000Z"}
    with written(state, create(state)) as ledger:
        ledger.acked("hub", 12, "")
    assert "all 12 events are uploaded" in kiosk("outbox", "show", "--state", state).out


@pytest.fixture
def daemon(state: Path) -> Iterator[list[bytes]]:
    """A control socket that answers what the list holds; it notes what it was asked."""
    script: list[bytes] = []
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(state / "control.sock"))
    server.listen()

    def serve() -> None:
        with server.accept()[0] as caller, caller.makefile("rb") as lines:
            asked = lines.readline()
            caller.sendall(script[0])
            script.append(asked)

    thread = threading.Thread(target=serve)
    thread.start()
    yield script
    thread.join(timeout=5)
    server.close()


def test_outbox_flush_asks_the_running_kiosk(
    kiosk: Kiosk, state: Path, daemon: list[bytes]
) -> None:
    daemon.append(b'{"ok":true}\n')
    done = kiosk("outbox", "flush", "--state", state)
    assert (done.code, done.out) == (0, "uploading now\n")


@pytest.mark.parametrize("reply", [b'{"ok":false,"error":"busy; try again"}\n', b"", b"nonsense\n"])
def test_outbox_flush_says_why_not(
    kiosk: Kiosk, state: Path, daemon: list[bytes], reply: bytes
) -> None:
    daemon.append(reply)
    done = kiosk("outbox", "flush", "--state", state)
    assert done.code == 4
    assert done.err.count("\n") == 1


def test_outbox_flush_without_a_kiosk_is_unreachable(kiosk: Kiosk, state: Path) -> None:
    done = kiosk("outbox", "flush", "--state", state)
    assert (done.code, "is the kiosk running?" in done.err) == (4, True)
