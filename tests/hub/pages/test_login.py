"""Signing in with a token or a code, signing out."""

from kiosk.hub.context import Hub
from kiosk.hub.sessions import CODE_S, Sessions
from tests.hub.pages.conftest import Browser


def test_a_link_with_a_code_fills_the_form_and_spends_nothing(stranger: Browser, hub: Hub) -> None:
    code = hub.sessions.new_code()
    for _ in range(2):
        page = stranger.open(f"/login?code={code}")
        (secret,) = [x for x in page.all("input") if x.attributes["name"] == "secret"]
        assert secret.attributes["value"] == code
    assert stranger.client.get("/").status_code == 303
    assert stranger.submit("/login", secret=code).headers["location"] == "/"
    assert "Today" in stranger.open("/").text
    assert stranger.submit("/login", secret=code).status_code == 403


def test_the_form_says_of_a_code_what_is_so(stranger: Browser, hub: Hub) -> None:
    said = " ".join(stranger.open("/login").text.split())
    assert f"A code signs in once, within {CODE_S // 60} minutes, and only at the hub that" in said
    code = hub.sessions.new_code()
    assert Sessions(hub.state.staff_token).sign_in(code) is None, "the hub was started again"
    refused = stranger.submit("/login", secret=f"{code}x").text
    assert "it was used, or is too old, or the hub was started again since" in refused


def test_a_wrong_secret_says_what_to_try_and_does_not_come_back(stranger: Browser) -> None:
    reply = stranger.submit("/login", secret="hunter2")
    assert reply.status_code == 403
    assert "not the staff token" in reply.text
    assert "hunter2" not in reply.text
    assert 'role="alert"' in reply.text


def test_after_signing_in_the_page_that_was_wanted_opens(stranger: Browser, hub: Hub) -> None:
    wanted = stranger.client.get("/devices").headers["location"]
    page = stranger.open(wanted)
    (back,) = [x for x in page.all("input") if x.attributes["name"] == "next"]
    reply = stranger.submit("/login", secret=hub.state.staff_token, next=back.attributes["value"])
    assert reply.headers["location"] == "/devices"


def test_a_form_without_a_secret_is_refused_in_one_line(stranger: Browser) -> None:
    reply = stranger.submit("/login")
    assert reply.status_code == 422
    assert "secret: Field required." in reply.text


def test_signing_out_ends_the_session(browser: Browser) -> None:
    reply = browser.submit("/logout")
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert browser.client.get("/").status_code == 303
