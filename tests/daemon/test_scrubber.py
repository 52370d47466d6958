"""The scrubber: what is damaged is said once, everywhere, and the owner never waits for it."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.core.events import EventRecord
from kiosk.daemon.scrubber import PART, ROLE, Pace, Scrubber
from tests.daemon.gatehouse import Gatehouse
from tests.daemon.visit_story import Story, check

Until = Callable[..., None]
HASTE = Pace(first_s=0, every_s=0.05, rest_s=0.001, beat_s=0.01)
DAMAGE = "UPDATE entry SET salt = zeroblob(32) WHERE idx = 1"
MEND = "UPDATE entry SET salt = ? WHERE idx = 1"


@pytest.fixture
def scrubber(gate: Gatehouse) -> Iterator[Scrubber]:
    """Yield a scrubber in haste over a log of some days."""
    for _ in range(30):
        gate.ledger.append([EventRecord("device.started")] * 20, gate.clock.now())
    scrubber = Scrubber(gate.path, gate.ledger.key, gate.rhythm, HASTE)
    yield scrubber
    scrubber.stop()


def meddle(path: Path, statement: str, *values: object) -> None:
    """Change what is stored behind the ledger's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as hand:
        hand.execute("DROP TRIGGER IF EXISTS entry_forget")
        hand.execute(statement, values)


def test_a_whole_log_is_gone_over_again_and_again_and_nothing_is_said(
    gate: Gatehouse, scrubber: Scrubber, until: Until
) -> None:
    scrubber.start()
    until(lambda: scrubber.passes >= 3)
    assert scrubber.finding == ""
    assert gate.inbox.is_empty()
    assert gate.rhythm.beats.silent() == ()


def test_damage_is_in_status_log_and_ledger_once_and_its_mending_too(
    gate: Gatehouse, scrubber: Scrubber, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(gate.path)) as reader:
        (salt,) = reader.execute("SELECT salt FROM entry WHERE idx = 1").fetchone()
    meddle(gate.path, DAMAGE)
    with caplog.at_level(logging.INFO):
        scrubber.start()
        until(lambda: scrubber.finding)
        until(lambda: not gate.inbox.is_empty())
        Story(gate).hear()
        assert scrubber.finding.startswith("entry 1: ")
        assert gate.owner.gate.lost == {ROLE}
        assert gate.types()[-1] == "device.fault"
        meddle(gate.path, MEND, salt)
        until(lambda: not scrubber.finding)
        until(lambda: not gate.inbox.is_empty())
    Story(gate).hear()
    assert gate.types()[-1] == "device.cleared"
    assert gate.owner.gate.lost == frozenset()
    assert caplog.text.count("ledger damaged") == 1
    assert caplog.text.count("ledger is whole again") == 1


def test_a_damaged_log_keeps_nobody_in_and_the_gate_goes_on(
    gate: Gatehouse, scrubber: Scrubber, until: Until
) -> None:
    meddle(gate.path, DAMAGE)
    scrubber.start()
    until(lambda: scrubber.finding)
    with closing(sqlite3.connect(gate.path)) as reader:
        before = reader.execute("SELECT count(*) FROM visit").fetchone()
    assert before == (0,)
    Story(gate).whole()
    assert gate.unlocks() == 1
    assert not gate.lock.is_unlocked
    assert gate.owner.gate.inside == ()


def test_a_log_that_cannot_be_read_is_a_finding_too(
    gate: Gatehouse, tmp_path: Path, until: Until
) -> None:
    scrubber = Scrubber(tmp_path / "gone.db", gate.ledger.key, gate.rhythm, HASTE)
    scrubber.start()
    until(lambda: scrubber.finding)
    scrubber.stop()
    assert "no ledger here" in scrubber.finding


def test_the_owner_writes_on_while_the_log_is_gone_over(
    gate: Gatehouse, scrubber: Scrubber, until: Until
) -> None:
    scrubber.start()
    for number in range(1, 8):
        Story(gate, number).turn_back()
    check(gate)
    until(lambda: scrubber.passes >= 2)
    assert scrubber.finding == ""


@pytest.mark.parametrize("pace", [Pace(), Pace(first_s=0, rest_s=3600)], ids=["before", "amid"])
def test_a_stop_waits_for_no_pause_and_half_a_pass_says_nothing(
    gate: Gatehouse, scrubber: Scrubber, pace: Pace
) -> None:
    patient = Scrubber(gate.path, scrubber._key, gate.rhythm, pace)
    patient.start()
    ended = threading.Thread(target=patient.stop)
    ended.start()
    ended.join(10)
    assert not ended.is_alive()
    assert patient.passes == 0
    assert PART not in gate.rhythm.beats._last
