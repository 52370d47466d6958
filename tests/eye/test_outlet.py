"""The eye's socket: owner-only, deaf, and never held up by a listener."""

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.base import DeviceUnavailableError
from kiosk.eye.outlet import LISTENERS_MAX, Outlet

HELLO = b"hello\n"


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[Outlet]:
    made = Outlet(tmp_path / "eye.sock")
    made.open()
    yield made
    made.close()


@pytest.fixture
def join(tmp_path: Path, outlet: Outlet) -> Iterator[Callable[[], socket.socket]]:
    """Connect a listener, which the outlet has greeted."""
    lines: list[socket.socket] = []

    def connect() -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(2)
        line.connect(str(tmp_path / "eye.sock"))
        lines.append(line)
        outlet.greet(lambda: HELLO)
        return line

    yield connect
    for line in lines:
        line.close()


def test_who_comes_is_greeted_and_everybody_hears_what_is_said(
    outlet: Outlet, join: Callable[[], socket.socket]
) -> None:
    one, two = join(), join()
    outlet.say(b"code\n")
    for line in (one, two):
        assert line.recv(100) == HELLO + b"code\n"


def test_nothing_is_said_to_nobody(outlet: Outlet) -> None:
    outlet.greet(lambda: HELLO)
    outlet.say(b"code\n")


def test_a_listener_that_left_is_forgotten(
    outlet: Outlet, join: Callable[[], socket.socket]
) -> None:
    gone, here = join(), join()
    gone.close()
    for _ in range(3):
        outlet.say(b"code\n")
    assert here.recv(100) == HELLO + 3 * b"code\n"


def test_a_listener_that_does_not_listen_is_hung_up_on_and_holds_nobody_up(
    outlet: Outlet, join: Callable[[], socket.socket]
) -> None:
    slow = join()
    for _ in range(1000):
        outlet.say(b"x" * 1000)
    heard = b""
    while chunk := slow.recv(1 << 20):
        heard += chunk
    assert len(heard) < 1000 * 1000
    quick = join()
    outlet.say(b"code\n")
    assert quick.recv(100) == HELLO + b"code\n"


def test_a_listener_that_cannot_take_the_greeting_is_not_taken_in(
    outlet: Outlet, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(tmp_path / "eye.sock"))
        line.settimeout(2)
        outlet.greet(lambda: b"x" * (1 << 22))
        while line.recv(1 << 20):
            pass


def test_more_listeners_than_a_shop_has_are_refused(
    join: Callable[[], socket.socket],
) -> None:
    lines = [join() for _ in range(LISTENERS_MAX + 1)]
    assert [line.recv(100) for line in lines] == [HELLO] * LISTENERS_MAX + [b""]


@pytest.mark.parametrize(
    ("umask", "mode"), [(0o022, 0o640), (0o077, 0o600), (0o007, 0o660), (0o000, 0o660)], ids=oct
)
def test_others_cannot_write_to_the_socket_and_the_group_only_as_the_unit_allows(
    tmp_path: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        outlet = Outlet(tmp_path / "other.sock")
        outlet.open()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "other.sock").stat().st_mode) == mode
    outlet.close()


def test_a_socket_that_a_dead_eye_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "eye.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
        dead.listen()
    outlet = Outlet(path)
    outlet.open()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(path))
    outlet.close()


def test_a_second_eye_does_not_take_the_socket_of_the_first(outlet: Outlet, tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailableError, match="another eye listens"):
        Outlet(tmp_path / "eye.sock").open()
    assert (tmp_path / "eye.sock").exists()
    outlet.greet(lambda: HELLO)


def test_a_busy_eye_is_not_taken_for_a_dead_one(tmp_path: Path) -> None:
    path = tmp_path / "eye.sock"
    callers = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(0)
        for _ in range(4):  # fill the queue of callers
            caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            caller.setblocking(False)
            callers.append(caller)
            try:
                caller.connect(str(path))
            except BlockingIOError:
                break
        with pytest.raises(DeviceUnavailableError, match="another eye listens"):
            Outlet(path).open()
    for caller in callers:
        caller.close()


def test_a_path_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "no-folder" / "eye.sock", tmp_path / ("x" * 200)):
        with pytest.raises(DeviceUnavailableError, match="cannot listen on"):
            Outlet(path).open()


def test_closing_takes_the_socket_away_and_closing_twice_is_once(
    outlet: Outlet, tmp_path: Path, join: Callable[[], socket.socket]
) -> None:
    line = join()
    outlet.close()
    outlet.close()
    assert not (tmp_path / "eye.sock").exists()
    assert line.recv(100) == HELLO
    assert line.recv(100) == b""
    outlet.greet(lambda: HELLO)
    outlet.say(b"code\n")
