"""A refusal is a page for a browser and a problem document for a program; both are one line."""

import pytest

from tests.hub.inprocess import Client
from tests.hub.pages.conftest import SAME_SITE
from tests.hub.pages.reading import Node, faults, read

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def page(text: str) -> Node:
    found = read(text)
    assert faults(found) == []
    return found


@pytest.mark.parametrize("path", ["/nowhere", "/static/nothing.css", "/visits", "/visits/a/b"])
@pytest.mark.parametrize("headers", [BROWSER, {}, {"Accept": "*/*"}])
def test_who_asks_for_an_unknown_page_is_shown_the_way_back(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    reply = client.get(path, headers=headers)
    assert reply.status_code == 404
    shown = page(reply.text)
    assert "There is no such page" in shown.text
    assert shown.all("main")[0].all("a")[0].attributes["href"] == "/"
    assert reply.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/<script>x</script>", "/%3Cscript%3Ex%3C/script%3E"])
def test_an_unknown_page_repeats_nothing_of_its_address(client: Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 404
    assert "script>" not in reply.text


@pytest.mark.parametrize(
    ("path", "headers"), [("/healthz/x", BROWSER), ("/v1/nothing", BROWSER), ("/v1/nothing", {})]
)
def test_a_program_is_given_a_problem_document(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    reply = client.get(path, headers=headers)
    assert (reply.status_code, reply.json()["status"]) == (404, 404)
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_form_page_that_is_asked_for_by_a_link_says_there_is_none(client: Client) -> None:
    reply = client.get("/logout", headers=BROWSER)
    assert reply.status_code == 405
    assert reply.headers["allow"] == "POST"
    assert "There is no such page" in page(reply.text).text


def test_a_browser_under_a_strange_name_is_told_what_to_allow(client: Client) -> None:
    reply = client.get("/", headers=BROWSER | {"Host": "<b>evil.example"})
    assert reply.status_code == 421
    shown = page(reply.text)
    assert "This is not the address of the pages" in shown.text
    assert "--host-name" in shown.text


def test_a_form_from_elsewhere_and_one_that_is_cut_are_pages(client: Client) -> None:
    elsewhere = client.post("/login", form={"secret": "x"}, headers=BROWSER)
    assert (elsewhere.status_code, "That form cannot be taken" in elsewhere.text) == (403, True)
    cut = client.post("/login", form={}, headers=BROWSER | SAME_SITE)
    assert (cut.status_code, "That form cannot be read" in cut.text) == (422, True)
    for reply in (elsewhere, cut):
        page(reply.text)
