"""The hub put together: its parts, its routes, and how a refusal is answered."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DatabaseError

from kiosk.clock import Clock, boot_id
from kiosk.core.signing import VerifyKey
from kiosk.hub import grace
from kiosk.hub.answers import ANSWERED, answer
from kiosk.hub.api import documents, logs, payments, visits
from kiosk.hub.context import Hub, Options
from kiosk.hub.errors import HubStateError, RefusalError
from kiosk.hub.office import OfficeLog
from kiosk.hub.pages import devices, login, today, visit
from kiosk.hub.pages.guard import HeadAsGet, SecurityHeaders
from kiosk.hub.sessions import Sessions
from kiosk.hub.sql.migrate import migrate
from kiosk.hub.sql.store import SqlStore, open_engine
from kiosk.hub.state import HubState
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.store import Ledger

TICK_S: Final = 0.5  # a play moves the clock by hours at once; graces must end soon after
STATIC: Final = Path(__file__).with_name("static")

log = logging.getLogger(__name__)


def open_hub(
    state: HubState, owner: VerifyKey, clock: Clock, options: Options | None = None
) -> Hub:
    """Return the hub with its database migrated and its office log open.

    Raises:
        HubStateError: The database or the office log cannot be used.
    """
    engine = open_engine(state.database)
    migrate(engine)
    store = SqlStore(engine)
    office = OfficeLog(
        state.office,
        lambda: Ledger.open(
            state.office, state.origin, state.office_keys.log, state.office_keys.wrap, boot_id()
        ),
    )
    hub = Hub(state, owner, store, office, clock, Sessions(state.staff_token), options or Options())
    try:
        hub.desk.now(lambda: office.open(store))
        hub.desk.now(lambda: office.write(store, clock.now()))
    except LedgerError as error:
        close_hub(hub)
        raise HubStateError(str(error)) from error
    return hub


def close_hub(hub: Hub) -> None:
    """Finish what was begun and let go of every file."""
    hub.desk.now(hub.office.close)
    hub.desk.close()
    hub.store.close()


def create_app(hub: Hub) -> FastAPI:
    """Return the application; it closes nothing, so that tests may look inside afterwards."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Let graces end and records be written while the hub serves."""
        ticking = asyncio.create_task(_tick(hub))
        yield
        hub.paid.silence()
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking

    app = FastAPI(title="Kiosk hub", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.hub = hub
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for room in (logs, documents, payments, visits, login, today, visit, devices):
        app.include_router(room.router)
    for error in ANSWERED:
        app.add_exception_handler(error, answer)
    return app


async def _tick(hub: Hub) -> None:
    """End graces whose time has passed, as long as the hub runs."""

    def look() -> None:
        """End what is due, and write what waits for the office's log."""
        at = hub.clock.now()
        ended = grace.expire(hub.store, at)
        written = hub.office.write(hub.store, at)
        if ended:
            log.info("graces ended count=%d written=%d", ended, written)

    while True:
        try:
            await hub.desk.run(look)
        except (DatabaseError, RefusalError) as error:
            log.warning("graces not looked at why=%s", getattr(error, "orig", error))
        await asyncio.sleep(TICK_S)
