"""The script's socket: one JSON object a line, one reply each, and nothing left behind."""

import json
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.base import DeviceUnavailableError
from drivers.sim.control import SimClient, SimServer
from drivers.sim.gpio import SimContact, SimLock
from drivers.sim.screen import SimScreen

Close = Callable[[object], None]


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A running server with a lock, a door and a screen."""
    lock, door, screen = SimLock("front", {}), SimContact("door", {}), SimScreen("screen", {})
    before = set(threading.enumerate())
    server = SimServer(tmp_path / "sim.sock", [lock, door, screen])
    server.start()
    yield tmp_path / "sim.sock"
    server.stop()
    server.stop()
    assert set(threading.enumerate()) == before
    assert not (tmp_path / "sim.sock").exists()


def test_an_order_is_carried_out_and_answered(path: Path, closing: Close) -> None:
    client = SimClient(path)
    closing(client)
    assert client.tell("front", "state") == {"unlocked": False, "edges": []}
    assert client.tell("door", "set", active=True) == {"active": True}
    assert client.tell("screen", "state") == {"title": "", "lines": []}


def test_a_wrong_order_is_refused_and_the_line_stays_open(path: Path, closing: Close) -> None:
    client = SimClient(path)
    closing(client)
    with pytest.raises(ValueError, match=r"no such device \(known: door, front, screen"):
        client.tell("back", "state")
    with pytest.raises(ValueError, match="do must be one of set, press, bounce"):
        client.tell("door", "kick")
    assert client.tell("door", "set", active=False) == {"active": False}


@pytest.mark.parametrize(
    "line",
    [b"hello\n", b"[]\n", b"\xff\n", b"3\n", b"{}\n", b"[" * 60_000 + b"\n"],
    ids=lambda line: ascii(line[:6]),
)
def test_a_line_that_is_no_order_gets_an_error_and_no_crash(path: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(path))
        with raw.makefile("rwb") as stream:
            stream.write(line)
            stream.flush()
            reply = json.loads(stream.readline())
    assert reply["ok"] is False
    assert reply["error"]


def test_several_scripts_may_talk_at_once(path: Path, closing: Close) -> None:
    clients = [SimClient(path) for _ in range(5)]
    for client in clients:
        closing(client)
    replies = [client.tell("front", "state") for client in clients]
    assert len(replies) == 5


def test_the_socket_is_for_this_account_alone(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    stale = tmp_path / "sim.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(stale))
    server = SimServer(stale, [])
    server.start()
    assert server.obey("{}") == {"ok": False, "error": "no such device (known: none)"}
    server.stop()


def test_a_path_that_is_too_long_is_one_clear_line(tmp_path: Path) -> None:
    server = SimServer(tmp_path / ("x" * 150), [])
    with pytest.raises(DeviceUnavailableError, match="too long") as caught:
        server.start()
    assert "\n" not in str(caught.value)
    server.stop()


def test_a_client_without_a_server_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailableError, match="simulators"):
        SimClient(tmp_path / "sim.sock")


def test_a_server_that_stops_ends_the_talk(tmp_path: Path, closing: Close) -> None:
    server = SimServer(tmp_path / "sim.sock", [SimScreen("screen", {})])
    server.start()
    client = SimClient(tmp_path / "sim.sock")
    closing(client)
    client.tell("screen", "state")
    server.stop()
    with pytest.raises(DeviceUnavailableError):
        client.tell("screen", "state")


def test_a_script_that_hangs_up_leaves_no_thread(path: Path, until: Callable[..., None]) -> None:
    client = SimClient(path)
    client.tell("screen", "state")
    client.close()
    client.close()
    until(lambda: not any(each.name == "sim talk" for each in threading.enumerate()))
    assert path.exists()
