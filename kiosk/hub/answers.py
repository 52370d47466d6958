"""How a refusal is answered: a page for a browser, a problem document (RFC 9457) for a program."""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException

from kiosk.core.values import Json
from kiosk.hub.errors import RefusalError
from kiosk.hub.ingest import GapError
from kiosk.hub.pages.guard import SignInNeededError, sign_in_path
from kiosk.hub.pages.render import page

ANSWERED: Final = (
    RefusalError,
    SignInNeededError,
    RequestValidationError,
    HTTPException,
    DatabaseError,
)
"""What a route may raise."""
FOR_PROGRAMS: Final = ("/v1/", "/healthz")
"""Where programs ask; everything else is for people, whatever they read it with."""
RETRY_S: Final = 30
TITLES: Final = {
    403: "That form cannot be taken",
    404: "There is no such page",
    405: "There is no such page",
    413: "That form is too long",
    421: "This is not the address of the pages",
    422: "That form cannot be read",
    503: "The hub cannot answer now",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused, in one line."""

    status: int
    kind: str
    detail: str
    extra: dict[str, Json] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


async def answer(request: Request, error: Exception) -> Response:
    """Return the answer to a request that was refused."""
    match error:
        case GapError():
            return PlainTextResponse(f"{error.size}\n", 409, media_type="text/x.tlog.size")
        case SignInNeededError():
            return RedirectResponse(sign_in_path(error.path, unsent=error.unsent), 303)
        case _:
            return _answer(request, _problem(error))


def _answer(request: Request, problem: Problem) -> Response:
    if _is_page(request):
        title = TITLES.get(problem.status, "That did not work")
        nowhere = problem.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
        detail = "The address may be mistyped, or old." if nowhere else f"{problem.detail}."
        shown = page(request, "problem.html", problem.status, title=title, detail=detail)
        shown.headers.update(problem.headers)
        return shown
    body = {
        "type": problem.kind,
        "status": problem.status,
        "detail": problem.detail,
        **problem.extra,
    }
    return JSONResponse(
        body, problem.status, problem.headers, media_type="application/problem+json"
    )


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith(FOR_PROGRAMS)


def _problem(error: Exception) -> Problem:
    match error:
        case RefusalError():
            return _refused(error)
        case RequestValidationError():
            found = error.errors()[0]
            place = ".".join(str(part) for part in found["loc"][1:])
            return Problem(422, "invalid", f"{place}: {found['msg']}")
        case HTTPException():
            headers = dict(error.headers or {})
            return Problem(error.status_code, "http", str(error.detail), headers=headers)
        case DatabaseError():
            log.error("database not written why=%s", error.orig)
            detail = "the hub cannot write its database; see its log"
            return Problem(503, "unwritten", detail, headers={"Retry-After": str(RETRY_S)})
        case _:
            raise error


def _refused(error: RefusalError) -> Problem:
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:  # RFC 9110 section 11.6.1 wants the scheme named
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(error.extra.get("retry_after_s", RETRY_S))
    return Problem(error.status, error.kind, error.detail, dict(error.extra), headers)
