"""Devices, peers and clocks in trouble: the lock idle, the exit free, each visit ended once."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers.base import ContactChange
from drivers.registry import create
from kiosk.clock import Clock
from kiosk.core.inputs import DoorClosed, DoorOpened, ExitRequested, Read, TagsRead
from kiosk.core.values import Answer, ClockSync, Epc, Moment
from kiosk.core.visit_state import Exiting, Idle, Offered, Quiet, Reading, Unlocked
from kiosk.daemon.devices import _door, _teller
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.messages import Happened
from kiosk.daemon.pumps import Device, Pump, codes, tags
from kiosk.daemon.workers import PER_PEER
from kiosk.remote.providers.base import CheckRequest
from kiosk.remote.providers.score import ScoreProvider
from tests.daemon.gatehouse import TRAIL_MIX, Gatehouse, SaidProvider
from tests.daemon.visit_story import Story, check

Until = Callable[..., None]


def outcomes(house: Gatehouse) -> list[str]:
    return [kind for kind in house.types() if kind.startswith("exit.")]


def leaves_freely(house: Gatehouse) -> None:
    """Press the button and open the door: nothing may stand in the way."""
    house.owner.take(ExitRequested(house.clock.now(), "button"))
    assert isinstance(house.owner.gate.leaving, Exiting | Reading)
    house.owner.take(DoorOpened(house.clock.now()))
    assert isinstance(house.owner.gate.leaving, Reading)
    assert not house.lock.is_unlocked


@contextmanager
def pumped(house: Gatehouse, device: Device[Any], role: str) -> Iterator[None]:
    """Let a device speak to the gate while the block runs."""
    translate = tags(house.clock) if role == "exit-reader" else codes("entry", house.clock)
    pump = Pump(device, role, translate, house.rhythm)
    pump.start()
    assert pump.wait_tried(10)
    try:
        yield
    finally:
        pump.stop()


def knows(house: Gatehouse, until: Until, condition: Callable[[], object]) -> None:
    """Have the owner listen until it knows."""

    def listened() -> object:
        Story(house).hear()
        return condition()

    until(listened)


def test_p4_a_reader_that_is_unplugged_during_an_exit_accuses_nobody(
    gate: Gatehouse, until: Until
) -> None:
    reader: Any = create("reader", "m100", "gate", {"port": "sim:", "role": "exit"})
    with pumped(gate, reader, "exit-reader"):
        story = Story(gate)
        story.come_in()
        leaves_freely(gate)
        reader.obey({"do": "enter", "epcs": [TRAIL_MIX]})
        knows(gate, until, lambda: TRAIL_MIX in gate.owner.gate.heard)
        reader.obey({"do": "unplug"})
        knows(gate, until, lambda: "exit-reader" in gate.owner.gate.lost)
        story.happens(DoorClosed)
        story.pass_time(12)
        assert outcomes(gate) == ["exit.unresolved"]
        check(gate)
        Story(gate, 2).turn_back()
        assert gate.unlocks() == 1, "nobody is let in while nobody can say what leaves"
        reader.obey({"do": "replug"})
        knows(gate, until, lambda: not gate.owner.gate.lost)
    Story(gate, 3).turn_back()
    check(gate)
    assert gate.unlocks() == 2


@pytest.mark.parametrize("fault", ["stall", "unplug"])
def test_p2_a_camera_that_stalls_is_lost_once_and_in_nobodys_way_out(
    gate: Gatehouse, until: Until, fault: str
) -> None:
    camera: Any = create(
        "code", "sim", "camera", {"width": 320, "height": 240, "select_timeout_s": 0.2}
    )
    story = Story(gate)
    story.come_in()
    with pumped(gate, camera, "camera"):
        camera.obey({"do": fault})
        knows(gate, until, lambda: "camera" in gate.owner.gate.lost)
        leaves_freely(gate)
        story.happens(DoorClosed)
        story.pass_time(12)
        assert outcomes(gate) == ["exit.empty"]
    check(gate)


def test_p4_a_provider_that_never_answers_is_unknown_and_opens_nothing(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        house = Gatehouse(tmp_path)
        house.peers._providers = {"score": ScoreProvider(url, "", dict), "vouch": house.vouch}
        house.show()
        leaves_freely(house)
        Story(house).hear()
        assert isinstance(house.owner.gate.entry, Offered)
        assert house.unlocks() == 0
        Story(house).end_of_day()
        check(house)
        house.close()


class HungProvider(SaidProvider):
    """A provider whose every call hangs, whatever its deadline, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def check(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        """Hang."""
        self.let_go.wait(60)
        return super().check(request, now_s, deadline_s)


def test_p4_workers_that_hang_cost_the_customers_a_deadline_each_and_open_nothing_late(
    gate: Gatehouse,
) -> None:
    hung = HungProvider()
    gate.peers._providers = {"score": hung, "vouch": gate.vouch}
    for number in range(PER_PEER + 2):
        gate.show(f"customer-{number}", number.to_bytes(8, "big"))
        gate.clock.raise_offset(1600)
        gate.owner._let_time_pass()
        while (message := gate.inbox.take(0, gate.clock.now())) is not None:
            gate.owner.handle(message)
        assert isinstance(gate.owner.gate.entry, Offered)
        gate.clock.raise_offset(60_000)
        gate.owner._let_time_pass()
    leaves_freely(gate)
    hung.let_go.set()
    Story(gate).hear()
    Story(gate).end_of_day()
    assert gate.unlocks() == 0, "an answer that comes late opens nothing"
    check(gate)


class JumpyClock(Clock):
    """A clock whose wall time somebody sets, and whose synchronisation comes and goes."""

    jump_ms = 0
    sync = ClockSync.NTP

    def now(self) -> Moment:
        """Return the moment as this machine has it now."""
        now = super().now()
        return replace(now, wall_ms=now.wall_ms + self.jump_ms, sync=self.sync)


DAY_MS = 86_400_000


@pytest.mark.parametrize("jump_ms", [-400 * DAY_MS, -3_600_000, 3_600_000, 400 * DAY_MS])
@pytest.mark.parametrize("when", ["unlocked", "inside", "leaving"])
def test_p3_a_wall_clock_that_jumps_keeps_no_lock_open_and_ends_each_visit_once(
    tmp_path: Path, jump_ms: int, when: str
) -> None:
    house = Gatehouse(tmp_path, clock_class=JumpyClock)
    clock = house.clock
    assert isinstance(clock, JumpyClock)
    story = Story(house)
    if when == "unlocked":
        house.show()
        story.hear()
        assert isinstance(house.owner.gate.entry, Unlocked)
        clock.jump_ms = jump_ms
        story.pass_time(11)
        assert not house.lock.is_unlocked
        assert isinstance(house.owner.gate.entry, Idle)
    else:
        story.come_in()
        if when == "leaving":
            leaves_freely(house)
        clock.jump_ms = jump_ms
        if when == "inside":
            leaves_freely(house)
        story.read_tags(TRAIL_MIX)
        story.happens(DoorClosed)
        story.pass_time(12)
        assert isinstance(house.owner.gate.leaving, Quiet)
    check(house)
    clock.jump_ms = 0
    Story(house, 2).whole()
    check(house)
    house.close()


def test_p4_a_clock_that_nobody_set_lets_nobody_in_by_score_and_everybody_out(
    tmp_path: Path,
) -> None:
    house = Gatehouse(tmp_path, clock_class=JumpyClock)
    clock = house.clock
    assert isinstance(clock, JumpyClock)
    story = Story(house)
    story.come_in()
    clock.sync = ClockSync.NONE
    leaves_freely(house)
    story.happens(DoorClosed)
    story.pass_time(12)
    Story(house, 2).turn_back()
    assert house.unlocks() == 1
    assert not house.provider.asked[1:]
    check(house)
    house.close()


def flood(house: Gatehouse) -> None:
    """Put more reads into the inbox than it holds."""
    reads = (Read(Epc(TRAIL_MIX), -50),)
    while house.inbox.put(Happened(TagsRead(house.clock.now(), reads))):
        pass


def flooded_exit(house: Gatehouse) -> None:
    """Leave while the reader floods the inbox; the door says what it does through its driver."""
    story = Story(house)
    story.come_in()
    leaves_freely(house)
    flood(house)
    door: Any = create("contact", "sim", "door", {})
    told = threading.Event()
    tell = _teller(_door, house.rhythm)

    def tell_and_note(change: ContactChange) -> None:
        """Tell as the daemon does, and note that it was told."""
        tell(change)
        told.set()

    door.open(tell_and_note)
    for active in (True, False):
        told.clear()
        door.obey({"do": "set", "active": active})
        assert told.wait(5)
    door.close()
    story.hear()


def test_p4_a_flood_of_reads_accuses_nobody_and_drowns_no_door(tmp_path: Path) -> None:
    house = Gatehouse(tmp_path)
    flooded_exit(house)
    assert not house.owner.gate.door_open
    Story(house).pass_time(12)
    assert outcomes(house) == ["exit.unresolved"]
    check(house)
    house.close()


def test_the_harness_catches_an_inbox_that_keeps_no_room_for_the_door(tmp_path: Path) -> None:
    house = Gatehouse(tmp_path, inbox=Inbox(reserve=0))
    flooded_exit(house)
    assert house.owner.gate.door_open, "the mutant has lost the door's closing"
    house.close()
