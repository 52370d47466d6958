"""The watch: a lock or contact that goes is told once, and once when it is back."""

import logging
from collections.abc import Callable, Iterator

import pytest

from drivers.sim.gpio import SimContact
from drivers.sim.pins import sim_factory
from kiosk.core.inputs import DoorOpened, ExitRequested
from kiosk.core.visit_state import Reading
from kiosk.daemon.watch import PART, Watch
from tests.daemon.gatehouse import Gatehouse
from tests.daemon.visit_story import Story, check

Until = Callable[..., None]


@pytest.fixture
def door() -> Iterator[SimContact]:
    """Yield a door contact whose pin can break."""
    factory = sim_factory()
    door = SimContact("door", {"pin": 5, "pin_factory": factory})
    door.open(lambda _change: None)
    yield door
    door.close()


def break_pin(door: SimContact, *, broken: bool) -> None:
    door._factory.pin(5).broken = broken


def test_a_door_that_cannot_be_seen_is_lost_once_found_once_and_lets_nobody_in_meanwhile(
    gate: Gatehouse, door: SimContact, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch([door, gate.lock], gate.rhythm, every_s=0.02)

    def lost() -> bool:
        Story(gate).hear()
        return bool(gate.owner.gate.lost)

    with caplog.at_level(logging.INFO):
        watch.start()
        break_pin(door, broken=True)
        until(lost)
        assert gate.owner.gate.lost == {"door"}
        Story(gate).turn_back()
        assert gate.unlocks() == 0
        break_pin(door, broken=False)
        until(lambda: not lost())
        watch.stop()
    Story(gate, 2).turn_back()
    assert gate.unlocks() == 1
    check(gate)
    assert gate.types().count("device.fault") == gate.types().count("device.cleared") == 1
    assert caplog.text.count("device lost device=door") == 1
    assert caplog.text.count("device is back device=door") == 1
    assert PART not in gate.rhythm.beats._last


def test_p2_a_door_that_cannot_be_seen_keeps_nobody_in(gate: Gatehouse, door: SimContact) -> None:
    story = Story(gate)
    story.come_in()
    watch = Watch([door], gate.rhythm)
    door.close()
    watch._well = {"door": watch._look(door)}
    story.hear()
    assert gate.owner.gate.lost == {"door"}
    story.tell(ExitRequested(gate.clock.now(), "button"))
    story.happens(DoorOpened)
    assert isinstance(gate.owner.gate.leaving, Reading)
    story.end_of_day()
    assert "exit.unresolved" in gate.types()
    check(gate)


def test_a_watch_that_was_never_started_stops(gate: Gatehouse) -> None:
    Watch([], gate.rhythm).stop()
