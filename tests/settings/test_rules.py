"""Rules between keys: pins that would unlock by themselves, lines used twice, parts that lack."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.settings import SettingsError, load
from kiosk.settings.places import dotted
from kiosk.settings.rules import PULLED_UP_PINS, UHF_KINDS, broken, table, tables

Write = Callable[..., Path]


def faults(values: Mapping[str, Any]) -> list[str]:
    """The broken rules, but for the one that somebody must be able to show an ID."""
    return list(_faults({"camera": {"kind": "sim"}, **values}))


def _faults(values: Mapping[str, Any]) -> Iterator[str]:
    for key, what in broken(values):
        yield f"{dotted(key)}: {what}"


def lock(**changes: object) -> Mapping[str, Any]:
    return {"lock": {"kind": "gpio", "fail_mode": "secure", **changes}}


# The lock while nobody drives its line.


@pytest.mark.parametrize("pin", range(28))
@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("fail_mode", ["secure", "safe"])
def test_a_lock_is_off_at_power_on_or_has_a_resistor(
    pin: int, *, active_high: bool, fail_mode: str
) -> None:
    powered_by_the_pull = active_high if pin <= 8 else not active_high
    values = lock(pin=pin, active_high=active_high, fail_mode=fail_mode)
    assert bool(faults(values)) == powered_by_the_pull
    assert faults(lock(pin=pin, active_high=active_high, external_pull=True)) == []


def test_the_refusal_says_what_would_happen_and_both_remedies(write: Write) -> None:
    path = write(("pin = 17", "pin = 4"))
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}:19: lock.pin: GPIO 4 is high from power-on until the daemon starts, powering "
        "the lock (use one of GPIO 9 to 27, or add a resistor and set external_pull = true)"
    )
    low = faults(lock(pin=17, active_high=False))
    assert low[0].startswith("lock.pin: GPIO 17 is low")
    assert "use one of GPIO 0 to 8" in low[0]


def test_the_pull_rule_catches_a_table_of_pins_that_is_off_by_one() -> None:
    wrong = range(8)
    caught = [
        pin for pin in range(28) if (pin in wrong) != bool(faults(lock(pin=pin, active_high=True)))
    ]
    assert caught == [8]
    assert list(PULLED_UP_PINS) == list(range(9))


@pytest.mark.parametrize(
    "changes", [{"pin": "4"}, {"pin": True}, {"active_high": 1}, {"pin": None}]
)
def test_values_of_other_types_are_left_to_the_types(changes: Mapping[str, Any]) -> None:
    assert faults(lock(**{"pin": 17, "active_high": True, **changes})) == []


# Lines.


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"lock": {"kind": "gpio"}}, "lock.pin: is missing"),
        ({"door": {"kind": "gpio"}}, "door.pin: is missing"),
        ({"button": [{"kind": "sim"}, {"kind": "gpio"}]}, "button[1].pin: is missing"),
        ({"exit": {"trigger": "button"}}, "exit.pin: is missing (give the BCM number of the but"),
        ({"exit": {"trigger": "beam", "kind": "gpio"}}, "exit.pin: is missing"),
        ({"indicator": {"kind": "gpio"}}, "indicator.pins: is missing (as in pins = {"),
        ({"indicator": {"kind": "gpio", "pins": {}}}, "indicator.pins: holds no pin"),
        ({"indicator": {"kind": "sim", "pins": {}}}, "indicator.pins: holds no pin"),
    ],
)
def test_a_device_on_gpio_has_its_line(values: Mapping[str, Any], fault: str) -> None:
    (found,) = faults(values)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    "values",
    [
        {"lock": {"kind": "sim"}, "door": {"kind": "sim"}, "indicator": {"kind": "sim"}},
        {"exit": {"trigger": "button", "kind": "sim"}},
        {"exit": {"trigger": "contact"}},
        {"indicator": {"kind": "none"}},
        {"indicator": {"kind": "gpio", "pins": {"green": 5}}},
    ],
)
def test_a_simulated_or_absent_device_needs_no_line(values: Mapping[str, Any]) -> None:
    assert faults(values) == []


def test_a_line_belongs_to_one_device() -> None:
    values = {
        **lock(pin=17, active_high=True),
        "door": {"pin": 17},
        "exit": {"pin": 22},
        "button": [{"pin": 23}, {"pin": 22}],
        "indicator": {"pins": {"green": 5, "red": 23, "buzzer": "6"}},
    }
    assert faults(values) == [
        "door.pin: GPIO 17 is taken by lock.pin (give each device its own)",
        "button[1].pin: GPIO 22 is taken by exit.pin (give each device its own)",
        "indicator.pins.red: GPIO 23 is taken by button[0].pin (give each device its own)",
    ]


# Parts that need one another.


def test_an_exit_zone_needs_an_exit_reader() -> None:
    zone = {"exit": {"trigger": "reader"}}
    entry = {"kind": "m100", "role": "entry"}
    (fault,) = faults({**zone, "reader": [entry]})
    assert fault.startswith('exit.trigger: needs a [[reader]] with role = "exit"')
    assert faults({**zone, "reader": [entry, {**entry, "role": "exit"}]}) == []


def test_somebody_must_be_able_to_show_an_id() -> None:
    (fault,) = _faults({"reader": [{"kind": "m100", "role": "exit"}]})
    assert fault.startswith("camera: nobody could show an ID")
    assert list(_faults({"reader": [{"kind": "rdm6300", "role": "entry"}]})) == []


@pytest.mark.parametrize("name", ["camera", "exit_camera"])
def test_a_real_camera_reads_something(name: str) -> None:
    assert faults({name: {"kind": "eye"}}) == [
        f"{name}.device: is missing (what does the eye camera read?)"
    ]
    assert faults({name: {"kind": "eye", "device": "eye.sock"}}) == []


@pytest.mark.parametrize("key", ["power_dbm", "region", "q", "rssi_floor_dbm"])
def test_radio_settings_are_for_uhf_readers(key: str) -> None:
    fob = {"kind": "rdm6300", "role": "entry", key: 1}
    assert faults({"reader": [fob]}) == [f"reader[0].{key}: is for UHF readers only (remove it)"]
    assert faults({"reader": [fob | {"kind": "m1000"}]}) == [], "one fault is not told as two"
    for kind in UHF_KINDS:
        assert faults({"reader": [{**fob, "kind": kind}]}) == []


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ({"kind": "http"}, "provider.url: is missing (where is the score service?)"),
        ({"kind": "none", "url": "u"}, 'provider.url: is not used by kind = "none" (remove it)'),
        ({"kind": "vouch", "url": "u"}, 'provider.url: is not used by kind = "vouch" (remove it)'),
    ],
)
def test_a_score_service_has_an_address_and_nothing_else_has(
    provider: Mapping[str, str], fault: str
) -> None:
    assert faults({"provider": provider}) == [fault]


def test_devices_have_names_of_their_own() -> None:
    values = {
        "reader": [{"kind": "m100", "name": "a"}, {"kind": "m100", "name": "lock"}],
        "button": [{"name": "a"}, {"name": 5}, {"name": "b"}],
    }
    assert faults(values) == [
        "reader[1].name: 'lock' is [lock]'s name (give each device its own)",
        "button[0].name: 'a' is reader[0]'s name (give each device its own)",
    ]


# Values of any shape.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 30) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "pin", "pins", "name", "role", "trigger", "green", "url"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["lock", "door", "exit", "camera", "reader", "button", "indicator", "provider"]
        ),
        JSON,
    )
)
def test_no_shape_of_values_fails(values: dict[str, object]) -> None:
    assert all(what for _, what in broken(values))


def test_what_is_no_table_is_an_empty_one() -> None:
    assert table({"a": 1}, "a") == {}
    assert tables({"a": {"b": 1}}, "a") == []
    assert tables({"a": [1, {"b": 2}]}, "a") == [{}, {"b": 2}]
    assert tables({"a": ({"b": 2},)}, "a") == [{"b": 2}]
