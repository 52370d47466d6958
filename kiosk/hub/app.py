"""The hub put together: its parts, its routes, and how a refusal is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from kiosk.clock import Clock, boot_id
from kiosk.core.signing import VerifyKey
from kiosk.hub import grace
from kiosk.hub.api import documents, logs, payments, visits
from kiosk.hub.context import Hub, Options
from kiosk.hub.errors import HubStateError, RefusalError
from kiosk.hub.ingest import GapError
from kiosk.hub.office import OfficeLog
from kiosk.hub.pages import devices, login, today, visit
from kiosk.hub.pages.guard import SecurityHeaders, SignInNeededError, sign_in_path
from kiosk.hub.sessions import Sessions
from kiosk.hub.sql.migrate import migrate
from kiosk.hub.sql.store import SqlStore, open_engine
from kiosk.hub.state import HubState
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.store import Ledger

TICK_S: Final = 0.5  # a play moves the clock by hours at once; graces must end soon after
RETRY_S: Final = 30
STATIC: Final = Path(__file__).with_name("static")

log = structlog.get_logger(__name__)


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
        ticking = asyncio.create_task(_tick(hub))
        yield
        hub.paid.silence()
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking

    app = FastAPI(title="Kiosk hub", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.hub = hub
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for room in (logs, documents, payments, visits, login, today, visit, devices):
        app.include_router(room.router)
    app.add_exception_handler(SignInNeededError, _sign_in)
    app.add_exception_handler(RefusalError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(OperationalError, _unwritten)
    return app


async def _tick(hub: Hub) -> None:
    """End graces whose time has passed, as long as the hub runs."""

    def look() -> None:
        at = hub.clock.now()
        ended = grace.expire(hub.store, at)
        written = hub.office.write(hub.store, at)
        if ended:
            log.info("graces ended", count=ended, written=written)

    while True:
        try:
            await hub.desk.run(look)
        except (OperationalError, RefusalError) as error:
            log.warning("graces not looked at", error=str(getattr(error, "orig", error)))
        await asyncio.sleep(TICK_S)


async def _sign_in(_: Request, error: Exception) -> Response:
    path = error.path if isinstance(error, SignInNeededError) else "/"
    return RedirectResponse(sign_in_path(path), 303)


async def _refused(_: Request, error: Exception) -> Response:
    if isinstance(error, GapError):
        return PlainTextResponse(f"{error.size}\n", 409, media_type="text/x.tlog.size")
    if not isinstance(error, RefusalError):  # pragma: no cover - registered for this class only
        raise error
    headers = {}
    if error.status == 401:  # noqa: PLR2004 - RFC 9110 section 11.6.1 wants the scheme named
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == 503:  # noqa: PLR2004 - RFC 9110 section 10.2.3
        headers["Retry-After"] = str(error.extra.get("retry_after_s", RETRY_S))
    return _problem(error.status, error.kind, error.detail, dict(error.extra), headers)


async def _invalid(_: Request, error: Exception) -> Response:
    found = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = ".".join(str(part) for part in found.get("loc", ())[1:])
    return _problem(422, "invalid", f"{place}: {found.get('msg', 'wrong')}")


async def _plain(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else "fault"
    headers = error.headers if isinstance(error, HTTPException) else None
    return _problem(status, "http", detail, headers=dict(headers or {}))


async def _unwritten(_: Request, error: Exception) -> Response:
    log.error("database not written", error=str(getattr(error, "orig", error)))
    detail = "the hub cannot write its database; see its log"
    return _problem(503, "unwritten", detail, headers={"Retry-After": str(RETRY_S)})


def _problem(
    status: int,
    kind: str,
    detail: str,
    extra: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = {"type": kind, "status": status, "detail": detail} | (extra or {})
    return JSONResponse(body, status, headers, media_type="application/problem+json")
