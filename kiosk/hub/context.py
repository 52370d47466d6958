"""What every route of the hub works with; made once, in `kiosk.hub.app`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from kiosk.clock import Clock
from kiosk.core.signing import VerifyKey
from kiosk.core.values import Moment
from kiosk.hub.desk import Bell, Desk
from kiosk.hub.office import OfficeLog
from kiosk.hub.sessions import Sessions
from kiosk.hub.state import HubState
from kiosk.hub.store.base import Store, Transaction

T = TypeVar("T")

PUBLISHING: Final = 2  # documents at once; each may be 16 MiB, and anybody may send one


@dataclass(frozen=True, slots=True)
class Options:
    """What the hub is told when it starts.

    Attributes:
        names: Host names beside IP addresses and localhost under which pages may be asked for.
        next_after_s: How long kiosks linger before they send again.
    """

    names: frozenset[str] = frozenset()
    next_after_s: int = 60


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub's parts; reads may run on any thread, writes go through the desk.

    Attributes:
        publishing: Held while a document that somebody sends is in memory.
    """

    state: HubState
    owner: VerifyKey
    store: Store
    office: OfficeLog
    clock: Clock
    sessions: Sessions
    options: Options = field(default_factory=Options)
    desk: Desk = field(default_factory=Desk)
    paid: Bell = field(default_factory=Bell)
    publishing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PUBLISHING))

    async def write(self, work: Callable[[Transaction, Moment], T]) -> T:
        """Return what `work` returns once its transaction is durable; then write the office log."""
        return await self.desk.run(lambda: self.write_now(work))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Return what `work` finds in one consistent view."""

        def view() -> T:
            """Do the work in one read transaction."""
            with self.store.read() as tx:
                return work(tx)

        return await run_in_threadpool(view)

    def write_now(self, work: Callable[[Transaction, Moment], T]) -> T:
        """Do what `write` does; desk thread only."""
        at = self.clock.now()
        with self.store.write() as tx:
            done = work(tx, at)
        self.office.write(self.store, at)
        return done


def hub_of(request: Request) -> Hub:
    """Return the hub that serves this request."""
    hub: Hub = request.app.state.hub
    return hub
