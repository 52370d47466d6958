"""What a start is given is understood or refused in one line; a service lives and is stopped."""

import asyncio
import os
import re
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI

from kiosk.core.signing import b64encode, public_of
from kiosk.serving import (
    ListenError,
    Service,
    ServingError,
    listen,
    parse_address,
    parse_owner,
    serve,
    url_of,
)
from tests.environment import environment
from tests.scoring.documents import OWNER, verify_key

READY, ALIVE = b"READY=1\n", b"WATCHDOG=1\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8090", ("127.0.0.1", 8090)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),  # noqa: S104 - the case in question
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_an_address_is_a_number_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["8090", "", ":8090", "localhost:8090", "127.0.0.1:", "127.0.0.1:65536", "1:2:3"]
)
def test_an_address_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ListenError, match="want address and port, such as") as caught:
        parse_address(text)
    assert caught.value.exit_code == 2
    assert repr(text) in str(caught.value)


def test_the_owners_key_is_read_from_base64url() -> None:
    assert parse_owner(b64encode(public_of(OWNER))) == verify_key(OWNER, "owner")


@pytest.mark.parametrize(
    ("text", "says"),
    [("AAAA", "3 bytes, want 32; copy all of it"), ("A=", "not base64url"), ("", "0 bytes")],
)
def test_a_key_that_is_none_is_named(text: str, says: str) -> None:
    with pytest.raises(ServingError, match=f"^--owner-key: {re.escape(says)}"):
        parse_owner(text)


def test_an_address_of_others_is_named() -> None:
    with pytest.raises(ListenError, match="choose another with --listen"):
        listen("192.0.2.1", 0)


def test_an_address_in_use_is_named_and_nothing_stays_open() -> None:
    with (
        listen("127.0.0.1", 0) as taken,
        pytest.raises(ListenError, match="Address already in use"),
    ):
        listen("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - the case in question
        ("::1", "[::1]"),
        ("::", "[::1]"),
    ],
)
def test_a_listener_is_reached_at_its_address(host: str, reached: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://{reached}:{port}"
        assert listener.proto == socket.IPPROTO_TCP, "else asyncio leaves Nagle on"


@dataclass
class Told:
    """A service that is ended from inside after so many beats, and what happened to it."""

    alive: bool
    beats: int = 5
    said: list[str] = field(default_factory=list)

    async def beat(self) -> bool:
        """Count; end the process's service when it is enough."""
        self.beats -= 1
        if self.beats == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return self.alive

    def service(self) -> Service:
        """The service."""
        app = FastAPI()
        return Service(app, self.said.append, self.beat, lambda: self.said.append("farewell"))


def notices(told: Told, place: Path) -> list[bytes]:
    """Serve until it is ended; return what systemd was told."""
    watched = {"NOTIFY_SOCKET": str(place), "WATCHDOG_USEC": "2000"}
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        listen("127.0.0.1", 0) as listener,
        environment(**watched),
    ):
        systemd.bind(str(place))
        systemd.setblocking(False)
        asyncio.run(serve(told.service(), listener))
        heard = []
        while True:
            try:
                heard.append(systemd.recv(4096))
            except BlockingIOError:
                return heard


def test_a_service_says_where_it_is_lives_and_takes_leave(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    told = Told(alive=True)
    heard = notices(told, tmp_path / "notify")
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", told.said[0])
    assert told.said[1:] == ["farewell"]
    assert READY in heard
    assert ALIVE in heard
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_service_whose_work_stands_still_is_not_called_alive(tmp_path: Path) -> None:
    heard = notices(Told(alive=False), tmp_path / "notify")
    assert READY in heard
    assert ALIVE not in heard
