"""What every driver promises, simulators included; the real ones run under `-m hardware`.

open, read, lose, reopen, stop in < 1 s, close twice, counters that only grow, no thread left.
"""

import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest

from drivers.base import DeviceUnavailableError
from tests.patience import patient_s


class Rig(Protocol):
    """A device in a world that the test can change.

    Attributes:
        device: What is under test; it has `close` and `health`.
        can_be_lost: Whether the world can take it away while it is open.
        needs_device: Whether opening fails while it is away.
        grows: Counters that open and act make grow.
    """

    device: Any
    can_be_lost: bool
    needs_device: bool
    grows: tuple[str, ...]

    def restore(self) -> None:
        """Put the device in place; it is away in a new rig."""

    def open(self) -> None:
        """Open the device, as its role wants it."""

    def act(self) -> bool:
        """Make something happen; return whether the device told it."""

    def lose(self) -> None:
        """Take the device away."""

    def is_lost(self) -> bool:
        """Return whether the device says that it is gone, in bounded time."""

    def end(self) -> None:
        """Close everything."""


Make = Callable[[Path], Rig]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def params() -> list[Any]:
    found = []
    for path in sorted(Path(__file__).parent.glob("contract_cases*.py")):
        module = load(path)
        found += [pytest.param(make, id=name) for name, make in module.CASES.items()]
        found += [
            pytest.param(make, id=name, marks=pytest.mark.hardware)
            for name, make in getattr(module, "HARDWARE", {}).items()
        ]
    return found


@pytest.fixture(params=params())
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    before = set(threading.enumerate())
    made = request.param(tmp_path)
    yield made
    made.end()
    assert set(threading.enumerate()) <= before, "a thread outlived its device"


def test_a_new_device_is_closed_and_closing_it_does_nothing(rig: Rig) -> None:
    assert not rig.device.health().ok
    rig.device.close()
    assert not rig.device.health().ok
    assert rig.device.name in repr(rig.device.name)


def test_an_open_device_reads_and_its_counters_grow(rig: Rig) -> None:
    rig.restore()
    before = rig.device.health().counters
    rig.open()
    assert rig.act()
    health = rig.device.health()
    assert health.ok, health.detail
    assert all(health.counters[name] > before.get(name, 0) for name in rig.grows), health.counters
    assert health.detail
    assert "\n" not in health.detail


def test_a_device_that_is_away_cannot_be_opened_and_nothing_stays_open(rig: Rig) -> None:
    if not rig.needs_device:
        pytest.skip("nothing to be away")
    with pytest.raises(DeviceUnavailableError) as caught:
        rig.open()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{rig.device.name}: ")
    assert not rig.device.health().ok


def test_a_lost_device_says_so_and_works_again_when_it_is_back(rig: Rig) -> None:
    if not rig.can_be_lost:
        pytest.skip("cannot be lost")
    rig.restore()
    rig.open()
    assert rig.act()
    before = dict(rig.device.health().counters)
    rig.lose()
    assert rig.is_lost()
    rig.device.close()
    rig.restore()
    rig.open()
    assert rig.act()
    health = rig.device.health()
    assert health.ok, health.detail
    assert all(health.counters[name] >= count for name, count in before.items())
    assert all(health.counters[name] > before[name] for name in rig.grows)


def test_stopping_takes_less_than_a_second_and_closing_twice_is_once(rig: Rig) -> None:
    rig.restore()
    rig.open()
    assert rig.act()
    began = time.monotonic()
    rig.device.close()
    assert time.monotonic() - began < patient_s(1.0)
    rig.device.close()
    health = rig.device.health()
    assert not health.ok
    assert health.counters["opens"] == 1


def test_opening_an_open_device_opens_it_anew(rig: Rig) -> None:
    rig.restore()
    rig.open()
    rig.open()
    assert rig.act()
    assert rig.device.health().ok
