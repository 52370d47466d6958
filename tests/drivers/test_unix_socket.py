"""A listening socket appears whole, for those alone who may use it."""

import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.unix_socket import NEW, OWNER_ONLY, listen_at

BACKLOG = 8

Listen = Callable[[Path, int], socket.socket]


def listen_where_it_is_seen(path: Path, backlog: int) -> socket.socket:
    """Return a socket made in its place: the mutant, seen before anybody can connect."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(OWNER_ONLY)
    listener.listen(backlog)
    return listener


def refusals(listen: Listen, path: Path) -> int:
    """Return at how many moments of its making the path is there and refuses callers."""
    count = 0

    def look(*_: object) -> None:
        nonlocal count
        if path.exists():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
                caller.setblocking(False)
                try:
                    caller.connect(str(path))
                except ConnectionRefusedError:
                    count += 1
                except BlockingIOError:
                    pass  # it listens; the queue is full of the looks before

    sys.setprofile(look)  # before and after every call of the maker
    try:
        listener = listen(path, BACKLOG)
    finally:
        sys.setprofile(None)
    listener.close()
    return count


@pytest.mark.parametrize(
    ("listen", "is_whole"), [(listen_at, True), (listen_where_it_is_seen, False)]
)
def test_who_sees_the_path_can_connect(tmp_path: Path, listen: Listen, *, is_whole: bool) -> None:
    assert (refusals(listen, tmp_path / "eye.sock") == 0) is is_whole


def test_a_socket_that_a_dead_process_left_is_replaced_and_no_caller_meets_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "eye.sock"
    listen_at(path, BACKLOG).close()
    listen_at(path.with_suffix(NEW), BACKLOG).close()  # cut off before it was ready
    with listen_at(path, BACKLOG), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.connect(str(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["eye.sock"]


@pytest.mark.parametrize(
    ("umask", "access", "mode"),
    [
        (0o000, OWNER_ONLY, 0o600),
        (0o022, OWNER_ONLY, 0o600),
        (0o277, OWNER_ONLY, 0o600),
        (0o022, 0o660, 0o640),
        (0o007, 0o660, 0o660),
        (0o000, 0o660, 0o660),
    ],
)
def test_others_are_let_in_only_as_far_as_asked_and_the_umask_allows(
    tmp_path: Path, umask: int, access: int, mode: int
) -> None:
    path = tmp_path / "eye.sock"
    before = os.umask(umask)
    try:
        listen_at(path, BACKLOG, access).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_where_no_socket_can_be_nothing_changes(tmp_path: Path) -> None:
    taken = tmp_path / "folder"
    taken.mkdir()
    for path in (tmp_path / "none" / "eye.sock", tmp_path / ("x" * 200), taken):
        with pytest.raises(OSError, match=r"No such file|too long|Is a directory"):
            listen_at(path, BACKLOG)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
