"""Killed, full, failing: what was acknowledged is there, what was refused is not."""

import os
import random
import re
import resource
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kiosk.ledger.errors import LedgerError, LedgerFullError, LedgerWriteError
from kiosk.ledger.store import Ledger
from tests.ledger.powercut import STRACE, unmeasured
from tests.ledger.shelf import LOG_KEY, ORIGIN, WRAP_KEY, Shelf, appended, at, nonce, opened, plain

WRITER = [sys.executable, "-m", "tests.ledger.writer"]


def numbers(directory: Path) -> list[int]:
    """The numbers of the events in a ledger that was written by the writer."""
    shelf = Shelf(directory)
    with shelf.open():
        reader = shelf.reader()
        found = [event.record.data["n"] for event in reader.events()]
    shelf.close()
    return [number for number in found if isinstance(number, int)]


def said(output: bytes, word: str) -> list[int]:
    return [int(found) for found in re.findall(rf"^{word} (\d+)$".encode(), output, re.MULTILINE)]


def killed_after(directory: Path, acks: int) -> bytes:
    """Run the writer for ever and kill it -9 some time after so many acknowledgements."""
    process = subprocess.Popen(
        [*WRITER, str(directory), "0", "honest"],
        stdout=subprocess.PIPE,
        bufsize=0,
        env=unmeasured(),
    )
    assert process.stdout is not None
    output = b""
    try:
        while output.count(b"ack ") < acks:
            ready, _, _ = select.select([process.stdout], [], [], 30)
            assert ready, "the writer says nothing"
            output += process.stdout.read(4096) or b""
    finally:
        process.kill()
        with process.stdout:
            output += process.stdout.read() or b""
        process.wait()
    return output


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 40))]
)
def test_p1_kill_9_loses_no_acknowledged_event(tmp_path: Path, seed: int) -> None:
    output = killed_after(tmp_path, random.Random(seed).randint(1, 300))
    found = numbers(tmp_path)
    assert found == list(range(len(found)))
    assert set(said(output, "ack")) <= set(found)


@pytest.mark.skipif(not STRACE, reason="strace is not installed: apt-get install strace")
@pytest.mark.parametrize(
    ("calls", "error", "when"),
    [
        ("fsync,fdatasync", "EIO", 14),
        ("pwrite64", "EIO", 200),
        ("pwrite64", "ENOSPC", "201+3"),
        *(
            pytest.param(calls, error, when, marks=pytest.mark.slow)
            for calls, error in (("fsync,fdatasync", "EIO"), ("fdatasync", "ENOSPC"))
            for when in range(14, 50, 2)
        ),
    ],
)
def test_an_append_that_the_disk_refuses_is_refused_and_the_next_one_works(
    tmp_path: Path, calls: str, error: str, when: int | str
) -> None:
    inject = f"inject={calls}:error={error}:when={when}"
    watch = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    done = subprocess.run(
        [*watch, *WRITER, str(tmp_path), "40", "honest"],
        capture_output=True,
        timeout=100,
        check=False,
        env=unmeasured(),
    )
    assert done.returncode == 0, done.stderr.decode()
    found, acked, failed = numbers(tmp_path), said(done.stdout, "ack"), said(done.stdout, "failed")
    assert len(acked) + len(failed) == 40
    assert acked == found
    assert not set(failed) & set(found)
    assert failed


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file grow beyond 200 kB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_files")
def test_a_file_that_cannot_grow_refuses_and_keeps_what_it_has(shelf: Shelf) -> None:
    ledger = shelf.open()
    with pytest.raises(LedgerWriteError, match="check the disk"):
        fill(ledger)
    size = ledger.size
    assert 10 < size < 200
    with pytest.raises(LedgerWriteError):
        fill(ledger)
    ledger.close()
    assert shelf.open().size >= size


def fill(ledger: Ledger) -> None:
    """Append until the ledger raises."""
    for number in range(1000):
        ledger.append([plain(text="x" * 2000)], at(number))


def test_a_full_disk_refuses_whole_and_goes_on_when_there_is_room(shelf: Shelf) -> None:
    ledger = shelf.filled(5)
    connection = ledger._connected()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LedgerFullError, match="the disk is full; free some space") as told:
        ledger.append([opened("v1"), plain(text="x" * 30_000)], at(9), nonce())
    assert told.value.exit_code == 3
    assert (ledger.size, ledger.open_visits()) == (5, ())
    connection.execute("PRAGMA max_page_count=1000000")
    assert appended(ledger.append([opened("v1")], at(9), nonce())).first == 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of half a megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_file_system_refuses_whole_and_loses_nothing(small_disk: Path) -> None:
    other = small_disk / "other"
    other.write_bytes(bytes(128 * 1024))
    ledger = Shelf(small_disk).open()
    with pytest.raises(LedgerFullError):
        fill(ledger)
    size = ledger.size
    assert size > 20
    with pytest.raises(LedgerFullError):
        ledger.append([plain(text="x" * 20_000)], at())
    assert ledger.size == size
    other.unlink()
    assert appended(ledger.append([plain()], at())).first == size
    ledger.close()
    with Shelf(small_disk).open() as again:
        assert again.size == size + 1


def test_a_start_on_a_full_file_system_says_that_it_is_full(small_disk: Path) -> None:
    Shelf(small_disk).filled(1).close()
    occupy(small_disk / "other")
    with pytest.raises(LedgerFullError, match="the disk is full; free some space"):
        Shelf(small_disk).open()


