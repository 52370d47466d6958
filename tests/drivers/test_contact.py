"""A contact tells stable changes only, and heals what edges it lost."""

import threading
from collections.abc import Callable

import pytest

from drivers.base import ContactChange, DeviceConfigError, DeviceUnavailableError
from drivers.contact import EDGES, GpioContact
from drivers.sim.gpio import SimContact
from drivers.sim.pins import WirePin, sim_factory

Close = Callable[[object], None]


def test_a_door_tells_open_and_closed_with_the_time_it_began(
    closing: Close, until: Callable[..., None]
) -> None:
    door = SimContact("door", {"active_high": True})
    closing(door)
    changes: list[ContactChange] = []
    door.open(changes.append)
    assert not door.is_active()
    door.obey({"do": "set", "active": True})
    until(lambda: len(changes) == 1)
    assert door.is_active()
    door.obey({"do": "set", "active": False})
    until(lambda: len(changes) == 2)
    assert [change.active for change in changes] == [True, False]
    assert changes[0].device == "door"
    assert changes[0].at < changes[1].at


def test_a_bouncing_press_is_one_change(closing: Close, until: Callable[..., None]) -> None:
    button = SimContact("button", {})
    closing(button)
    changes: list[ContactChange] = []
    button.open(changes.append)
    button.obey({"do": "bounce", "n": 20, "active": True})
    until(lambda: changes)
    button.obey({"do": "bounce", "n": 21, "active": False})
    until(lambda: len(changes) == 2)
    assert [change.active for change in changes] == [True, False]


def test_a_press_shorter_than_the_debounce_is_a_counted_glitch(
    closing: Close, until: Callable[..., None]
) -> None:
    button = SimContact("button", {"debounce_s": 0.2})
    closing(button)
    changes: list[ContactChange] = []
    button.open(changes.append)
    button.obey({"do": "press", "for_s": 0.001})
    until(lambda: button.health().counters["glitches"] == 1)
    assert changes == []
    assert not button.is_active()


def test_put_is_called_from_the_contacts_own_thread(
    closing: Close, until: Callable[..., None]
) -> None:
    button = SimContact("button", {})
    closing(button)
    names: list[str] = []
    button.open(lambda _change: names.append(threading.current_thread().name))
    button.obey({"do": "set", "active": True})
    until(lambda: names)
    assert names == ["contact button"]


def test_a_level_poll_heals_an_edge_that_was_lost(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    pin = factory.pin(17)
    assert isinstance(pin, WirePin)
    door = GpioContact("door", {"pin": 17, "active_high": True, "pull": "down"}, lambda: factory)
    closing(door)
    changes: list[ContactChange] = []
    door.open(changes.append)
    pin._state = True  # the level changes and gpiozero is not told
    until(lambda: changes)
    assert door.is_active()
    assert door.health().counters["healed"] == 1


def test_the_level_at_open_is_the_sensors_not_a_remembered_one(closing: Close) -> None:
    door = SimContact("door", {"active_high": True})
    closing(door)
    door.open(print)
    door.close()
    door.obey({"do": "set", "active": True})
    door.open(print)
    assert door.is_active()


@pytest.mark.parametrize(
    ("pull", "high"), [("up", True), ("down", False)], ids=["pulled up", "pulled down"]
)
def test_an_unwired_line_follows_its_pull(*, pull: str, high: bool, closing: Close) -> None:
    door = GpioContact("door", {"pin": 17, "active_high": True, "pull": pull}, sim_factory)
    closing(door)
    door.open(print)
    assert door.is_active() == high


def test_a_floating_line_needs_no_pull(closing: Close) -> None:
    door = GpioContact("door", {"pin": 17, "pull": "none"}, sim_factory)
    closing(door)
    door.open(print)
    assert door.health().ok


def test_edges_beyond_the_queue_are_counted_and_the_level_is_found_again(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    door = GpioContact("door", {"pin": 17, "debounce_s": 0.01}, lambda: factory)
    closing(door)
    hold = threading.Event()
    told: list[ContactChange] = []

    def slow(change: ContactChange) -> None:
        told.append(change)
        hold.wait(5)

    door.open(slow)
    pin = factory.pin(17)
    pin.wire(level=False)
    until(lambda: told)
    for _ in range(600):
        pin.wire(level=True)
        pin.wire(level=False)
    pin.wire(level=True)
    hold.set()
    until(lambda: told[-1].active is False)
    assert door.health().counters["lost_edges"] > 0


def test_a_broken_line_cannot_be_opened_and_says_so_when_it_breaks_later(
    closing: Close, until: Callable[..., None]
) -> None:
    factory = sim_factory()
    factory.pin(17).broken = True
    door = GpioContact("door", {"pin": 17}, lambda: factory)
    closing(door)
    with pytest.raises(DeviceUnavailableError):
        door.open(print)
    assert door.health().detail == "closed"
    factory.pin(17).broken = False
    door.open(print)
    factory.pin(17).broken = True
    until(lambda: not door.health().ok)
    factory.pin(17).broken = False
    until(lambda: door.health().ok)


def test_a_contact_whose_thread_ended_is_not_well(
    closing: Close, until: Callable[..., None]
) -> None:
    door = GpioContact("door", {"pin": 17}, sim_factory)
    closing(door)
    door.open(print)
    door._edges.put(None)
    until(lambda: not door.health().ok)
    assert door.health().detail == "the contact's thread ended"


def test_a_contact_whose_thread_ended_is_closed_at_once_though_edges_came_on(
    until: Callable[..., None],
) -> None:
    factory = sim_factory()
    door = GpioContact("door", {"pin": 17}, lambda: factory)
    door.open(print)
    door._edges.put(None)
    until(lambda: not door.health().ok)
    for number in range(2 * EDGES):
        factory.pin(17).wire(level=bool(number % 2))
    assert door.health().counters["lost_edges"] > 0
    closer = threading.Thread(target=door.close, daemon=True)
    closer.start()
    closer.join(1)
    assert not closer.is_alive()


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, "pin must be"),
        ({"pin": 17, "pull": "sideways"}, "pull must be one of up, down, none"),
        ({"pin": 17, "debounce_s": -1}, "debounce_s must be"),
        ({"pin": 17, "active_high": "yes"}, "active_high must be"),
    ],
)
def test_a_wrong_option_names_its_key(options: dict[str, object], wrong: str) -> None:
    with pytest.raises(DeviceConfigError, match=wrong):
        GpioContact("door", options, sim_factory)
