"""The state directory: one daemon at a time, an older state migrated, a newer one refused."""

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.daemon import app
from kiosk.daemon.errors import AlreadyRunningError, DaemonError
from kiosk.ledger.schema import STEPS
from kiosk.settings import load
from tests.daemon.process import CAMERA, EDGES, Daemon, wait_for

NO_BOARD = 'kind = "gpio"\npin = 18'  # building it here fails: there is no such board
ONE_LINE_S = 60


def started(daemon: Daemon) -> tuple[int, str]:
    """Run `kiosk run` to its end; return exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "run", "--config", str(daemon.config)],
        capture_output=True,
        text=True,
        timeout=ONE_LINE_S,
        check=False,
    )
    return done.returncode, done.stderr


def meddle(daemon: Daemon, statements: Sequence[str]) -> None:
    with closing(sqlite3.connect(daemon.state / "ledger.db", isolation_level=None)) as hand:
        for statement in statements:
            hand.execute(statement)


def test_a_second_daemon_ends_before_it_looks_at_a_device(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running():
        text = daemon.config.read_text(encoding="utf-8")
        daemon.config.write_text(text.replace('kind = "sim"\npin = 18', NO_BOARD), "utf-8")
        code, said = started(daemon)
        assert (code, said.count("\n")) == (2, 1)
        assert "another daemon serves it; stop that one first" in said
        assert daemon.answers()
        assert not daemon.unlocked()
        daemon.config.write_text(text, encoding="utf-8")
        daemon.process.terminate()
        daemon.ended()
    assert daemon.edges() == [False]


def test_the_harness_catches_a_daemon_that_opens_its_devices_first(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    text = daemon.config.read_text(encoding="utf-8")
    daemon.config.write_text(text.replace('kind = "sim"\npin = 18', NO_BOARD), "utf-8")
    code, said = started(daemon)
    assert code != 0
    assert "another daemon" not in said


def test_in_this_process_a_held_state_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with daemon.running(), pytest.raises(AlreadyRunningError, match="another daemon"):
        app.run(load(daemon.config))


def test_a_state_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    text = daemon.config.read_text(encoding="utf-8")
    gone = text.replace(f'state_dir = "{tmp_path}"', f'state_dir = "{tmp_path}/gone"')
    daemon.config.write_text(gone, encoding="utf-8")
    with pytest.raises(DaemonError, match="run kiosk init first"):
        app.run(load(daemon.config))


def test_a_state_that_cannot_be_written_asks_for_no_second_init(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    (tmp_path / "daemon.lock").unlink(missing_ok=True)
    (tmp_path / "daemon.lock").mkdir()
    with pytest.raises(DaemonError, match="this account must be able to write there"):
        app.run(load(daemon.config))


def test_a_state_of_a_newer_version_is_refused_in_one_line_with_the_lock_idle(
    tmp_path: Path,
) -> None:
    daemon = Daemon(tmp_path)
    meddle(daemon, [f"PRAGMA user_version = {len(STEPS) + 1}"])
    code, said = started(daemon)
    assert (code, said.count("\n")) == (2, 1)
    assert "install the newer kiosk" in said
    assert not (tmp_path / EDGES).exists()
    meddle(daemon, [f"PRAGMA user_version = {len(STEPS)}"])
    with daemon.running():
        assert not daemon.unlocked()


def test_a_visit_that_an_earlier_run_left_open_ends_once_at_the_next_start(
    tmp_path: Path,
) -> None:
    daemon = Daemon(tmp_path, camera=CAMERA)
    with daemon.running():
        daemon.show_voucher()
        wait_for(daemon.unlocked, "the door is open")
        daemon.process.kill()
        daemon.process.wait()
    for _ in range(2):
        with daemon.running():
            assert not daemon.unlocked()
            assert daemon.types().count("visit.not_entered") == 1
            assert daemon.status()["inside"] == 0


def test_a_state_of_an_older_version_is_brought_forward(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "ledger.db").touch()
    code, said = started(daemon)
    assert code == 4, "version 0 is migrated; then only the documents are missing"
    assert "publish them, or check hub.url" in said


def test_a_ledger_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    (tmp_path / "ledger.db").unlink()
    code, said = started(daemon)
    assert (code, said.count("\n")) == (2, 1)
    assert "the ledger that began here is gone; put a backup back" in said
    assert not (tmp_path / "ledger.db").exists()
    assert not (tmp_path / EDGES).exists(), "no pin was touched"
