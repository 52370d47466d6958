"""A lock relocks by itself, at its own safe level, whatever calls it and when."""

import threading
import time
from collections.abc import Callable

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError
from drivers.gpio import release_all
from drivers.lock import GpioLock
from drivers.sim.pins import WirePin, sim_factory
from tests.patience import patient_s

Close = Callable[[object], None]
PIN = 17


def strike(factory: MockFactory, **options: object) -> GpioLock:
    wired = {"pin": PIN, "fail_mode": "secure", "active_high": True, "external_pull": True}
    return GpioLock("front", {**wired, **options}, lambda: factory)


def level(factory: MockFactory) -> bool:
    return bool(factory.pin(PIN).state)


def test_unlock_powers_a_strike_for_the_time_and_relocks(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    lock = strike(factory)
    closing(lock)
    lock.open()
    assert not level(factory)
    began = time.monotonic()
    lock.unlock(0.1)
    assert (lock.is_unlocked, level(factory)) == (True, True)
    until(lambda: not lock.is_unlocked)
    assert 0.1 <= time.monotonic() - began < patient_s(0.6)
    assert not level(factory)
    assert lock.health().counters == {"opens": 1, "unlocks": 1, "relocks": 1, "faults": 0}


def test_a_magnet_is_powered_while_locked_and_released_by_close(closing: Close) -> None:
    factory = sim_factory()
    lock = strike(factory, fail_mode="safe")
    closing(lock)
    lock.open()
    assert (lock.is_unlocked, level(factory)) == (False, True)
    lock.unlock(5)
    assert (lock.is_unlocked, level(factory)) == (True, False)
    lock.lock()
    assert (lock.is_unlocked, level(factory)) == (False, True)
    lock.close()
    assert (lock.is_unlocked, level(factory)) == (False, False)


def test_the_later_expiry_wins(closing: Close, until: Callable[..., None]) -> None:
    lock = strike(sim_factory())
    closing(lock)
    lock.open()
    began = time.monotonic()
    lock.unlock(0.3)
    lock.unlock(0.05)
    until(lambda: not lock.is_unlocked)
    assert time.monotonic() - began >= 0.3
    assert lock.health().counters["unlocks"] == 1
    began = time.monotonic()
    lock.unlock(0.05)
    lock.unlock(0.3)
    until(lambda: not lock.is_unlocked)
    assert time.monotonic() - began >= 0.3


def test_the_mutant_without_the_later_expiry_would_relock_early(
    closing: Close, until: Callable[..., None]
) -> None:
    lock = strike(sim_factory())
    closing(lock)
    lock.open()
    began = time.monotonic()
    lock.unlock(4)
    lock._until = None  # forgets the first expiry, as a plain restart of the pulse does
    lock.unlock(0.05)
    until(lambda: not lock.is_unlocked)
    assert time.monotonic() - began < patient_s(4)


def test_lock_cancels_the_pulse_at_once(closing: Close) -> None:
    factory = sim_factory()
    lock = strike(factory)
    closing(lock)
    lock.open()
    lock.unlock(5)
    lock.lock()
    assert (lock.is_unlocked, level(factory)) == (False, False)
    lock.lock()
    assert lock.health().counters["relocks"] == 1


def test_no_unlock_is_longer_than_the_cap(closing: Close, until: Callable[..., None]) -> None:
    lock = strike(sim_factory(), max_hold_s=0.1)
    closing(lock)
    lock.open()
    lock.unlock(float("inf"))
    until(lambda: not lock.is_unlocked, limit_s=1.0)


@pytest.mark.parametrize("hold_s", [0, -1, float("nan"), float("-inf")])
def test_a_hold_that_is_no_time_unlocks_nothing(hold_s: float, closing: Close) -> None:
    factory = sim_factory()
    lock = strike(factory)
    closing(lock)
    lock.open()
    lock.unlock(hold_s)
    assert not lock.is_unlocked
    assert lock.health().counters["unlocks"] == 0


def test_close_within_a_pulse_drives_the_safe_level_in_bounded_time() -> None:
    factory = sim_factory()
    lock = strike(factory)
    lock.open()
    lock.unlock(20)
    began = time.monotonic()
    lock.close()
    assert time.monotonic() - began < patient_s(0.5)
    assert not level(factory)
    lock.close()
    lock.lock()
    with pytest.raises(DeviceUnavailableError, match="front: the lock is not open"):
        lock.unlock(1)


@pytest.mark.parametrize("fail_mode", ["secure", "safe"])
def test_p2_release_all_takes_every_open_lock_to_the_unpowered_level(
    fail_mode: str, closing: Close
) -> None:
    factory = sim_factory()
    lock = strike(factory, fail_mode=fail_mode)
    closing(lock)
    lock.open()
    lock.unlock(20)
    release_all()
    assert not level(factory)
    lock.close()
    release_all()


def test_release_all_goes_on_past_a_lock_that_cannot_be_driven(closing: Close) -> None:
    broken, fine = sim_factory(), sim_factory()
    first, second = strike(broken), strike(fine)
    for lock in (first, second):
        closing(lock)
        lock.open()
        lock.unlock(20)
    broken.pin(PIN).broken = True
    release_all()
    assert not level(fine)
    broken.pin(PIN).broken = False


def test_a_line_that_fails_is_told_and_tried_until_it_works(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    lock = strike(factory)
    closing(lock)
    lock.open()
    lock.unlock(5)
    pin = factory.pin(PIN)
    pin.broken = True
    with pytest.raises(DeviceLostError, match="cannot be driven"):
        lock.lock()
    until(lambda: lock.health().counters["faults"] >= 2)
    until(lambda: lock.health().detail == "the relock is overdue")
    assert not lock.health().ok
    pin.broken = False
    until(lambda: not lock.is_unlocked)
    assert lock.health().ok


def test_an_unlock_that_fails_is_an_error_and_ends_locked(closing: Close) -> None:
    factory = sim_factory()
    lock = strike(factory)
    closing(lock)
    lock.open()
    factory.pin(PIN).broken = True
    with pytest.raises(DeviceLostError):
        lock.unlock(5)
    assert not lock.is_unlocked
    factory.pin(PIN).broken = False
    lock.close()
    assert not level(factory)


def test_a_magnet_that_cannot_be_powered_stays_closed_and_released(closing: Close) -> None:
    factory = sim_factory()
    lock = strike(factory, fail_mode="safe")
    closing(lock)
    factory.pin(PIN).broken = True
    with pytest.raises(DeviceUnavailableError, match="cannot be driven"):
        lock.open()
    assert lock.health().detail == "closed"
    factory.pin(PIN).broken = False
    assert not level(factory)
    lock.open()
    assert lock.health().ok


def test_a_dead_relock_thread_is_a_fault_of_health(
    closing: Close, until: Callable[..., None]
) -> None:
    lock = strike(sim_factory())
    closing(lock)
    lock.open()
    with lock._changed:
        thread, lock._thread = lock._thread, threading.Thread()
        lock._changed.notify_all()
    assert thread is not None
    thread.join()
    until(lambda: not lock.health().ok)
    with lock._changed:
        lock._thread = None


def test_t34_opening_again_and_again_never_unlocks() -> None:
    factory = sim_factory()
    lock = strike(factory)
    for _ in range(5):
        lock.open()
        assert not lock.is_unlocked
    lock.close()
    pin = factory.pin(PIN)
    assert isinstance(pin, WirePin)
    assert not any(each for _, each in pin.history)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["unlock", "lock", "close", "open"]), max_size=12))
