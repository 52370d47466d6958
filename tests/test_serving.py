"""What a start is given is understood or refused in one line; a service lives and is stopped."""

import asyncio
import os
import re
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI, Request

from kiosk import serving
from kiosk.core.signing import b64encode, public_of
from kiosk.serving import (
    FEWEST,
    OTHER_FILES,
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
from tests.patience import patient_s
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


async def asked(url: str, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the beginning of a request."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    await writer.drain()
    return reader, writer


WHOLE: Final = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST: Final = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HALF: Final = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"


@dataclass
class Uploads:
    """A service that is sent half a request, and ended when the sender is gone or waits."""

    goes: bool
    began: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    heard: bytes = b""

    def app(self) -> FastAPI:
        """An application that reads bodies."""
        app = FastAPI()

        @app.post("/")
        async def take(request: Request) -> None:
            """Read the body."""
            self.began.set()
            try:
                await request.body()
            finally:
                self.over.set()

        return app

    async def upload(self, url: str) -> None:
        """Send half a request, end the service and read what it still says."""
        reader, writer = await asked(url, HALF)
        await self.began.wait()
        if self.goes:
            writer.close()
            await self.over.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        if not self.goes:
            self.heard = await reader.read()
            writer.close()

    async def run(self, listener: socket.socket) -> None:
        """Serve until the upload has ended it."""
        uploading: list[asyncio.Task[None]] = []
        service = Service(
            self.app(),
            lambda url: uploading.append(asyncio.create_task(self.upload(url))),
            Told(alive=True, beats=-1).beat,
        )
        await serve(service, listener)
        await uploading[0]


@pytest.mark.parametrize("goes", [True, False], ids=["client goes", "service stops"])
def test_half_a_request_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture, *, goes: bool
) -> None:
    uploads = Uploads(goes)
    with listen("127.0.0.1", 0) as listener:
        asyncio.run(uploads.run(listener))
    assert "Traceback" not in caplog.text
    assert "Exception" not in caplog.text
    if not goes:
        assert uploads.heard.startswith(b"HTTP/1.1 503 ")
        assert uploads.heard.endswith(b"stopping; send it again\n")


def test_a_service_that_cannot_say_where_it_is_ends(caplog: pytest.LogCaptureFixture) -> None:
    def announce(url: str) -> None:
        raise OSError(28, f"no room to say {url}")

    said: list[str] = []
    service = Service(FastAPI(), announce, Told(alive=True).beat, lambda: said.append("farewell"))
    with listen("127.0.0.1", 0) as listener, pytest.raises(OSError, match="no room to say"):
        asyncio.run(serve(service, listener))
    assert said == ["farewell"]
    assert "Traceback" not in caplog.text


@contextmanager
def few_files(most: int) -> Iterator[None]:
    """Let this process hold so many connections; only while the block runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OTHER_FILES + most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def crowd(listener: socket.socket, work: Callable[[str], Awaitable[None]]) -> None:
    """Serve while the work is done with the service's address, then stop."""
    working: list[asyncio.Task[None]] = []

    async def until_done(url: str) -> None:
        """Do the work and end the service, whatever came of it."""
        try:
            async with asyncio.timeout(patient_s(20)):
                await work(url)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    service = Service(
        FastAPI(),
        lambda url: working.append(asyncio.create_task(until_done(url))),
        Told(alive=True, beats=-1).beat,
    )
    await serve(service, listener)
    await working[0]


def test_more_connections_than_files_are_let_go_of_and_storm_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = [b""]

    async def come(url: str) -> None:
        """Hold on to more connections than there may be; leave, and ask once more."""
        held = [await asked(url, b"GET / HT") for _ in range(FEWEST)]
        one_more, writer = await asked(url, b"GET / HT")
        with suppress(ConnectionError):
            await one_more.read()
        for _, each in [*held, (one_more, writer)]:
            each.close()
        while not answers[-1]:  # until the service has seen them go
            reader, writer = await asked(url, LAST)
            with suppress(ConnectionError):
                answers.append((await reader.read())[:12])
            writer.close()

    with listen("127.0.0.1", 0) as listener, few_files(FEWEST):
        asyncio.run(crowd(listener, come))
    assert answers[-1] == b"HTTP/1.1 404"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HALF, WHOLE + b"GET"])
def test_who_brings_no_whole_request_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(serving, "REQUEST_S", 0.1)

    async def dawdle(url: str) -> None:
        """Send the beginning and wait for the end of the connection."""
        reader, writer = await asked(url, sent)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    with listen("127.0.0.1", 0) as listener:
        asyncio.run(crowd(listener, dawdle))


def test_whoever_waits_for_an_answer_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_S", 0.05)
    app, heard = FastAPI(), list[bytes]()

    @app.get("/")
    async def slow() -> None:
        """Answer after three times as long as a request may take."""
        await asyncio.sleep(0.15)

    async def ask(url: str) -> None:
        """Ask once, and end the service."""
        reader, writer = await asked(url, WHOLE)
        heard.append((await reader.read())[:12])
        writer.close()
        os.kill(os.getpid(), signal.SIGTERM)

    async def run(listener: socket.socket) -> None:
        """Serve until the answer was heard."""
        asking: list[asyncio.Task[None]] = []
        beat = Told(alive=True, beats=-1).beat
        service = Service(app, lambda url: asking.append(asyncio.create_task(ask(url))), beat)
        await serve(service, listener)
        await asking[0]

    with listen("127.0.0.1", 0) as listener:
        asyncio.run(run(listener))
    assert heard == [b"HTTP/1.1 200"]
