"""What stands before every page: its host name, where a form came from, who is signed in."""

import re
from collections.abc import MutableMapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kiosk.hub.context import hub_of
from kiosk.hub.errors import RefusalError

COOKIE: Final = "kiosk-session"
SECURE_COOKIE: Final = "__Host-kiosk-session"
HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not no-referrer: browsers then send `Origin: null` with our own forms, and nobody signs in.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
# Each part ends with its own slash: a part of an optional one could be cut in two in 2^n ways.
_LOCAL_PATH: Final = re.compile(r"/(?:[A-Za-z0-9._~%-]+/)*[A-Za-z0-9._~%-]*")
MAX_FORM_BYTES: Final = 16 * 1024  # a form is read before anybody knows who sent it


class SecurityHeaders:
    """Adds the headers to every answer, refusals and files included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; ASGI's way in."""

        async def send_with(message: Message) -> None:
            """Send a message, the first with our headers."""
            if message["type"] == "http.response.start":
                _extend(message)
            await send(message)

        await self._app(scope, receive, send_with)


class HeadAsGet:
    """Has HEAD answered like GET; the server leaves the body out (RFC 9110 section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; ASGI's way in."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


class SignInNeededError(Exception):
    """Nobody is signed in.

    Attributes:
        path: The page they wanted; of a form the page that it stands on, one step up.
        unsent: They sent a form, and nothing came of it.
    """

    def __init__(self, path: str, *, unsent: bool = False) -> None:
        super().__init__("sign in first")
        self.path = path
        self.unsent = unsent


def check_host(request: Request) -> None:
    """Refuse a page asked for under a name that is not ours: DNS may point any name at us."""
    found = _HOST.fullmatch(request.headers.get("host", ""))
    name = found["host"].removeprefix("[").removesuffix("]").lower() if found else ""
    if name == "localhost" or name in hub_of(request).options.names:
        return
    try:
        ip_address(name)
    except ValueError as error:
        detail = f"host {name[:80]!r} is not one of ours; allow it with --host-name"
        raise RefusalError(421, "host", detail) from error


def check_form(request: Request) -> None:
    """Refuse a form that another site sent; a browser always says where a form came from."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise RefusalError(403, "origin", "this form was sent from another site")
    _, slashes, origin = request.headers.get("origin", "").partition("://")
    if not slashes or not origin or origin != request.headers.get("host", ""):
        detail = (
            "this form does not say that it came from this page, as every browser does;"
            " a program asks under /v1 with a token"
        )
        raise RefusalError(403, "origin", detail)


def check_signed_in(request: Request) -> None:
    """Let only a signed-in browser pass; SignInNeededError otherwise."""
    if not hub_of(request).sessions.knows(session_of(request)):
        unsent = request.method == "POST"
        path = request.url.path
        raise SignInNeededError(path.rpartition("/")[0] if unsent else path, unsent=unsent)


def session_of(request: Request) -> str:
    """Return the session that the browser names, "" when it names none."""
    return request.cookies.get(_cookie_name(request), "")


def set_session(request: Request, response: Response, session: str) -> None:
    """Give the browser its session: not for scripts, not for other sites."""
    response.set_cookie(
        _cookie_name(request),
        session,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def drop_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        _cookie_name(request), path="/", secure=request.url.scheme == "https", httponly=True
    )


def sign_in_path(path: str, *, unsent: bool = False) -> str:
    """Return the way to the sign-in page that leads back to `path`."""
    back = safe_path(path)
    asked = [f"next={quote(back, safe='')}"] if back != "/" else []
    asked += ["unsent=1"] if unsent else []
    return f"/login?{'&'.join(asked)}" if asked else "/login"


def safe_path(path: str) -> str:
    """Return `path` when it is one of this site, "/" otherwise."""
    return path if _LOCAL_PATH.fullmatch(path) else "/"


def _cookie_name(request: Request) -> str:
    # Browsers take the __Host- prefix only over TLS.
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def _extend(message: MutableMapping[str, Any]) -> None:
    headers = list(message.get("headers", ()))
    named = {name.lower() for name, _ in headers}
    headers += [header for header in HEADERS if header[0] not in named]
    if b"cache-control" not in named:
        headers.append((b"cache-control", b"no-store"))
    message["headers"] = headers
