"""The real pin class on a fake lgpio: no energising edge at start, no floating at the end."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest
from gpiozero.pins import local
from gpiozero.pins.local import LocalPiFactory

from drivers.base import (
    ContactChange,
    DeviceConfigError,
    DeviceLostError,
    DeviceUnavailableError,
)
from drivers.lock import GpioLock
from drivers.registry import create
from tests.environment import environment

FAKE = Path(__file__).parent / "fake_board" / "lgpio.py"
PIN = 17
IMPORTED_HERE = ("gpiozero.pins.lgpio", "drivers.gpio_board", "lgpio")
Close = Callable[[object], None]
Module: TypeAlias = Any  # its names are known only when it runs


@pytest.fixture
def lgpio(tmp_path: Path) -> Iterator[Module]:
    """A fake lgpio under a Raspberry Pi 3B, fresh for each test."""
    spec = importlib.util.spec_from_file_location("lgpio", FAKE)
    assert spec is not None
    assert spec.loader is not None
    fake = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fake)
    for name in IMPORTED_HERE:
        sys.modules.pop(name, None)
    sys.modules["lgpio"] = fake
    real, local.get_pi_revision = local.get_pi_revision, lambda: 0xA02082
    with environment(LG_WD=str(tmp_path)):
        yield fake
    local.get_pi_revision = real
    for name in IMPORTED_HERE:
        sys.modules.pop(name, None)
    LocalPiFactory.pins.clear()
    LocalPiFactory._reservations.clear()


@pytest.fixture
def board(lgpio: ModuleType) -> Module:
    assert sys.modules["lgpio"] is lgpio
    return importlib.import_module("drivers.gpio_board")


def options(*, active_high: bool, fail_mode: str = "secure") -> dict[str, object]:
    return {
        "pin": PIN,
        "fail_mode": fail_mode,
        "active_high": active_high,
        "external_pull": True,
    }


def energised(lgpio: Module, *, active_high: bool) -> list[bool]:
    """Whether the coil had power after each call; an undriven line is at its external pull."""
    moments = []
    for call, gpio, level in lgpio.TRACE:
        if gpio == PIN and call in ("claim_output", "write"):
            moments.append(bool(level) == active_high)
        elif gpio == PIN and call in ("claim_input", "free"):
            moments.append(False)
    return moments


def floats(lgpio: Module) -> bool:
    """Whether the line was ever let go after it had been driven."""
    calls = [call for call, gpio, _ in lgpio.TRACE if gpio == PIN]
    return "claim_input" in calls[calls.index("claim_output") :] or "free" in calls


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("fail_mode", ["secure", "safe"])
def test_p2_opening_claims_unpowered_in_one_step(
    *,
    active_high: bool,
    fail_mode: str,
    board: Module,
    lgpio: Module,
    closing: Close,
) -> None:
    lock = board.lock("front", options(active_high=active_high, fail_mode=fail_mode))
    closing(lock)
    lock.open()
    first = next(each for each in lgpio.TRACE if each[1] == PIN)
    assert first == ("claim_output", PIN, int(not active_high))
    assert energised(lgpio, active_high=active_high)[0] is False


@pytest.mark.parametrize("active_high", [True, False])
def test_p2_no_energising_edge_at_any_start_or_stop(
    *,
    active_high: bool,
    board: Module,
    lgpio: Module,
) -> None:
    lock = board.lock("front", options(active_high=active_high))
    for _ in range(3):
        lock.open()
        lock.close()
    assert not any(energised(lgpio, active_high=active_high))
    assert not floats(lgpio)


def test_the_mutant_on_the_stock_pin_energises_an_active_low_lock_and_floats(
    board: Module,
    lgpio: Module,
) -> None:
    stock = board.lgpio_pins.LGPIOFactory()
    lock = GpioLock("front", options(active_high=False), lambda: stock)
    lock.open()
    lock.close()
    assert any(energised(lgpio, active_high=False))
    assert floats(lgpio)


@pytest.mark.parametrize("active_high", [True, False])
def test_a_pulse_powers_the_coil_once_and_ends_unpowered(
    *,
    active_high: bool,
    board: Module,
    lgpio: Module,
    closing: Close,
    until: Callable[..., None],
) -> None:
    lock = board.lock("front", options(active_high=active_high))
    closing(lock)
    lock.open()
    lock.unlock(0.05)
    until(lambda: not lock.is_unlocked)
    assert energised(lgpio, active_high=active_high) == [False, True, False]
    assert lgpio.LEVELS[PIN] == int(not active_high)


@pytest.mark.parametrize("active_high", [True, False])
def test_driving_safe_claims_unpowered_and_leaves_the_line_driven(
    *,
    active_high: bool,
    board: Module,
    lgpio: Module,
) -> None:
    board.lock("front", options(active_high=active_high)).drive_safe()
    assert not any(energised(lgpio, active_high=active_high))
    assert not floats(lgpio)
    assert lgpio.LEVELS[PIN] == int(not active_high)


def test_a_pin_that_another_program_holds_is_unavailable(
    board: Module,
    lgpio: Module,
) -> None:
    lgpio.FAILS["claim_output"] = "'GPIO busy'"
    lock = board.lock("front", options(active_high=True))
    with pytest.raises(DeviceUnavailableError, match="does another program hold it"):
        lock.open()
    with pytest.raises(DeviceUnavailableError, match="GPIO busy"):
        lock.drive_safe()
    lgpio.FAILS.clear()
    lock.open()
    lock.close()


def test_two_devices_on_one_pin_clash(board: Module, closing: Close) -> None:
    lock = board.lock("front", options(active_high=True))
    closing(lock)
    lock.open()
    door = board.contact("door", {"pin": PIN})
    with pytest.raises(DeviceUnavailableError, match="used by another device"):
        door.open(print)


def test_a_line_that_cannot_be_driven_is_lost_and_relocked_when_it_can(
    board: Module,
    lgpio: Module,
    closing: Close,
    until: Callable[..., None],
) -> None:
    lock = board.lock("front", options(active_high=True))
    closing(lock)
    lock.open()
    lock.unlock(0.05)
    lgpio.FAILS["write"] = "'bad handle'"
    until(lambda: lock.health().counters["faults"] > 0)
    assert lock.is_unlocked
    with pytest.raises(DeviceLostError, match="cannot be driven"):
        lock.lock()
    lgpio.FAILS.clear()
    until(lambda: not lock.is_unlocked)
    assert lgpio.LEVELS[PIN] == 0


def test_without_a_gpio_chip_the_lock_is_unavailable(
    board: Module,
    lgpio: Module,
) -> None:
    lgpio.FAILS["open"] = "'can not open gpiochip'"
    with pytest.raises(DeviceUnavailableError, match="gpiochip"):
        board.lock("front", options(active_high=True)).open()


def test_a_contact_sees_edges_and_frees_its_line(
    board: Module,
    lgpio: Module,
    until: Callable[..., None],
) -> None:
    door = board.contact("door", {"pin": 5, "active_high": True, "debounce_s": 0.01})
    changes: list[ContactChange] = []
    door.open(changes.append)
    assert door.is_active()  # pulled up: a cut wire reads as an open door
    assert lgpio.MODES[5] & lgpio.SET_PULL_UP
    lgpio.fire(5, 0)
    until(lambda: changes)
    assert not door.is_active()
    door.close()
    assert ("free", 5, -1) in lgpio.TRACE
    assert 5 not in lgpio.CALLBACKS
    door.open(changes.append)
    assert not door.is_active()
    door.close()


def test_a_contact_whose_line_cannot_be_read_says_so(
    board: Module,
    lgpio: Module,
    closing: Close,
    until: Callable[..., None],
) -> None:
    door = board.contact("door", {"pin": 5})
    closing(door)
    door.open(print)
    lgpio.FAILS["read"] = "'bad handle'"
    until(lambda: not door.health().ok)
    assert door.health().detail == "the pin cannot be read"
    lgpio.FAILS.clear()
    until(lambda: door.health().ok)


def test_a_fixed_pull_is_a_configuration_error(board: Module) -> None:
    with pytest.raises(DeviceConfigError, match="pin 2 cannot be used so"):
        board.contact("door", {"pin": 2, "pull": "down"}).open(print)


def test_an_indicator_starts_dark(
    board: Module,
    lgpio: Module,
    until: Callable[..., None],
) -> None:
    lamps = board.indicator("lamps", {"pins": {"green": 22, "red": 23}, "active_high": False})
    lamps.open()
    assert lgpio.LEVELS == {22: 1, 23: 1}
    lamps.show("granted")
    until(lambda: lgpio.LEVELS[22] == 0)
    lamps.close()
    assert lgpio.LEVELS == {22: 1, 23: 1}


def test_the_registry_reaches_the_board(board: Module, lgpio: Module) -> None:
    assert board is sys.modules["drivers.gpio_board"]
    lock = create("lock", "gpio", "front", options(active_high=True))
    lock.open()
    lock.close()
    assert lgpio.LEVELS[PIN] == 0


def test_importing_needs_no_writable_directory_for_lgpios_pipe(lgpio: Module) -> None:
    assert lgpio.TRACE == []
    with environment(LG_WD=None):
        importlib.import_module("drivers.gpio_board")
        assert Path(os.environ["LG_WD"]).is_dir()
