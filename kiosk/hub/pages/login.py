"""Sign in with the staff token or a one-time code; sign out."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from kiosk.hub.context import hub_of
from kiosk.hub.pages.guard import (
    MAX_FORM_BYTES,
    check_form,
    check_host,
    drop_session,
    safe_path,
    session_of,
    set_session,
)
from kiosk.hub.pages.render import page
from kiosk.hub.sessions import CODE_S

UNSENT: Final = (
    "You were signed out, and nothing of the form was recorded. Sign in, and send it once more."
)
WRONG: Final = (
    "That is not the staff token, and not a code that is still good: it was used, or is too old, "
    "or the hub was started again since."
)

router = APIRouter(dependencies=[Depends(check_host)], include_in_schema=False)


@router.get("/login")
async def ask(
    request: Request,
    code: str = "",
    back: Annotated[str, Query(alias="next")] = "/",
    unsent: str = "",
) -> Response:
    """Show the form; a code in the link is filled in, and spent only when the form is sent."""
    problem = UNSENT if unsent else ""
    return _form(request, 200, code=code, back=safe_path(back), problem=problem)


@router.post("/login", dependencies=[Depends(check_form)], max_body_size=MAX_FORM_BYTES)
async def sign_in(
    request: Request,
    secret: Annotated[str, Form(max_length=200)],
    back: Annotated[str, Form(alias="next", max_length=200)] = "/",
) -> Response:
    """Begin a session, or say what to try."""
    session = hub_of(request).sessions.sign_in(secret.strip())
    if session is None:
        return _form(request, 403, code="", back=safe_path(back), problem=WRONG)
    response = RedirectResponse(safe_path(back), 303)
    set_session(request, response, session)
    return response


@router.post("/logout", dependencies=[Depends(check_form)], max_body_size=MAX_FORM_BYTES)
async def sign_out(request: Request) -> Response:
    """End the session."""
    hub_of(request).sessions.sign_out(session_of(request))
    response = RedirectResponse("/login", 303)
    drop_session(request, response)
    return response


def _form(request: Request, status: int, **facts: str) -> Response:
    """Return the form; what it says of a code is what the sessions do."""
    return page(request, "login.html", status, minutes=CODE_S // 60, **facts)
