"""P1, P3: whatever a power cut leaves, every acknowledged event is there and the log is whole."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.ledger.errors import LedgerError
from kiosk.ledger.store import Ledger
from tests.ledger.powercut import STRACE, Disk, Step, record
from tests.ledger.shelf import LOG_KEY, ORIGIN, WRAP_KEY

pytestmark = pytest.mark.skipif(
    not STRACE, reason="strace is not installed: apt-get install strace"
)

APPENDS = 12
WAYS = ("none", "all", "some", "torn")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Step]]:
    """What the writer did, by mode."""
    found: dict[str, list[Step]] = {}
    for mode in ("honest", "normal", "early", "marked"):
        directory = tmp_path_factory.mktemp("recorded") / mode
        directory.mkdir()
        found[mode] = record(directory, APPENDS, mode)
    return found


def states(
    recording: list[Step], luck: random.Random, share: float, rounds: int
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Yield acknowledged events and files for cuts before every step, or a share of them."""
    disk = Disk()
    for step in [*recording, Step("ack")]:
        for _ in range(rounds):
            for way in WAYS:
                if luck.random() < share:
                    yield disk.acked, disk.after_cut(luck, way)
        disk.take(step)


def fault_after(directory: Path, acked: int, files: dict[str, bytes]) -> str:
    """What is wrong when a kiosk starts on these files; "" when nothing is."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    try:
        with Ledger.open(directory / "ledger.db", ORIGIN, LOG_KEY, WRAP_KEY, "boot") as ledger:
            size = ledger.size
    except LedgerError as error:
        return f"not opened: {error}"
    return "" if size >= acked else f"{acked} acknowledged, {size} found"


def faults(place: Path, recording: list[Step], share: float, rounds: int = 1) -> list[str]:
    """The faults of every state that is looked at; there must be many states."""
    luck = random.Random(20261123)  # the same cuts every time
    looked = [
        fault_after(place / "cut", acked, files)
        for acked, files in states(recording, luck, share, rounds)
    ]
    assert len(looked) > 100, "too few states to prove anything"
    return [fault for fault in looked if fault]


def test_p1_the_recording_is_of_the_writer(recordings: dict[str, list[Step]]) -> None:
    disk = Disk()
    for step in recordings["honest"]:
        disk.take(step)
    assert disk.acked == APPENDS
    assert sum(step.call == "sync" for step in recordings["honest"]) >= APPENDS


def test_p1_no_power_cut_loses_an_acknowledged_event(
    recordings: dict[str, list[Step]], memory: Path
) -> None:
    assert faults(memory, recordings["honest"], 0.6) == []


@pytest.mark.slow
def test_p1_no_power_cut_of_thousands_loses_an_acknowledged_event(
    recordings: dict[str, list[Step]], memory: Path
) -> None:
    assert faults(memory, recordings["honest"], 1.0, rounds=5) == []


def test_the_harness_catches_a_commit_that_does_not_wait_for_the_disk(
    recordings: dict[str, list[Step]], memory: Path
) -> None:
    found = faults(memory, recordings["normal"], 0.3)
    assert any("acknowledged" in fault for fault in found)


def test_the_harness_catches_an_acknowledgement_before_the_commit(
    recordings: dict[str, list[Step]], memory: Path
) -> None:
    found = faults(memory, recordings["early"], 0.3)
    assert any("acknowledged" in fault for fault in found)


def test_the_harness_catches_a_mark_that_the_ledger_began_before_there_is_one(
    recordings: dict[str, list[Step]], memory: Path
) -> None:
    found = faults(memory, recordings["marked"], 0.3)
    assert any("that began here is gone" in fault for fault in found)
