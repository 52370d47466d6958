"""What stands before every page: names, origins, sessions, headers."""

from collections.abc import AsyncIterator

import pytest

from kiosk.hub.context import Hub, Options
from kiosk.hub.pages.guard import safe_path, sign_in_path
from tests.hub.inprocess import Client
from tests.hub.pages.conftest import SAME_SITE, Browser
from tests.hub.worlds import KioskLog, Visitor, granted, left, line

PAGES = ("/", "/devices", "/visits/v1")
FORMS = ("/login", "/logout", "/visits/v1/payments")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_only_for_those_who_signed_in(stranger: Browser, path: str) -> None:
    reply = stranger.client.get(path)
    assert reply.status_code == 303
    assert reply.headers["location"] == sign_in_path(path)


def test_a_payment_form_of_nobody_records_nothing(stranger: Browser) -> None:
    reply = stranger.submit("/visits/v1/payments", kiosk="k1", key="k", amount="1", method="cash")
    assert reply.status_code == 303
    assert reply.headers["location"] == sign_in_path("/visits/v1", unsent=True)


def test_who_was_signed_out_before_a_form_is_told_so_and_comes_back_to_its_page(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, hub: Hub
) -> None:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "unpaid", line(0, 599, paid=False))
    visitor.send(kiosk_log)
    shop.submit("/logout")
    reply = shop.submit("/visits/v1/payments", kiosk="k1", key="k", amount="1", method="cash")
    asked = shop.open(reply.headers["location"])
    assert "nothing of the form was recorded" in asked.text
    (back,) = [one for one in asked.all("input") if one.attributes["name"] == "next"]
    secret = hub.state.staff_token
    reply = shop.submit("/login", secret=secret, next=back.attributes["value"])
    assert "Record a payment" in shop.open(reply.headers["location"]).text


def test_a_made_up_session_opens_nothing(client: Client) -> None:
    reply = client.get("/", headers={"Cookie": "kiosk-session=x"})
    assert reply.status_code == 303


def test_the_session_is_kept_from_scripts_and_from_other_sites(stranger: Browser, hub: Hub) -> None:
    reply = stranger.submit("/login", secret=hub.state.staff_token)
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert hub.state.staff_token.lower() not in cookie


def test_over_tls_the_session_is_bound_to_this_host(client: Client, hub: Hub) -> None:
    reply = client.post(
        "https://127.0.0.1/login",
        form={"secret": hub.state.staff_token},
        headers={"Origin": "https://127.0.0.1"},
    )
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("__Host-kiosk-session=")
    assert "Secure" in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:81"},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://["},
        {"Origin": "http://[::1"},
        {"Origin": "http://"},
        {"Origin": "127.0.0.1"},
    ],
)
def test_a_form_from_elsewhere_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    form = {"secret": "x", "kiosk": "k1", "key": "k", "amount": "1", "method": "cash"}
    for path in FORMS:
        reply = browser.client.post(path, form=form, headers=headers)
        assert reply.status_code == 403
        assert "came from this page" in reply.text or "sent from another site" in reply.text
    assert browser.client.get("/").status_code == 200, "still signed in"


@pytest.mark.parametrize("path", FORMS[1:])
def test_a_form_is_never_sent_by_a_link(browser: Browser, path: str) -> None:
    assert browser.client.get(path).status_code in {404, 405}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "x", "", "[::g]", "local host", "a@127.0.0.1"],
)
def test_a_page_asked_for_under_a_strange_name_is_refused(browser: Browser, host: str) -> None:
    for path in (*PAGES, "/login"):
        reply = browser.client.get(path, headers={"Host": host})
        assert reply.status_code == 421
        assert "allow it with --host-name" in reply.text


@pytest.mark.parametrize("host", ["localhost:8080", "192.168.1.9", "[::1]:8080", "127.0.0.1"])
def test_this_machine_and_plain_addresses_are_ours(browser: Browser, host: str) -> None:
    assert browser.client.get("/login", headers={"Host": host}).status_code == 200


def test_a_name_that_was_allowed_is_ours(browser: Browser, hub: Hub) -> None:
    allowed = Options(frozenset({"shop.example"}))
    object.__setattr__(hub, "options", allowed)
    assert browser.client.get("/login", headers={"Host": "Shop.Example:80"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/login", "/healthz", "/static/hub.css", "/nothing", "/v1/logs"]
)
def test_every_answer_says_what_a_browser_may_do_with_it(stranger: Browser, path: str) -> None:
    headers = stranger.client.get(path).headers
    policy = headers["content-security-policy"]
    for rule in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "http://evil.example",
        "/\\evil",
        "/a?b",
        "javascript:x",
        "",
        "/\n",
        "/a//b",
        "/" + "a" * 100_000 + "!",
        "/a" * 50_000 + "!",
    ],
)
def test_signing_in_leads_nowhere_else(path: str) -> None:
    assert safe_path(path) == "/"


def test_no_address_holds_the_hub_up(stranger: Browser) -> None:
    long = "a" * 2000
    assert stranger.client.get(f"/login?next=/{long}!").status_code == 200
    assert stranger.client.get(f"/visits/{long}!").headers["location"] == "/login"


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_long_form_of_a_stranger_is_not_read(stranger: Browser, path: str, kind: str) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b'--x\r\nContent-Disposition: form-data; name="secret"; filename="f"\r\n\r\n'
        while taken < 1 << 20:
            taken += 4096
            yield b"a" * 4096

    headers = SAME_SITE | {"Content-Type": f"{kind}; boundary=x"}
    reply = stranger.client.post(path, content=endless(), headers=headers)
    assert reply.status_code in {303, 413}
    assert taken < 64 * 1024


@pytest.mark.parametrize(
    "path", ["/", "/devices", "/visits/019ab0c4-7f3e", "/visits/a%20b", "/visits/"]
)
def test_signing_in_leads_back(path: str) -> None:
    assert safe_path(path) == path


def test_the_form_headers_of_a_browser_are_taken(browser: Browser) -> None:
    assert browser.client.post("/logout", headers=SAME_SITE).status_code == 303
    assert browser.client.get("/").status_code == 303
