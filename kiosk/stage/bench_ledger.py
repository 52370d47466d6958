"""`kiosk bench ledger`: what a durable, signed, sealed event costs beside a bare SQLite insert.

Ours and the references take turns on the same disk, operation by operation, so that its noise
falls on all alike. Run as a module with a directory and a count, it only appends that many
events, for strace to watch.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Final

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Json, Moment, VisitId
from kiosk.ledger.audit import Scrub
from kiosk.ledger.keys import LedgerKeys, create
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.schema import LEDGER_FILE, connect, connect_readonly
from kiosk.ledger.store import Ledger

ROUNDS: Final = 400
WATCHED: Final = 300
SCRUBBED: Final = 16 * 1024
PASSES: Final = 12  # the least disturbed one counts
FLOOR_BYTES: Final = 1024
APPEND_BAR: Final = 0.5  # DESIGN 11
FLUSH_BAR: Final = 1.3
SCRUB_BAR: Final = 0.7

_OURS: Final = "ours: append, signed and sealed"
_INSERT: Final = "one-row SQLite insert of the same bytes"
_FLOOR: Final = "preallocated write and fdatasync"
_SCRUB: Final = "ours: scrub"
_AUDIT: Final = "ours: audit, every signature and sealed part"
_HASHED: Final = "bare SHA-256 over the same rows"
_FLUSHES: Final = "flushes of single events"

_AT: Final = Moment(mono_ms=812_344_556, wall_ms=1_795_416_082_318)
_READS: Final[Json] = [
    {"epc": f"3074257BF7194E40000{n:05X}", "reads": 40 + n, "slices": 9, "rssi_max": -50 - n}
    for n in range(8)
]
_EVENT: Final = EventRecord(
    "tags.observed",
    {"window_ms": 2400, "reads": _READS, "counts": {"unknown": 2, "background": 11}},
    VisitId("019ab0c4-7f3e-7c1d-9f0e-2b6f3d5a8c11"),
    CustomerRef("kq0mW3v0Yd2pX8sJ1tR4bA"),
    {"customer": "kq0mW3v0Yd2pX8sJ1tR4bA", "nonce": "5f0e5a1c7b8b4b51"},
)
"""About 1 kB with all that is stored of it."""

Answer = dict[str, object]


def run(
    directory: Path | None = None,
    rounds: int = ROUNDS,
    watched: int = WATCHED,
    scrubbed: int = SCRUBBED,
) -> Answer:
    """Measure all rows; the answer holds `bench`, `rows` and `bars`. Takes about ten seconds.

    Args:
        directory: On the disk to measure; the system's temporary directory when None.
        rounds, watched, scrubbed: How many events to append, to count flushes of, to verify.
    """
    place = Path(tempfile.mkdtemp(prefix="kiosk-bench-", dir=directory))
    try:
        stored, appends = measure_appends(place, rounds)
        flushes = count_flushes(place, watched)
        scrubs = measure_scrubs(place, scrubbed)
    finally:
        shutil.rmtree(place)
    rows: list[Answer] = [{"what": w, "us": us, "bytes": stored} for w, us in appends.items()]
    rows += [{"what": w, "us_per_event": us, "events": scrubbed} for w, us in scrubs.items()]
    bars = [
        _bar("append, x one-row insert", appends[_INSERT] / appends[_OURS], APPEND_BAR),
        _bar("scrub, x bare SHA-256", scrubs[_HASHED] / scrubs[_SCRUB], SCRUB_BAR),
    ]
    if isinstance(flushes, str):
        rows.append({"what": _FLUSHES, "not_measured": flushes})
    else:
        rows.append({"what": _FLUSHES, "per_event": round(flushes, 3)})
        bars.append(_bar("flushes per single event", flushes, FLUSH_BAR, at_most=True))
    return {"bench": "ledger", "rows": rows, "bars": bars}


def measure_appends(place: Path, rounds: int = ROUNDS) -> tuple[int, Mapping[str, float]]:
    """Return the bytes of an event, and the median microseconds of each way to store them."""
    ledger, _ = _open(place / "append")
    bare = connect(place / "bare.db")
    floor = os.open(place / "floor", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        ledger.append([_EVENT], _AT)
        with LedgerReader(ledger.path) as reader:
            (entry,) = reader.entries(0, 1)
        data = entry.leaf + entry.salt + entry.body + (entry.sealed or b"")
        bare.execute("CREATE TABLE row(idx INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        os.write(floor, bytes(FLOOR_BYTES * rounds))
        os.fsync(floor)

        def insert(_turn: int) -> None:
            """Insert one row into a bare table, durably."""
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("INSERT INTO row(data) VALUES (?)", (data,))
            bare.execute("COMMIT")

        def flush(turn: int) -> None:
            """Write one block and wait for the disk."""
            os.pwrite(floor, data[:FLOOR_BYTES], turn * FLOOR_BYTES)
            os.fdatasync(floor)

        def append(_turn: int) -> None:
            """Append one event to the ledger."""
            ledger.append([_EVENT], _AT)

        ways = {_OURS: append, _INSERT: insert, _FLOOR: flush}
        spent = _take_turns(ways, rounds, time.perf_counter)
        return len(data), {what: _micro(median(times)) for what, times in spent.items()}
    finally:
        ledger.close()
        bare.close()
        os.close(floor)


def count_flushes(place: Path, events: int = WATCHED) -> float | str:
    """Return the flushes that a single event costs, or why they cannot be counted."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed: apt-get install strace"
    counts: list[int] = []
    for count in (events, 2 * events):  # the difference leaves out opening and closing
        trace, state = place / f"flushes-{count}", str(place / f"watched-{count}")
        watch = [strace, "-f", "-qq", "-o", str(trace), "-e", "trace=fsync,fdatasync"]
        work = [sys.executable, "-m", "kiosk.stage.bench_ledger", state, str(count)]
        done = subprocess.run([*watch, *work], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        if done.returncode:
            return f"strace may not trace here: {done.stderr.strip().splitlines()[-1]}"
        counts.append(trace.read_text(encoding="utf-8").count("sync("))
    return (counts[1] - counts[0]) / events


def measure_scrubs(place: Path, events: int = SCRUBBED) -> Mapping[str, float]:
    """Return the processor microseconds an event costs to verify, and to hash bare."""
    ledger, keys = _open(place / "scrub")
    with ledger:
        for _ in range(events // 256):
            ledger.append([_EVENT] * 256, _AT)
    path = ledger.path

    def scrub(_turn: int) -> None:
        """Scrub the whole log once."""
        with LedgerReader(path) as reader:
            _finish(reader.scrub(ledger.key))

    def audit(_turn: int) -> None:
        """Audit the whole log once."""
        with LedgerReader(path, keys.wrap) as reader:
            _finish(reader.audit(ledger.key))

    ways: dict[str, Callable[[int], None]] = {
        _HASHED: lambda _: _hash_rows(path),
        _SCRUB: scrub,
        _AUDIT: audit,
    }
    spent = _take_turns(ways, PASSES, time.process_time)
    return {what: _micro(min(times) / events) for what, times in spent.items()}


def _finish(scrub: Scrub) -> None:
    while not scrub.done:
        finding = scrub.step()
        if finding is not None:
            raise AssertionError(str(finding))


def _hash_rows(path: Path) -> None:
    """Read every row and hash its bytes: what a scrub would cost without a tree."""
    connection = connect_readonly(path)
    query = "SELECT leaf, salt, body, sealed FROM entry ORDER BY idx"
    for leaf, salt, body, sealed in connection.execute(query):
        sha256(leaf + salt + body + sealed).digest()
    connection.close()


def _open(state: Path) -> tuple[Ledger, LedgerKeys]:
    keys = create(state)
    return Ledger.open(state / LEDGER_FILE, "bench/ledger", keys.log, keys.wrap, "bench"), keys


def _take_turns(
    ways: Mapping[str, Callable[[int], None]], rounds: int, clock: Callable[[], float]
) -> Mapping[str, list[float]]:
    """Return the seconds of every round of every way."""
    spent: dict[str, list[float]] = {what: [] for what in ways}
    for turn in range(rounds):
        for what, way in ways.items():
            began = clock()
            way(turn)
            spent[what].append(clock() - began)
    return spent


def _bar(what: str, value: float, bar: float, *, at_most: bool = False) -> Answer:
    ok = value <= bar if at_most else value >= bar
    return {"what": what, "value": round(value, 3), "bar": bar, "ok": ok}


def _micro(seconds: float) -> float:
    return round(seconds * 1e6, 2)


def _append_only(state: Path, count: int) -> None:
    """Append single events, for strace to watch."""
    ledger, _ = _open(state)
    with ledger:
        for _ in range(count):
            ledger.append([_EVENT], _AT)


if __name__ == "__main__":
    _append_only(Path(sys.argv[1]), int(sys.argv[2]))
