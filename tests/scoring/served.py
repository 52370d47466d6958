"""The application on a real socket, in a thread of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from kiosk.core.policy import Policy
from kiosk.scoring.checks import Checks
from kiosk.scoring.service import Scores, create_app
from kiosk.scoring.store import Store
from kiosk.serving import config_of, listen, url_of
from tests.scoring.documents import NOW_S, SERVICE, policy

LIMIT_S = 10.0


class World:
    """What the service goes by; a test may change it while it runs."""

    policy: Policy | None = policy()
    now_s: int = NOW_S


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Yield the address of the application."""
    server = uvicorn.Server(config_of(app))
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="served")
        thread.start()
        try:
            yield url_of(listener)
        finally:
            server.should_exit = True
            thread.join(LIMIT_S)


@contextmanager
def scores(directory: Path, world: World, rate: int = 30) -> Iterator[Scores]:
    """Yield what the handlers work with, over a store in `directory`."""
    with Store(directory / "scores.db") as store:
        checks = Checks(store, SERVICE, lambda: world.policy, rate)
        yield Scores(
            checks, lambda: world.policy, lambda: world.now_s, "kiosk-token", "admin-token"
        )


@contextmanager
def service(directory: Path, world: World, rate: int = 30) -> Iterator[str]:
    """Yield the address of the score service."""
    with scores(directory, world, rate) as ours, serving(create_app(ours)) as url:
        yield url
