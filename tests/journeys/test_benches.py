"""The benches as commands: their shape is held here, their speed only by themselves."""

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

LIMIT_S = 115


@cache
def bench(name: str) -> dict[str, Any]:
    """Return what a bench prints, run once; its exit code says whether a bar falls short."""
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "bench", name, "--json"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if all(bar["ok"] for bar in result["bars"]) else 1)
    return result


@pytest.mark.parametrize("name", ["rfid", "scan"])
def test_a_bench_prints_rows_and_bars(name: str) -> None:
    result = bench(name)
    assert result["bench"] == name
    assert all("what" in row for row in result["rows"])
    assert all(set(bar) == {"what", "value", "bar", "ok"} for bar in result["bars"])


def test_the_scan_takes_the_network_and_the_disk_off() -> None:
    rows = {row["what"]: row["median_ms"] for row in bench("scan")["rows"]}
    assert rows["token to edge"] > rows["provider's answer"] > 0
    assert rows["one durable commit"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["start", "ledger"])
def test_a_longer_bench_prints_rows_and_bars(name: str) -> None:
    assert bench(name)["bench"] == name


def test_a_bench_is_read_by_people_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "bench", "rfid"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert "times the line rate" in done.stdout
    assert "(want at least 40.0) ok" in done.stdout
