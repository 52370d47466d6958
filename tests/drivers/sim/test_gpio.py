"""Simulated lock, contact and lamps: the real drivers on pins that remember."""

import threading
import time
from collections.abc import Callable

import pytest

from drivers.base import ContactChange, DeviceUnavailableError
from drivers.sim.gpio import SimContact, SimIndicator, SimLock
from drivers.sim.pins import shared_factory, sim_factory

Close = Callable[[object], None]


@pytest.mark.parametrize("active_high", [True, False])
def test_a_lock_tells_the_edges_of_each_unlock_with_their_times(
    *, active_high: bool, closing: Close
) -> None:
    lock = SimLock("front", {"active_high": active_high})
    closing(lock)
    began = time.monotonic()
    lock.open()
    assert lock.obey({"do": "state"}) == {"unlocked": False, "edges": []}
    lock.unlock(5)
    assert lock.is_unlocked
    assert lock.obey({"do": "state"})["unlocked"] is True
    lock.lock()
    lock.unlock(5)
    lock.close()
    state = lock.obey({"do": "state"})
    assert state["unlocked"] is False
    edges = state["edges"]
    assert isinstance(edges, list)
    assert [unlocked for _, unlocked in edges] == [True, False, True, False]
    times = [at for at, _ in edges]
    assert times == sorted(times)
    assert began <= times[0] <= times[-1] <= time.monotonic()


def test_a_magnets_first_edge_locks_and_its_last_releases(closing: Close) -> None:
    lock = SimLock("front", {"fail_mode": "safe"})
    closing(lock)
    lock.open()
    edges = lock.obey({"do": "state"})["edges"]
    assert isinstance(edges, list)
    assert [unlocked for _, unlocked in edges] == [True, False]
    lock.close()
    assert lock.obey({"do": "state"})["unlocked"] is True


def test_driving_safe_needs_no_open_lock() -> None:
    lock = SimLock("front", {})
    lock.drive_safe()
    assert lock.obey({"do": "state"}) == {"unlocked": False, "edges": []}
    lock.close()


def test_two_devices_on_one_pin_clash_as_on_a_board(closing: Close) -> None:
    lock, door = SimLock("front", {"pin": 26}), SimContact("door", {"pin": 26})
    closing(lock)
    closing(door)
    lock.open()
    with pytest.raises(DeviceUnavailableError, match="pin 26 is used by another device"):
        door.open(print)
    assert shared_factory() is shared_factory()


def test_devices_without_a_pin_never_clash(closing: Close) -> None:
    for device in (SimLock("front", {}), SimLock("back", {}), SimIndicator("lamps", {})):
        closing(device)
        device.open()


def test_a_foreign_pin_factory_is_refused() -> None:
    factory = sim_factory()
    lock = SimLock("front", {"pin": 17, "pin_factory": factory})
    lock.open()
    lock.close()
    assert factory.pin(17).history


def test_a_press_lasts_and_ends(closing: Close, until: Callable[..., None]) -> None:
    button = SimContact("exit", {})
    closing(button)
    changes: list[ContactChange] = []
    button.open(changes.append)
    assert button.obey({"do": "press"}) == {"active": False}
    until(lambda: len(changes) == 2)
    assert [change.active for change in changes] == [True, False]
    assert 0.1 < changes[1].at - changes[0].at < 1.0


@pytest.mark.parametrize(
    "order",
    [
        {"do": "kick"},
        {"do": "set"},
        {"do": "set", "active": "yes"},
        {"do": "press", "for_s": 60},
        {"do": "bounce", "n": 0},
    ],
)
def test_a_wrong_order_changes_nothing(order: dict[str, object]) -> None:
    button = SimContact("exit", {})
    with pytest.raises(ValueError, match=r"\w+"):
        button.obey(order)
    assert button.obey({"do": "set", "active": False}) == {"active": False}


def test_a_bounce_without_an_end_ends_at_the_other_level() -> None:
    button = SimContact("exit", {})
    assert button.obey({"do": "bounce", "n": 3}) == {"active": True}


def test_lamps_tell_the_signal(closing: Close) -> None:
    lamps = SimIndicator("lamps", {"pins": {"green": 5}, "pin_factory": sim_factory()})
    closing(lamps)
    lamps.open()
    assert lamps.obey({"do": "state"}) == {"signal": None, "shown": 0}
    lamps.show("offered")
    assert lamps.obey({"do": "state"}) == {"signal": "offered", "shown": 1}
    assert any(thread.name == "indicator lamps" for thread in threading.enumerate())
