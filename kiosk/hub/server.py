"""The hub as a process: listen, say ready, serve until told to stop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from systemd_watchdog.systemd_watchdog import WatchDog

from kiosk.clock import Clock
from kiosk.core.signing import PUBLIC_BYTES, VerifyKey, b64decode, kid_of
from kiosk.hub.api.logs import enrol_log, new_log
from kiosk.hub.app import close_hub, create_app, open_hub
from kiosk.hub.context import Hub, Options
from kiosk.hub.errors import HubError, ListenError, RefusalError
from kiosk.hub.state import open_state, write_private

BACKLOG: Final = 128
GRACEFUL_S: Final = 1  # SIGTERM to the end: under 2 s, long polls are woken before
LOOK_S: Final = 0.05
URL_FILE: Final = "hub.url"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the hub is to run.

    Attributes:
        shop: Name of the shop; None takes what the state directory says.
        enrol: Verifier keys of logs to enrol at the start.
        login_code: Print a one-time sign-in code even when this is not the first start.
    """

    state: Path
    host: str
    port: int
    owner: VerifyKey
    shop: str | None = None
    enrol: Sequence[str] = ()
    login_code: bool = False
    options: Options = field(default_factory=Options)


def run(settings: Settings, clock: Clock, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `say` gets the lines for whoever started it.

    Raises:
        HubError: It cannot start, in one line.
    """
    with contextlib.closing(listen(settings.host, settings.port)) as listener:
        state = open_state(settings.state, settings.shop)
        hub = open_hub(state, settings.owner, clock, settings.options)
        try:
            _enrol(hub, settings.enrol)
            with_code = state.first or settings.login_code
            asyncio.run(_Process(hub, listener, say, with_code=with_code).serve())
        finally:
            close_hub(hub)


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
        HubError: It is not a public key.
    """
    try:
        public = b64decode(text)
    except ValueError as error:
        raise HubError(f"--owner-key: {error}; copy the owner's public key") from error
    if len(public) != PUBLIC_BYTES:
        raise HubError(f"--owner-key: {len(public)} bytes, want {PUBLIC_BYTES}; copy all of it")
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
        raise ListenError(
            f"{host}:{port}: {error.strerror}; choose another with --listen"
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address to reach the listener at from this machine."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@dataclass(frozen=True, slots=True)
class _Process:
    """One run of the server."""

    hub: Hub
    listener: socket.socket
    say: Callable[[str], None]
    with_code: bool

    async def serve(self) -> None:
        """Serve until a signal says to stop."""
        server = uvicorn.Server(_config(self.hub))

        def stop(_: int, __: FrameType | None) -> None:
            """Let the server end what it is doing, then stop."""
            server.should_exit = True

        # uvicorn repeats the signal after it stopped; with the default handler that would kill.
        before = {sig: signal.signal(sig, stop) for sig in (signal.SIGTERM, signal.SIGINT)}
        link = self.hub.state.path / URL_FILE
        try:
            serving = asyncio.create_task(server.serve(sockets=[self.listener]))
            await self._watch(server, serving, link)
            await serving
        finally:
            link.unlink(missing_ok=True)
            for sig, handler in before.items():
                signal.signal(sig, handler)

    def _announce(self, link: Path) -> None:
        url = url_of(self.listener)
        write_private(link, f"{url}\n")
        self.say(f"ready {url}")
        if self.with_code:
            code = self.hub.sessions.new_code()
            self.say(f"open {url}/login?code={code} to sign in (once, within 15 minutes)")

    async def _watch(
        self, server: uvicorn.Server, serving: "asyncio.Task[None]", link: Path
    ) -> None:
        """Announce the start; tell systemd that loop and desk live; wake long polls at the end."""
        announced = False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            watchdog = WatchDog(notify)
            while not serving.done() and not server.should_exit:
                if server.started and not announced:
                    announced = True
                    self._announce(link)
                    watchdog.ready()
                with contextlib.suppress(RefusalError):
                    await self.hub.desk.run(watchdog.ping)
                await asyncio.sleep(LOOK_S)
        self.hub.paid.silence()


def _config(hub: Hub) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(hub),
        log_config=None,
        access_log=False,  # a path can hold a visit
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACEFUL_S,
    )


def _enrol(hub: Hub, vkeys: Sequence[str]) -> None:
    for vkey in vkeys:
        log = vkey.partition("+")[0].replace("/", "~")
        try:
            work = partial(enrol_log, row=new_log(log, vkey))
            hub.desk.now(partial(hub.write_now, work))
        except RefusalError as error:
            raise HubError(f"--enrol: {error.detail}") from error
