"""Who asks: staff or a kiosk, by bearer token."""

from hmac import compare_digest

from fastapi import Request

from kiosk.hub.context import hub_of
from kiosk.hub.errors import RefusalError


def staff(request: Request) -> None:
    """Let only staff pass; RefusalError 401 otherwise."""
    _require(request, "staff", hub_of(request).state.staff_token)


def staff_or_kiosk(request: Request) -> None:
    """Let staff and kiosks pass; RefusalError 401 otherwise."""
    state = hub_of(request).state
    _require(request, "staff or kiosk", state.staff_token, state.kiosk_token)


def _require(request: Request, whose: str, *tokens: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    found = [compare_digest(given.strip().encode(), token.encode()) for token in tokens]
    if scheme.lower() != "bearer" or not any(found):
        raise RefusalError(401, "unauthorized", f"the bearer token of {whose} is needed here")