def test_after_any_calls_a_closed_lock_is_at_its_safe_level(calls: list[str]) -> None:
    factory = sim_factory()
    lock = strike(factory)
    for call in calls:
        if call == "unlock":
            try:
                lock.unlock(5)
            except DeviceUnavailableError:
                assert not lock.is_unlocked
        elif call == "open":
            lock.open()
        elif call == "lock":
            lock.lock()
        else:
            lock.close()
        if call != "unlock":
            assert not lock.is_unlocked
    lock.close()
    assert not level(factory)


def test_many_threads_may_unlock_and_lock_at_once(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    lock = strike(factory)
    closing(lock)
    lock.open()

    def press() -> None:
        for _ in range(30):
            lock.unlock(0.01)
            lock.lock()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: not lock.is_unlocked)
    counts = lock.health().counters
    assert counts["unlocks"] == counts["relocks"]
    assert not level(factory)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"pin": None}, "pin must be"),
        ({"pin": 28}, "pin must be"),
        ({"fail_mode": None}, 'fail_mode must be declared: "secure" or "safe"'),
        ({"fail_mode": "open"}, "fail_mode must be one of"),
        ({"active_high": None}, "active_high must be declared"),
        ({"max_hold_s": 0}, "max_hold_s must be above 0"),
        ({"pin": 4, "external_pull": False}, "GPIO 4 is high from power-on"),
        ({"active_high": False, "external_pull": False}, "GPIO 17 is low from power-on"),
    ],
)
def test_a_wrong_option_names_its_key(options: dict[str, object], wrong: str) -> None:
    with pytest.raises(DeviceConfigError, match=wrong):
        strike(sim_factory(), **options)


@pytest.mark.parametrize(("pin", "active_high"), [(17, True), (4, False)])
def test_a_pin_that_rests_unpowered_needs_no_resistor(*, pin: int, active_high: bool) -> None:
    strike(sim_factory(), pin=pin, active_high=active_high, external_pull=False)
