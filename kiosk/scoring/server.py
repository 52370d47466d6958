"""The score service as a process: listen, say ready, serve until told to stop."""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI
from systemd_watchdog.systemd_watchdog import WatchDog

from kiosk.clock import Clock
from kiosk.core.signing import PUBLIC_BYTES, VerifyKey, b64decode, kid_of
from kiosk.scoring.checks import RATE, Checks
from kiosk.scoring.errors import ListenError, ScoringError
from kiosk.scoring.policies import PolicyWatch, from_file, from_hub
from kiosk.scoring.service import Scores, create_app
from kiosk.scoring.state import URL_FILE, open_state, write_private
from kiosk.scoring.store import Store

BACKLOG: Final = 128
GRACEFUL_S: Final = 1  # a check takes milliseconds; the whole stop takes under 2 s
LOOK_S: Final = 0.05
TIDY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is to run.

    Attributes:
        owner: Whose signature makes a policy.
        policy_url: Address of the hub; "" when `policy_file` is given.
        rate: Checks a minute that one kiosk may ask about one customer.
    """

    state: Path
    host: str
    port: int
    owner: VerifyKey
    policy_url: str = ""
    policy_file: Path | None = None
    rate: int = RATE


def run(settings: Settings, clock: Clock, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `say` gets the one line that it is ready.

    Raises:
        ScoringError: It cannot start, in one line.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        state = open_state(settings.state)
        store = stack.enter_context(Store(state.database))
        source = (
            from_file(settings.policy_file)
            if settings.policy_file
            else from_hub(settings.policy_url)
        )
        watch = PolicyWatch(stack.enter_context(source), settings.owner, state.policy)
        watch.restore()
        watch.refresh()
        stack.enter_context(_refreshing(watch))
        scores = Scores(
            Checks(store, state.key, lambda: watch.policy, settings.rate),
            lambda: watch.policy,
            clock.wall_s,
            state.kiosk_token,
            state.admin_token,
        )
        asyncio.run(_Process(scores, listener, state.path / URL_FILE, say).serve())


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8090` or `[::1]:8090`.

    Raises:
        ListenError: It is neither.
    """
    host, colon, port = text.rpartition(":")
    with contextlib.suppress(ValueError):
        bare = host.removeprefix("[").removesuffix("]")
        if colon and port.isdecimal() and int(port) < 1 << 16:
            return str(ip_address(bare)), int(port)
    raise ListenError(f"--listen {text!r}: want address and port, such as 127.0.0.1:8090")


def parse_owner(text: str) -> VerifyKey:
    """Return the owner's key from base64url.

    Raises:
        ScoringError: It is not a public key.
    """
    try:
        public = b64decode(text)
    except ValueError as error:
        raise ScoringError(f"--owner-key: {error}; copy the owner's public key") from error
    if len(public) != PUBLIC_BYTES:
        raise ScoringError(f"--owner-key: {len(public)} bytes, want {PUBLIC_BYTES}; copy all of it")
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


@contextlib.contextmanager
def _refreshing(watch: PolicyWatch) -> Iterator[None]:
    """Refresh the policy in a thread of its own until the end."""
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,), name="policy")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class _Process:
    """One run of the server."""

    scores: Scores
    listener: socket.socket
    link: Path
    say: Callable[[str], None]

    async def serve(self) -> None:
        """Serve until a signal says to stop."""
        server = uvicorn.Server(config_of(create_app(self.scores)))

        def stop(_: int, __: FrameType | None) -> None:
            """Let the server end what it is doing, then stop."""
            server.should_exit = True

        # uvicorn repeats the signal after it stopped; with the default handler that would kill.
        before = {sig: signal.signal(sig, stop) for sig in (signal.SIGTERM, signal.SIGINT)}
        try:
            serving = asyncio.create_task(server.serve(sockets=[self.listener]))
            await self._watch(server, serving)
            await serving
        finally:
            self.link.unlink(missing_ok=True)
            for sig, handler in before.items():
                signal.signal(sig, handler)

    async def _watch(self, server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
        """Announce the start, then tell systemd that the loop, which answers, still turns."""
        announced, tidied_s = False, 0.0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            watchdog = WatchDog(notify)
            while not serving.done() and not server.should_exit:
                if server.started and not announced:
                    announced = True
                    url = url_of(self.listener)
                    write_private(self.link, f"{url}\n".encode("ascii"))
                    self.say(f"ready {url}")
                    watchdog.ready()
                if time.monotonic() >= tidied_s + TIDY_S:
                    tidied_s = time.monotonic()
                    self.scores.checks.tidy(self.scores.now_s())
                watchdog.ping()
                await asyncio.sleep(LOOK_S)


def config_of(app: FastAPI) -> uvicorn.Config:
    """Return how uvicorn serves the application: quietly, for a path can hold a customer."""
    # `access_log` alone writes on as soon as anything gives the root a handler of its own.
    logging.getLogger("uvicorn.access").disabled = True
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=GRACEFUL_S,
    )
