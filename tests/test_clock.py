"""The clock: one offset for all processes of a play, forward only; outside one, the machine's."""

import time
from pathlib import Path

import pytest

from kiosk.clock import OFFSET_VARIABLE, Clock, boot_id, create_offset, kernel_sync
from kiosk.core.values import ClockSync
from tests.environment import environment


def test_every_process_of_a_play_sees_the_same_raised_time(tmp_path: Path) -> None:
    create_offset(tmp_path / "clock")
    with environment(**{OFFSET_VARIABLE: str(tmp_path / "clock")}):
        player, other = Clock.from_environment(), Clock.from_environment()
    assert player.can_move
    before = other.now()
    player.raise_offset(86_400_000)
    after = other.now()
    assert after.wall_ms - before.wall_ms >= 86_400_000
    assert after.mono_ms - before.mono_ms >= 86_400_000
    assert abs(other.wall_s() - time.time() - 86_400) < 5
    player.close()
    other.close()
    other.close()
    assert not other.can_move


def test_outside_a_play_nothing_moves_the_clock() -> None:
    with environment(**{OFFSET_VARIABLE: None}):
        clock = Clock.from_environment()
    assert not clock.can_move
    assert clock.offset_ms() == 0
    with pytest.raises(ValueError, match="only a play's clock moves"):
        clock.raise_offset(1)


def test_a_plays_clock_never_goes_back(tmp_path: Path) -> None:
    create_offset(tmp_path / "clock")
    clock = Clock(tmp_path / "clock", "always")
    with pytest.raises(ValueError, match="only forward"):
        clock.raise_offset(-1)
    clock.close()


def test_what_the_kernel_says_of_its_synchronisation_is_asked_once_a_second() -> None:
    clock = Clock()
    first, second = clock.now(), clock.now()
    assert first.sync in set(ClockSync)
    assert (first.sync, first.err_ms) == (second.sync, second.err_ms)
    believed = Clock(trust="always").now()
    assert (believed.sync, believed.err_ms) == (ClockSync.TRUSTED, 0)


def test_a_machine_without_a_clock_of_its_own_knows_less(tmp_path: Path) -> None:
    there = tmp_path / "rtc0"
    there.touch()
    with_rtc, without = kernel_sync(there)[0], kernel_sync(tmp_path / "none")[0]
    assert (with_rtc, without) in {
        (ClockSync.NTP, ClockSync.NTP),
        (ClockSync.RTC, ClockSync.NONE),
    }


def test_a_hidden_boot_id_is_a_fresh_one_each_time(tmp_path: Path) -> None:
    assert boot_id() == boot_id()
    assert boot_id(tmp_path / "none") != boot_id(tmp_path / "none")
