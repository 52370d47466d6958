"""Who may do what: every route times every role, and no route that is not in the table."""

from collections.abc import Mapping
from typing import Final

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from kiosk.hub.app import create_app
from kiosk.hub.context import Hub
from tests.hub.inprocess import Ask
from tests.hub.pages.conftest import SAME_SITE
from tests.hub.worlds import KioskLog, Visitor

ROLES: Final = ("nobody", "kiosk", "staff", "browser")
EVERYBODY: Final = frozenset(ROLES)
TABLE: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    # Authenticated by what they carry: a checkpoint of the log's key, an envelope of the owner's.
    ("POST", "/v1/logs/{log}/entries"): EVERYBODY,
    ("PUT", "/v1/documents/{kind}"): EVERYBODY,
    # Says of a policy only what anybody can work out from those that are published.
    ("POST", "/v1/documents/policy/check"): EVERYBODY,
    # Public: what a kiosk signed, what the owner published.
    ("GET", "/v1/logs/{log}/checkpoint"): EVERYBODY,
    ("GET", "/v1/documents/{kind}"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/login"): EVERYBODY,
    ("POST", "/login"): EVERYBODY,
    ("POST", "/logout"): EVERYBODY,
    ("GET", "/v1/payments"): frozenset({"kiosk", "staff"}),
    ("POST", "/v1/payments"): frozenset({"staff"}),
    ("GET", "/v1/logs"): frozenset({"staff"}),
    ("PUT", "/v1/logs/{log}"): frozenset({"staff"}),
    ("GET", "/v1/visits"): frozenset({"staff"}),
    ("GET", "/"): frozenset({"browser"}),
    ("GET", "/devices"): frozenset({"browser"}),
    ("GET", "/visits/{visit}"): frozenset({"browser"}),
    ("POST", "/visits/{visit}/payments"): frozenset({"browser"}),
}
"""Who gets past the door of a route; what happens behind it is tested with the route."""


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """Every method and path that the application answers."""
    found = set()
    for path, methods in app.openapi()["paths"].items():
        found |= {(method.upper(), path) for method in methods}
    for route in app.routes:
        if isinstance(route, APIRoute):
            found |= {(method, route.path) for method in route.methods or ()}
    return found


def test_the_table_names_every_route(hub: Hub) -> None:
    described = {each for each in routes(create_app(hub)) if each[1] != "/openapi.json"}
    assert described <= set(TABLE)


@pytest.fixture
def filled(visitor: Visitor, kiosk_log: KioskLog) -> Visitor:
    kiosk_log.add("exit.empty", {"lines": [], "currency": "EUR"}, "v1")
    assert visitor.send(kiosk_log).status_code == 200
    return visitor


def sign_in(visitor: Visitor) -> None:
    secret = {"secret": visitor.staff_token}
    assert visitor.client.post("/login", form=secret, headers=SAME_SITE).status_code == 303


def passes(visitor: Visitor, role: str, method: str, path: str) -> bool:
    """Say whether this role gets past the door of this route."""
    headers = {
        "nobody": SAME_SITE,
        "kiosk": SAME_SITE | visitor.kiosk,
        "staff": SAME_SITE | visitor.staff,
        "browser": SAME_SITE,
    }[role]
    place = path.format(log="shop~k1", kind="policy", visit="v1")
    form = {"secret": "x", "kiosk": "k1", "key": "k", "amount": "1", "method": "cash"}
    if method == "GET":
        ask = Ask(params={"kiosk": "k1"}, headers=headers)
    elif path.startswith("/v1"):
        ask = Ask(content=b"{}", params={"from": 0}, headers=headers)
    else:
        ask = Ask(form=form, headers=headers)
    reply = visitor.client.request(method, place, ask)
    if path == "/login":
        return reply.status_code in {200, 403}
    if path == "/logout":
        return reply.status_code == 303
    to_login = reply.headers.get("location", "").startswith("/login")
    return reply.status_code not in {401, 403} and not to_login


@pytest.mark.parametrize("role", ROLES)
def test_a_route_lets_in_whom_the_table_names(filled: Visitor, role: str) -> None:
    wrong = []
    for (method, path), allowed in TABLE.items():
        if role == "browser":
            sign_in(filled)
        if passes(filled, role, method, path) != (role in allowed):
            wrong.append(f"{role} {method} {path}")
    assert wrong == []


def test_a_token_is_no_session_and_a_session_is_no_token(filled: Visitor) -> None:
    cookie = {"Cookie": f"kiosk-session={filled.staff_token}"}
    assert filled.client.get("/", headers=cookie).status_code == 303
    sign_in(filled)
    assert filled.client.get("/v1/visits?kiosk=k1").status_code == 401
