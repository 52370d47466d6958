"""Pumps: one thread a device, repeats dropped, a lost device reported once and opened again."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from drivers.base import CodeRead, DeviceLostError, DeviceUnavailableError, TagRead
from drivers.registry import create
from kiosk.clock import Clock
from kiosk.core.inputs import DeviceFound, DeviceLost, ExitRequested, Read, TagsRead
from kiosk.core.values import Epc
from kiosk.daemon.beats import Beats
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.messages import CodeSeen, FobSeen, Happened, Message
from kiosk.daemon.pumps import Pump, Showings, codes, exit_zone, fobs, tags
from kiosk.daemon.rhythm import Rhythm
from tests.daemon.gatehouse import TRAIL_MIX

CLOCK = Clock(trust="always")


@pytest.fixture
def rhythm() -> Rhythm:
    return Rhythm(Inbox(), CLOCK, Beats())


def drain(rhythm: Rhythm) -> list[Message]:
    found = []
    while (message := rhythm.inbox.take(0, CLOCK.now())) is not None:
        found.append(message)
    return found


def tag(epc: str) -> TagRead:
    return TagRead(bytes.fromhex(epc), 1.0, "exit", -55)


def test_a_code_in_view_is_one_showing_until_it_was_out_of_sight() -> None:
    now = [0.0]
    showings = Showings(lambda: now[0])
    assert showings.fresh("A")
    for _ in range(10):
        now[0] += 1.5
        assert not showings.fresh("A")
    assert showings.fresh("B")
    now[0] += 2
    assert showings.fresh("A")


def test_readings_become_messages_with_their_side() -> None:
    code = codes("exit", CLOCK)([CodeRead("K1:A", 1.0, "camera"), CodeRead("K1:A", 1.1, "camera")])
    assert [(each.text, each.side) for each in code if isinstance(each, CodeSeen)] == [
        ("K1:A", "exit")
    ]
    fob = fobs("entry", CLOCK)([TagRead(bytes.fromhex("6A003BA86C"), 1.0, "fob", tech="lf")])
    assert [each.fob for each in fob if isinstance(each, FobSeen)] == ["6A003BA86C"]


def test_tags_that_no_item_carries_are_dropped() -> None:
    translate = tags(CLOCK)
    (message,) = translate([tag(TRAIL_MIX), tag("000000000000000000000000")])
    assert isinstance(message, Happened)
    assert isinstance(message.fact, TagsRead)
    assert message.fact.reads == (Read(Epc(TRAIL_MIX), -55),)
    assert translate([tag("000000000000000000000000")]) == []


def test_a_reader_that_is_unplugged_is_lost_once_and_found_once(
    rhythm: Rhythm, until: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    reader: Any = create("reader", "m100", "exit", {"port": "sim:", "role": "exit"})
    reader.obey({"do": "enter", "epcs": [TRAIL_MIX]})
    pump = Pump(reader, "exit-reader", tags(CLOCK), rhythm)
    facts: list[Any] = []

    def have(kind: type) -> bool:
        facts.extend(each.fact for each in drain(rhythm) if isinstance(each, Happened))
        return any(isinstance(fact, kind) for fact in facts)

    with caplog.at_level(logging.INFO):
        pump.start()
        until(lambda: have(TagsRead))
        reader.obey({"do": "unplug"})
        until(lambda: have(DeviceLost))
        reader.obey({"do": "replug"})
        facts.clear()
        until(lambda: have(TagsRead))
        pump.stop()
    assert any(isinstance(fact, DeviceFound) for fact in facts)
    assert caplog.text.count("device lost device=exit") == 1
    assert caplog.text.count("device is back device=exit") == 1
    assert TRAIL_MIX not in caplog.text
    assert rhythm.beats.silent() == ()


class Absent:
    """A device that is never there, as a driver reports it."""

    name = "absent"

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0

    def open(self) -> None:
        """Fail."""
        self.opened += 1
        raise DeviceUnavailableError(self.name, "not there; plug it in")

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Never called."""
        raise DeviceLostError(self.name, f"polled for {timeout_s}")

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_a_device_that_is_not_there_is_tried_again_and_stopping_does_not_wait_for_it(
    rhythm: Rhythm, until: Callable[..., None]
) -> None:
    device = Absent()
    pump = Pump(device, "camera", tags(CLOCK), rhythm)
    pump.start()
    until(lambda: device.opened >= 2)
    pump.stop()
    lost = [each for each in drain(rhythm) if isinstance(each, Happened)]
    assert len(lost) == 1
    assert isinstance(lost[0].fact, DeviceLost)
    assert device.closed == device.opened


def test_a_tag_that_comes_into_the_exit_zone_begins_an_exit_and_a_resting_one_does_not() -> None:
    zone = exit_zone(CLOCK)
    came = zone([tag(TRAIL_MIX)])
    assert [type(each.fact) for each in came if isinstance(each, Happened)] == [
        ExitRequested,
        TagsRead,
    ]
    rests = zone([tag(TRAIL_MIX), tag("000000000000000000000000")])
    assert [type(each.fact) for each in rests if isinstance(each, Happened)] == [TagsRead]


class Faulty(Absent):
    """A device whose driver has a fault in its own code, with something private in its words."""

    def open(self) -> None:
        """Count."""
        self.opened += 1

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Fail as no driver should."""
        raise IndexError(f"no tag {TRAIL_MIX} in {timeout_s}")


def test_a_fault_in_a_driver_is_a_lost_device_and_the_pump_goes_on(
    rhythm: Rhythm, until: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    device = Faulty()
    pump = Pump(device, "exit-reader", tags(CLOCK), rhythm)
    pump.start()
    until(lambda: device.opened >= 2)
    pump.stop()
    facts = [each.fact for each in drain(rhythm) if isinstance(each, Happened)]
    lost = [fact for fact in facts if isinstance(fact, DeviceLost)]
    assert lost
    assert lost[0].role == "exit-reader"
    assert "its driver failed (IndexError)" in lost[0].detail
    assert TRAIL_MIX not in caplog.text + lost[0].detail
    assert device.closed == device.opened
