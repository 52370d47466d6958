"""The hands of the owner: commands in order, faults of lock and face never stop a record."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from drivers.base import DeviceLostError, Health
from kiosk.core.commands import Flush, Record, Relock, Show, Unlock
from kiosk.core.events import EventRecord
from kiosk.core.notice import notice
from kiosk.core.reasons import Reason
from kiosk.core.values import Spend, Way
from kiosk.daemon.effects import SIGNALS, Done, Effects, Face, Refused
from tests.daemon.gatehouse import Gatehouse

RECORD = Record((EventRecord("device.started"),))


def test_an_unlock_is_followed_by_a_relock(gate: Gatehouse) -> None:
    assert isinstance(gate.effects.carry_out([RECORD, Unlock(5, "score")]), Done)
    assert gate.lock.is_unlocked
    gate.effects.carry_out([Relock("door-closed")])
    assert not gate.lock.is_unlocked


def test_a_spent_nonce_stops_what_comes_after_it(gate: Gatehouse) -> None:
    spend = Spend("kid", "0102", gate.clock.wall_s() + 60)
    once = Record(RECORD.events, spend)
    assert isinstance(gate.effects.carry_out([once]), Done)
    assert isinstance(gate.effects.carry_out([once, Unlock(5, "score")]), Refused)
    assert gate.unlocks() == 0


def test_every_reason_is_shown_in_plain_words_with_the_ways_that_are_open(gate: Gatehouse) -> None:
    for reason in Reason:
        show = Show("entry", reason, tuple(Way))
        gate.effects.carry_out([show])
        state = gate.screen.obey({"do": "state"})
        assert (state["title"], tuple(state["lines"])) == (notice(show).title, notice(show).lines)


def test_only_forgery_replay_and_floods_look_like_a_refusal() -> None:
    refused = {reason for reason, signal in SIGNALS.items() if signal == "refused"}
    assert refused == {Reason.FORGED, Reason.REPLAYED, Reason.RATE_LIMITED}


def test_an_event_that_should_not_linger_wakes_the_uploader(gate: Gatehouse) -> None:
    gate.effects.carry_out([Flush(None)])
    assert gate.flushes.count == 1


class BrokenLock:
    """A lock whose pin cannot be driven, as the driver reports it."""

    name = "lock"
    fail_mode: Literal["secure", "safe"] = "secure"
    is_unlocked = False

    def open(self) -> None:
        """Do nothing."""

    def unlock(self, hold_s: float) -> None:
        """Fail."""
        raise DeviceLostError("lock", f"the pin cannot be driven for {hold_s}")

    def lock(self) -> None:
        """Fail."""
        raise DeviceLostError("lock", "the pin cannot be driven")

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> Health:
        """Say that it is broken."""
        return Health(ok=False, detail="the pin cannot be driven")


class BrokenScreen:
    """A screen that is gone."""

    name = "screen"

    def open(self) -> None:
        """Do nothing."""

    def show(self, title: str, lines: Sequence[str]) -> None:
        """Fail."""
        raise DeviceLostError("screen", f"{title} {len(lines)}")

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> Health:
        """Say that it is gone."""
        return Health(ok=False, detail="the screen is gone")


def test_a_broken_lock_or_screen_is_logged_once_each_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = Gatehouse(tmp_path)
    effects = Effects(
        ledger=house.ledger,
        lock=BrokenLock(),
        face=Face(None, BrokenScreen()),
        peers=house.peers,
        uploader=house.flushes,
        clock=house.clock,
    )
    done = effects.carry_out([Unlock(5, "staff"), Show("entry", Reason.STAFF), Relock("x"), RECORD])
    assert isinstance(done, Done)
    assert house.types() == ["device.started"]
    assert caplog.text.count("lock failed") == 2
    assert "not shown reason=staff" in caplog.text
    house.close()


def test_a_gate_without_lamp_and_screen_works(tmp_path: Path) -> None:
    house = Gatehouse(tmp_path)
    effects = Effects(
        ledger=house.ledger,
        lock=house.lock,
        face=Face(),
        peers=house.peers,
        uploader=house.flushes,
        clock=house.clock,
    )
    assert isinstance(effects.carry_out([Show("entry", Reason.IDLE)]), Done)
    house.close()
