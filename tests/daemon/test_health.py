"""The watchdog is fed only while every part beats; without a manager nothing is sent."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.daemon.beats import Beats
from kiosk.daemon.health import Health


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Yield the socket on which a service manager listens."""
    path = tmp_path / "notify"
    os.environ["NOTIFY_SOCKET"] = str(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(5)
        yield listening
    del os.environ["NOTIFY_SOCKET"]


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
