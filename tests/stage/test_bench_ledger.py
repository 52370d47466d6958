"""The bench measures ours beside the references, in the form that `kiosk bench` prints."""

import os
import shutil
from pathlib import Path

import pytest

from kiosk.stage import bench_ledger
from tests.environment import environment


def test_each_way_to_store_an_event_is_measured(tmp_path: Path) -> None:
    stored, spent = bench_ledger.measure_appends(tmp_path, rounds=3)
    assert 900 < stored < 1400
    assert len(spent) == 3
    assert all(us > 0 for us in spent.values())


def test_a_scrub_is_measured_beside_bare_hashing(tmp_path: Path) -> None:
    spent = bench_ledger.measure_scrubs(tmp_path, events=512)
    assert len(spent) == 3
    assert all(us > 0 for us in spent.values())


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_single_event_costs_about_one_flush(tmp_path: Path) -> None:
    flushes = bench_ledger.count_flushes(tmp_path, events=20)
    assert isinstance(flushes, float)
    assert 1.0 <= flushes <= 1.3


def test_without_strace_the_bench_says_what_is_missing(tmp_path: Path) -> None:
    with environment(PATH=str(tmp_path)):
        told = bench_ledger.count_flushes(tmp_path)
    assert told == "strace is not installed: apt-get install strace"


@pytest.mark.parametrize("strace", [True, False], ids=["traced", "not-traced"])
def test_the_bench_prints_rows_and_bars(tmp_path: Path, *, strace: bool) -> None:
    """Without strace the flushes are a row that says why, and no bar."""
    with environment(PATH=os.environ["PATH"] if strace else str(tmp_path)):
        found = bench_ledger.run(tmp_path, rounds=3, watched=10, scrubbed=512)
    assert found["bench"] == "ledger"
    rows, bars = found["rows"], found["bars"]
    assert isinstance(rows, list)
    assert isinstance(bars, list)
    assert len(rows) == 7
    assert strace or (len(bars) == 2 and "strace" in rows[-1]["not_measured"])
    assert {tuple(bar) for bar in bars} == {("what", "value", "bar", "ok")}
