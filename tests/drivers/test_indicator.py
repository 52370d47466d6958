"""Signals are told apart by rhythm alone, and nothing stays lit."""

from collections.abc import Callable
from itertools import combinations
from typing import get_args

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import DeviceConfigError, DeviceUnavailableError, Signal
from drivers.indicator import PATTERNS, GpioIndicator, phase
from drivers.sim.pins import sim_factory

Close = Callable[[object], None]
SIGNALS: tuple[Signal, ...] = get_args(Signal)


def lamps(factory: MockFactory, **options: object) -> GpioIndicator:
    pins = {"green": 22, "red": 23, "buzzer": 24}
    return GpioIndicator("lamps", {"pins": pins, **options}, lambda: factory)


def levels(factory: MockFactory) -> tuple[bool, ...]:
    return tuple(bool(factory.pin(pin).state) for pin in (22, 23, 24))


def test_every_signal_has_a_pattern() -> None:
    assert set(PATTERNS) == set(SIGNALS)


@pytest.mark.parametrize(("one", "other"), list(combinations(SIGNALS, 2)))
def test_no_two_signals_differ_by_colour_alone(one: Signal, other: Signal) -> None:
    assert PATTERNS[one].rhythm != PATTERNS[other].rhythm


@given(st.lists(st.floats(0.01, 3), min_size=1, max_size=6), st.floats(0, 100))
def test_a_phase_always_ends_and_the_rhythm_goes_on(rhythm: list[float], elapsed: float) -> None:
    is_on, left = phase(rhythm, elapsed, again=True)
    assert left is not None
    assert 0 <= left <= max(rhythm)
    assert isinstance(is_on, bool)


def test_beeps_are_heard_once() -> None:
    beeps = (0.125, 0.25, 0.125)
    assert phase(beeps, 0.0625, again=False) == (True, 0.0625)
    assert phase(beeps, 0.25, again=False) == (False, 0.125)
    assert phase(beeps, 0.4375, again=False) == (True, 0.0625)
    assert phase(beeps, 0.5, again=False) == (False, None)
    assert phase((), 0.0, again=False) == (False, None)


def test_granted_is_green_with_a_beep_and_refused_takes_over_at_once(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    device = lamps(factory)
    closing(device)
    device.open()
    assert levels(factory) == (False, False, False)
    device.show("granted")
    until(lambda: levels(factory) == (True, False, True))
    until(lambda: levels(factory) == (True, False, False))
    device.show("refused")
    until(lambda: levels(factory)[1])
    assert not levels(factory)[0]
    device.close()
    assert levels(factory) == (False, False, False)
    assert device.health().counters == {"opens": 1, "shown": 2}


def test_one_lamp_of_the_wrong_colour_still_tells_every_signal(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    device = lamps(factory, pins={"green": 22})
    closing(device)
    device.open()
    for signal in SIGNALS:
        device.show(signal)
        until(lambda: factory.pin(22).state)


def test_a_list_of_pins_is_green_red_buzzer(closing: Close, until: Callable[..., None]) -> None:
    factory = sim_factory()
    device = lamps(factory, pins=[22, 23], active_high=False)
    closing(device)
    device.open()
    assert levels(factory)[:2] == (True, True)
    device.show("fault")
    until(lambda: levels(factory)[:2] == (True, False))


def test_showing_while_closed_does_nothing() -> None:
    device = lamps(sim_factory())
    device.show("granted")
    assert device.health().counters["shown"] == 0


def test_a_pin_in_use_leaves_no_pin_claimed(closing: Close) -> None:
    factory = sim_factory()
    first, second = lamps(factory, pins={"red": 23}), lamps(factory)
    closing(first)
    closing(second)
    first.open()
    with pytest.raises(DeviceUnavailableError, match="pin 23 is used by another device"):
        second.open()
    first.close()
    second.open()


@pytest.mark.parametrize(
    "pins", [None, {}, [], "22", {"blue": 3}, {"green": None}, [1, 2, 3, 4], {"green": 99}, ["x"]]
)
def test_wrong_pins_name_what_can_be_there(pins: object) -> None:
    with pytest.raises(DeviceConfigError, match=r"lamps: (pins|green) must"):
        lamps(sim_factory(), pins=pins)
