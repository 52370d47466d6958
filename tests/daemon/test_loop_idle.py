"""When nobody is there the owner tidies up; it never waits for a reader to do so."""

import sqlite3
import time
from contextlib import closing

from kiosk.daemon.messages import Asked, Stop
from tests.daemon.gatehouse import Gatehouse
from tests.daemon.visit_story import Story


def wal_bytes(gate: Gatehouse) -> int:
    return gate.path.with_name("ledger.db-wal").stat().st_size


def loop_once(gate: Gatehouse) -> None:
    """Let the owner go around its loop until it stops."""
    gate.inbox.put(Asked({}, lambda _answer: None, gate.clock.now()))
    gate.inbox.put(Stop())
    gate.owner.run()
    gate.owner._tidy(busy=False)


def test_the_write_ahead_log_is_folded_away_once_nobody_has_come_for_a_while(
    gate: Gatehouse,
) -> None:
    Story(gate).turn_back()
    loop_once(gate)
    assert wal_bytes(gate) > 0
    gate.clock.raise_offset(31_000)
    gate.owner._tidy(busy=False)
    assert wal_bytes(gate) == 0


def test_nothing_is_folded_while_somebody_is_inside(gate: Gatehouse) -> None:
    Story(gate).come_in()
    gate.owner._tidy(busy=False)
    gate.clock.raise_offset(31_000)
    gate.owner._tidy(busy=False)
    assert wal_bytes(gate) > 0


def test_a_reader_in_the_way_is_not_waited_for(gate: Gatehouse) -> None:
    Story(gate).turn_back()
    with closing(sqlite3.connect(gate.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entry").fetchone()
        Story(gate, 2).turn_back()
        gate.clock.raise_offset(31_000)
        began = time.monotonic()
        gate.owner._tidy(busy=False)
        assert time.monotonic() - began < 2.0
        assert wal_bytes(gate) > 0
    gate.clock.raise_offset(31_000)
    gate.owner._tidy(busy=False)
    assert wal_bytes(gate) == 0


def test_a_ledger_that_is_away_is_no_reason_to_end(gate: Gatehouse) -> None:
    Story(gate).turn_back()
    gate.ledger.close()
    gate.owner.ledger._folded = False
    gate.clock.raise_offset(31_000)
    gate.owner._tidy(busy=False)
