"""How a refusal is answered: a problem document in one line (RFC 9457), or the way to sign in."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from kiosk.hub.errors import RefusalError
from kiosk.hub.ingest import GapError
from kiosk.hub.pages.guard import SignInNeededError, sign_in_path

ANSWERED: Final = (
    RefusalError,
    SignInNeededError,
    RequestValidationError,
    HTTPException,
    OperationalError,
)
"""What a route may raise."""
RETRY_S: Final = 30

log = structlog.get_logger(__name__)


async def answer(_: Request, error: Exception) -> Response:
    """Return the answer to a request that was refused."""
    match error:
        case GapError():
            return PlainTextResponse(f"{error.size}\n", 409, media_type="text/x.tlog.size")
        case RefusalError():
            return _refused(error)
        case SignInNeededError():
            return RedirectResponse(sign_in_path(error.path), 303)
        case RequestValidationError():
            found = error.errors()[0]
            place = ".".join(str(part) for part in found["loc"][1:])
            return _problem(422, "invalid", f"{place}: {found['msg']}")
        case HTTPException():
            return _problem(error.status_code, "http", str(error.detail), headers=error.headers)
        case OperationalError():
            log.error("database not written", error=str(error.orig))
            later = {"Retry-After": str(RETRY_S)}
            detail = "the hub cannot write its database; see its log"
            return _problem(503, "unwritten", detail, headers=later)
        case _:
            raise error


def _refused(error: RefusalError) -> Response:
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:  # RFC 9110 section 11.6.1 wants the scheme named
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(error.extra.get("retry_after_s", RETRY_S))
    return _problem(error.status, error.kind, error.detail, error.extra, headers)


def _problem(
    status: int,
    kind: str,
    detail: str,
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = {"type": kind, "status": status, "detail": detail, **(extra or {})}
    return JSONResponse(body, status, headers, media_type="application/problem+json")
