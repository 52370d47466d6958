"""A service over HTTP: its address, its listening socket, and its life under systemd.

ServingError
+-- ListenError   the address is none, is taken, or is not of this machine
"""

import asyncio
import contextlib
import errno
import logging
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from types import FrameType
from typing import Final, cast

import h11
import uvicorn
from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from systemd_watchdog.systemd_watchdog import WatchDog
from uvicorn.protocols.http.h11_impl import H11Protocol

from kiosk.core.signing import PUBLIC_BYTES, VerifyKey, b64decode, kid_of

BACKLOG: Final = 32  # asyncio accepts so many in one round
GRACEFUL_S: Final = 1  # what is being answered takes milliseconds; the whole stop takes under 2 s
LOOK_S: Final = 0.05
REQUEST_S: Final = 60.0  # for all of a request: a full batch over 70 kbit/s
OTHER_FILES: Final = 128 + 4 * BACKLOG  # databases; rounds of accepting before one is let go of
FEWEST: Final = 16
MOST: Final = 4096

log = logging.getLogger(__name__)


class ServingError(Exception):
    """The service cannot start, in one line."""

    exit_code: int = 2


class ListenError(ServingError):
    """The address is taken, not ours, or not an address."""


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8080` or `[::1]:8080`.

    Raises:
        ListenError: It is neither.
    """
    host, colon, port = text.rpartition(":")
    with contextlib.suppress(ValueError):
        bare = host.removeprefix("[").removesuffix("]")
        if colon and port.isdecimal() and int(port) < 1 << 16:
            return str(ip_address(bare)), int(port)
    raise ListenError(f"--listen {text!r}: want address and port, such as 127.0.0.1:8080")


def parse_owner(text: str) -> VerifyKey:
    """Return the owner's key from base64url.

    Raises:
        ServingError: It is not a public key.
    """
    try:
        public = b64decode(text)
    except ValueError as error:
        raise ServingError(f"--owner-key: {error}; copy the owner's public key") from error
    if len(public) != PUBLIC_BYTES:
        raise ServingError(f"--owner-key: {len(public)} bytes, want {PUBLIC_BYTES}; copy all of it")
    return VerifyKey(kid_of(public), public, "owner")


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        ListenError: The address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only on sockets that name their protocol; without it every answer
    # waits 40 ms for a delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        place = f"{host}:{port}"
        remedy = "choose another with --listen"
        if error.errno == errno.EADDRINUSE:
            remedy = f"end what runs there already, or {remedy}"
        raise ListenError(f"{place}: {error.strerror}; {remedy}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address to reach the listener at from this machine."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def config_of(app: FastAPI) -> uvicorn.Config:
    """Return how an application is served: quietly, for a path can hold a customer or a visit."""
    # `access_log` alone writes on as soon as anything gives the root a handler of its own.
    logging.getLogger("uvicorn.access").disabled = True
    return uvicorn.Config(
        Unfinished(app),
        http=Bounded,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACEFUL_S,
    )


def most_connections() -> int:
    """Return how many connections may be open at once: files, which a store needs too, run out."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(max(files - OTHER_FILES, FEWEST), MOST)


class Bounded(H11Protocol):
    """A connection that is closed when it is one too many, or brings no whole request in time."""

    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection; beyond the bound it is let go of at once."""
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > most_connections():
            self.transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._wait_no_more()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._wait()
        super().on_response_complete()

    def _wait(self) -> None:
        self._wait_no_more()
        self._giving_up = self.loop.call_later(REQUEST_S, self._give_up)

    def _wait_no_more(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _give_up(self) -> None:
        """Close, unless the request is whole and its answer is what takes so long."""
        if self.conn.their_state in {h11.IDLE, h11.SEND_BODY}:
            self.transport.close()


class Unfinished:
    """Ends a request that cannot be finished without a fault: its client went, or we stop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; ASGI's way in."""
        begun = False

        async def send_on(message: Message) -> None:
            """Send a message, and know that an answer has begun."""
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            log.info("request cut off by its client")
        except asyncio.CancelledError:  # uvicorn's, of what is not answered within GRACEFUL_S
            if scope["type"] != "http":
                raise
            if not begun:
                stopping = PlainTextResponse("stopping; send it again\n", 503, {"Retry-After": "5"})
                await stopping(scope, receive, send)


def _no_farewell() -> None:
    """Nobody waits for this service."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is served, and what is done beside it; all of it on the event loop.

    Attributes:
        announce: Called once, with the address, when the service can be reached.
        beat: Returns whether the part that does the work lives; asked again and again.
        farewell: Called when the end begins, to wake whoever waits for an answer.
    """

    app: FastAPI
    announce: Callable[[str], None]
    beat: Callable[[], Awaitable[bool]]
    farewell: Callable[[], None] = _no_farewell


async def serve(service: Service, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; tell systemd when it is ready and that it lives."""
    server = uvicorn.Server(config_of(service.app))
    with _stopped_by_signals(server):
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await _watch(service, server, serving, listener)
        finally:  # also when the address cannot be announced
            server.should_exit = True
            service.farewell()
            await serving


async def _watch(
    service: Service, server: uvicorn.Server, serving: "asyncio.Task[None]", listener: socket.socket
) -> None:
    """Announce the start, then ping the watchdog for as long as the work goes on."""
    announced = False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        watchdog = WatchDog(notify)
        while not serving.done() and not server.should_exit:
            if server.started and not announced:
                announced = True
                service.announce(url_of(listener))
                watchdog.ready()
            if await service.beat():
                watchdog.ping()
            await asyncio.sleep(LOOK_S)


@contextlib.contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let signals end the server after what it is doing; afterwards they do what they did."""

    def stop(_: int, __: FrameType | None) -> None:
        """Ask the server to end."""
        server.should_exit = True

    # uvicorn repeats the signal after it stopped; with the default handler that would kill.
    before = {sig: signal.signal(sig, stop) for sig in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
