"""Asks an application in this process, over ASGI, as a browser or a kiosk would over HTTP."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

import httpx
from fastapi import FastAPI

ANSWER_S = 30.0


class Parts(TypedDict, total=False):
    """What a request may carry beside method and path."""

    content: bytes | AsyncIterator[bytes] | None
    json: object
    form: Mapping[str, str] | None
    params: Mapping[str, str | int] | None
    headers: Mapping[str, str] | None


@dataclass(frozen=True)
class Ask:
    """The same, with what is not said."""

    content: bytes | AsyncIterator[bytes] | None = None
    json: object = None
    form: Mapping[str, str] | None = None
    params: Mapping[str, str | int] | None = None
    headers: Mapping[str, str] | None = None


class Client:
    """A client whose requests may be made from several threads at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, asked: httpx.AsyncClient) -> None:
        self._loop = loop
        self._asked = asked

    def request(self, method: str, path: str, ask: Ask = Ask()) -> httpx.Response:
        """Return the answer to one request; cookies are kept from one to the next."""
        asking = self._asked.request(
            method,
            path,
            content=ask.content,
            json=ask.json,
            data=ask.form,
            params=ask.params,
            headers=ask.headers,
        )
        return asyncio.run_coroutine_threadsafe(asking, self._loop).result(ANSWER_S)

    def call(self, work: Callable[[], None]) -> None:
        """Run something on the application's event loop."""

        async def run() -> None:
            work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(ANSWER_S)

    def get(self, path: str, **more: Unpack[Parts]) -> httpx.Response:
        """Return the answer to a GET."""
        return self.request("GET", path, Ask(**more))

    def post(self, path: str, **more: Unpack[Parts]) -> httpx.Response:
        """Return the answer to a POST."""
        return self.request("POST", path, Ask(**more))

    def put(self, path: str, **more: Unpack[Parts]) -> httpx.Response:
        """Return the answer to a PUT."""
        return self.request("PUT", path, Ask(**more))


@contextmanager
def serving(app: FastAPI) -> Iterator[Client]:
    """Run the application's event loop in a thread until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="app")
    thread.start()
    ended = asyncio.Event()
    started: threading.Event = threading.Event()
    clients: list[httpx.AsyncClient] = []

    async def run() -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as asked,
        ):
            clients.append(asked)
            started.set()
            await ended.wait()

    running = asyncio.run_coroutine_threadsafe(run(), loop)
    try:
        assert started.wait(ANSWER_S)
        yield Client(loop, clients[0])
    finally:
        loop.call_soon_threadsafe(ended.set)
        running.result(ANSWER_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(ANSWER_S)
        loop.close()
