"""A browser that is signed in at a hub."""

from dataclasses import dataclass

import pytest
from httpx import Response

from kiosk.hub.context import Hub
from tests.hub.inprocess import Client
from tests.hub.pages.reading import Node, faults, read
from tests.hub.worlds import Visitor

SAME_SITE = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}


@dataclass
class Browser:
    """A browser; its cookies are the client's."""

    client: Client

    def open(self, path: str, status: int = 200) -> Node:
        """Return a page that is well built."""
        reply = self.client.get(path)
        assert reply.status_code == status, reply.text
        page = read(reply.text)
        assert faults(page) == []
        return page

    def submit(self, path: str, **form: str) -> Response:
        """Send a form as a page of this site does."""
        return self.client.post(path, form=form, headers=SAME_SITE)


@pytest.fixture
def stranger(client: Client) -> Browser:
    return Browser(client)


@pytest.fixture
def browser(client: Client, hub: Hub) -> Browser:
    browser = Browser(client)
    assert browser.submit("/login", secret=hub.state.staff_token).status_code == 303
    return browser


@pytest.fixture
def shop(browser: Browser, visitor: Visitor) -> Browser:
    """A signed-in browser at a hub with a policy and a kiosk."""
    assert visitor.client is browser.client
    return browser