def occupy(path: Path) -> None:
    """Take all the space that is left."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(1024)):
            pass


@pytest.mark.parametrize(
    "rounds", [pytest.param(30, id="some"), pytest.param(400, marks=pytest.mark.slow, id="many")]
)
def test_a_damaged_end_of_the_write_ahead_log_gives_a_whole_prefix(
    tmp_path: Path, rounds: int
) -> None:
    luck = random.Random(7)
    (tmp_path / "whole").mkdir()
    shelf = Shelf(tmp_path / "whole")
    shelf.filled(40)
    wal = (tmp_path / "whole" / "ledger.db-wal").read_bytes()
    database = shelf.path.read_bytes()
    sizes: set[int] = set()
    for number in range(rounds):
        copy = tmp_path / f"copy-{number}"
        copy.mkdir()
        (copy / "ledger.db").write_bytes(database)
        (copy / "ledger.db-wal").write_bytes(damaged(wal, luck))
        sizes.add(prefix_in(copy))
        shutil.rmtree(copy)
    shelf.close()
    assert len(sizes) > 5


def damaged(wal: bytes, luck: random.Random) -> bytes:
    """The file with its end cut off, zeroed or garbled."""
    at_byte = luck.randrange(32, len(wal))
    match luck.choice(["cut", "zero", "garble"]):
        case "cut":
            return wal[:at_byte]
        case "zero":
            return wal[:at_byte] + bytes(len(wal) - at_byte)
        case _:
            return wal[:at_byte] + luck.randbytes(64) + wal[at_byte + 64 :]


def prefix_in(directory: Path) -> int:
    """The size of the whole log in a directory; no such log is an empty one, not yet begun."""
    shelf = Shelf(directory)
    try:
        return shelf.open().size
    finally:
        shelf.close()


def test_an_error_of_the_disk_opens_the_file_anew(shelf: Shelf) -> None:
    ledger = shelf.filled(3)
    ledger._connected().close()
    before = ledger._connection
    ledger._recover(io_error())
    assert ledger._connection is not before
    assert appended(ledger.append([plain()], at(9))).first == 3


def test_a_disk_that_stays_away_is_tried_again_at_the_next_append(shelf: Shelf) -> None:
    ledger = shelf.filled(3)
    ledger.idle()
    away = shelf.path.with_name("away")
    ledger._disconnect()
    shelf.path.rename(away)
    shelf.path.mkdir()
    with pytest.raises(LedgerError):
        ledger.append([plain()], at(9))
    shelf.path.rmdir()
    away.rename(shelf.path)
    assert appended(ledger.append([plain()], at(9))).first == 3


def put_back(shelf: Shelf, kind: type[Ledger]) -> int:
    """Put a backup in the place of a ledger in use, append, and return what is in the log then."""
    shelf.filled(3).close()
    backup = shutil.copy(shelf.path, shelf.path.with_name("backup"))
    ledger = kind.open(shelf.path, ORIGIN, LOG_KEY, WRAP_KEY, "boot-1")
    try:
        Path(backup).rename(shelf.path)
        assert appended(ledger.append([plain()], at(9))).first == 3
    finally:
        ledger.close()
    return shelf.open().size


def test_p1_nothing_is_acknowledged_in_a_file_that_another_took_the_place_of(shelf: Shelf) -> None:
    with pytest.raises(LedgerWriteError, match="another file is in its place; stop the kiosk"):
        put_back(shelf, Ledger)


class TrustfulLedger(Ledger):
    """The mutant: takes the file that it opened for the one that is there."""

    def _require_same_file(self) -> None:
        """Believe it."""


def test_the_harness_catches_what_is_acknowledged_and_in_no_log(shelf: Shelf) -> None:
    assert put_back(shelf, TrustfulLedger) == 3


def test_p1_nothing_is_acknowledged_in_a_file_that_was_removed(shelf: Shelf) -> None:
    ledger = shelf.filled(3)
    away = shelf.path.rename(shelf.path.with_name("away"))
    with pytest.raises(LedgerWriteError, match="No such file"):
        ledger.append([plain()], at(9))
    away.rename(shelf.path)
    assert appended(ledger.append([plain()], at(9))).first == 3


def test_a_commit_that_was_on_the_disk_after_all_is_acknowledged(shelf: Shelf) -> None:
    """An fsync may fail when everything is written; opened anew, the file holds the event."""
    ledger = shelf.filled(3)
    flaky: Any = Flaky(ledger._connected())
    ledger._connection = flaky
    done = appended(ledger.append([plain()], at(9)))
    assert (done.first, done.size, ledger.size) == (3, 4, 4)
    assert shelf.reader().checkpoint(4) == done.note


class Flaky:
    """A connection whose commits work and say that they did not."""

    def __init__(self, real: sqlite3.Connection) -> None:
        self.executemany = real.executemany
        self.close = real.close
        self._real = real

    @property
    def in_transaction(self) -> bool:
        """As the real one says."""
        return self._real.in_transaction

    def execute(self, text: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Do it; then fail, if it was a commit."""
        done = self._real.execute(text, values)
        if text == "COMMIT":
            raise io_error()
        return done


def io_error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    return error


def test_a_database_that_another_program_holds_is_said_to_be_busy(shelf: Shelf) -> None:
    ledger = shelf.filled(1)
    ledger._connected().execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(shelf.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerWriteError, match="database is locked"):
        ledger.append([plain()], at(2))
    other.close()
    assert appended(ledger.append([plain()], at(2))).first == 1
