"""The watchdog is fed only while every part beats; without a manager nothing is sent."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from drivers.base import TagRead
from kiosk.core.values import VisitId
from kiosk.daemon.beats import Beats
from kiosk.daemon.feeds import Follower
from kiosk.daemon.health import Health
from kiosk.daemon.loop import Owner
from kiosk.daemon.messages import Asked, Stop
from kiosk.daemon.pumps import Pump, tags
from kiosk.daemon.rhythm import Rhythm
from tests.daemon.gatehouse import Gatehouse, book
from tests.daemon.process import CAMERA, Daemon, wait_for
from tests.environment import environment

LIMIT_S = 0.3
EVERY_S = 0.05


def said(manager: socket.socket, within_s: float) -> list[bytes]:
    """Return what was said until nothing came for so long."""
    manager.settimeout(within_s)
    heard: list[bytes] = []
    try:
        while len(heard) < 200:
            heard.append(manager.recv(256))
    except TimeoutError:
        pass
    return heard


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Yield the socket on which a service manager listens."""
    path = tmp_path / "notify"
    with (
        environment(NOTIFY_SOCKET=str(path)),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening,
    ):
        listening.bind(str(path))
        listening.settimeout(5)
        yield listening


def test_ready_status_and_watchdog_reach_the_manager(manager: socket.socket) -> None:
    beats = Beats()
    beats.beat("owner")
    health = Health(beats)
    health.ready("serving door")
    said = [manager.recv(256) for _ in range(3)]
    health.stop()
    assert said == [b"READY=1\n", b"STATUS=serving door\n", b"WATCHDOG=1\n"]


def test_a_silent_part_starves_the_watchdog(
    manager: socket.socket, until: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    beats = Beats(limit_s=0)
    beats.beat("camera")
    health = Health(beats)
    health.ready("serving door")
    until(lambda: "no sign of life parts=camera" in caplog.text)
    health.stop()
    assert [manager.recv(256) for _ in range(2)] == [b"READY=1\n", b"STATUS=serving door\n"]
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(256)


def test_without_a_manager_nothing_is_sent() -> None:
    assert "NOTIFY_SOCKET" not in os.environ
    health = Health(Beats())
    health.ready("serving door")
    health.stop()
    never_ready = Health(Beats())
    never_ready.stop()


class Hanging:
    """A device that hangs where it is told to, until it is let go."""

    name = "hanging"

    def __init__(self, where: str) -> None:
        self._where = where
        self.let_go = threading.Event()

    def _maybe(self, where: str) -> None:
        if where == self._where:
            self.let_go.wait(30)

    def open(self) -> None:
        """Open, or hang."""
        self._maybe("open")

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Read nothing, or hang."""
        self._maybe("poll")
        self.let_go.wait(timeout_s)
        return ()

    def close(self) -> None:
        """Close."""


def starves(manager: socket.socket, beats: Beats, hung: threading.Event) -> None:
    """Fail unless the watchdog is fed before the hang, and not fed while it lasts."""
    health = Health(beats, every_s=EVERY_S)
    health.ready("serving door")
    try:
        assert manager.recv(256) == b"READY=1\n"
        wait_for(beats.silent, "the hang is noticed", 3)
        said(manager, EVERY_S)
        assert said(manager, 10 * EVERY_S) == []
        hung.set()
        manager.settimeout(10)
        assert manager.recv(256) == b"WATCHDOG=1\n", "it goes on when the part does"
    finally:
        hung.set()
        health.stop()


@pytest.mark.parametrize("where", ["open", "poll"])
@pytest.mark.parametrize("role", ["camera", "exit-reader"])
def test_a_device_that_hangs_starves_the_watchdog(
    manager: socket.socket, gate: Gatehouse, where: str, role: str
) -> None:
    beats = Beats(limit_s=LIMIT_S)
    device = Hanging(where)
    rhythm = Rhythm(gate.inbox, gate.clock, beats)
    pump = Pump(device, role, tags(gate.clock), rhythm)
    pump.start()
    starves(manager, beats, device.let_go)
    pump.stop()


def test_an_owner_that_hangs_starves_the_watchdog(manager: socket.socket, gate: Gatehouse) -> None:
    beats = Beats(limit_s=LIMIT_S)
    let_go = threading.Event()
    owner = Owner(
        book=book(),
        ledger=gate.ledger,
        effects=gate.effects,
        rhythm=Rhythm(gate.inbox, gate.clock, beats),
        new_visit=lambda: VisitId("visit"),
        answer=lambda *_: {"ok": let_go.wait(30)},
    )
    thread = threading.Thread(target=owner.run)
    thread.start()
    gate.inbox.put(Asked({}, lambda _answer: None, gate.clock.now()))
    starves(manager, beats, let_go)
    gate.inbox.put(Stop())
    thread.join()


def test_a_feed_that_hangs_starves_the_watchdog(manager: socket.socket) -> None:
    beats = Beats(limit_s=LIMIT_S)
    let_go = threading.Event()

    def look() -> float:
        let_go.wait(30)
        return 0.05

    follower = Follower("payments", look, beats)
    follower.start()
    starves(manager, beats, let_go)
    follower.stop()


@pytest.mark.parametrize("manager_is", ["gone", "deaf"])
def test_a_manager_that_does_not_listen_holds_nothing_up(
    tmp_path: Path, until: Callable[..., None], caplog: pytest.LogCaptureFixture, manager_is: str
) -> None:
    path = tmp_path / "notify"
    with (
        environment(NOTIFY_SOCKET=str(path)),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf,
    ):
        if manager_is == "deaf":
            deaf.bind(str(path))
        health = Health(Beats(), every_s=0.001)
        health.ready("serving door")
        until(lambda: "does not listen" in caplog.text)
        health.stop()
    assert caplog.text.count("does not listen") == 1


def test_the_harness_catches_a_watchdog_that_is_fed_whatever_hangs(
    manager: socket.socket, gate: Gatehouse
) -> None:
    beats = Beats(limit_s=3600)
    device = Hanging("poll")
    pump = Pump(device, "camera", tags(gate.clock), Rhythm(gate.inbox, gate.clock, beats))
    pump.start()
    with pytest.raises(AssertionError, match="the hang is noticed"):
        starves(manager, beats, device.let_go)
    pump.stop()


def test_ready_is_said_once_after_every_part_is_up_and_the_watchdog_follows(
    manager: socket.socket, tmp_path: Path
) -> None:
    daemon = Daemon(tmp_path, camera=CAMERA)
    manager.settimeout(30)
    with daemon.running():
        assert manager.recv(256) == b"READY=1\n"
        parts = daemon.status()
        assert parts["lost"] == []
        assert all(device["ok"] for device in parts["devices"].values())
        assert manager.recv(256) == b"STATUS=serving door\n"
        assert manager.recv(256) == b"WATCHDOG=1\n"
        daemon.process.terminate()
        assert daemon.ended()[0] == 0


def test_ready_waits_for_a_reader_that_is_slow_to_be_missing(
    manager: socket.socket, tmp_path: Path
) -> None:
    daemon = Daemon(tmp_path)
    text = daemon.config.read_text(encoding="utf-8")
    daemon.config.write_text(
        text.replace('m100"\nport = "sim:"', 'm100"\nport = "/dev/null/none"'), "utf-8"
    )
    manager.settimeout(30)
    with daemon.running():
        assert manager.recv(256) == b"READY=1\n"
        assert daemon.status()["lost"] == ["exit-reader"]
