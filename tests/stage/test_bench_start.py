"""The bench of the start: what it measures, once each."""

import os
from pathlib import Path

import pytest

from kiosk.stage.bench_start import resident_mb, run


@pytest.mark.slow
def test_start_help_and_memory_are_measured_beside_their_references() -> None:
    result = run(runs=1, settle_s=0.0)
    assert result["bench"] == "start"
    rows = {row["what"]: row for row in result["rows"]}
    assert len(rows) == 6
    assert all(row.get("median_s", 1.0) > 0 for row in rows.values())
    assert rows["memory with the camera"]["mb"] > rows["memory without"]["mb"] > 20
    assert [bar["bar"] for bar in result["bars"]] == [2.0, 2.0, 125.0, 80.0]
    assert all(bar["ok"] is (bar["value"] <= bar["bar"]) for bar in result["bars"])


def test_memory_is_what_the_kernel_counts_and_nothing_for_a_thread_of_the_kernel(
    tmp_path: Path,
) -> None:
    assert resident_mb(os.getpid()) > 20
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "status").write_text("Name:\tkthreadd\n", encoding="ascii")
    assert resident_mb(1, tmp_path) == 0.0
