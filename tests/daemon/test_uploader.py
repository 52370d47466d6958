"""The uploader: every entry reaches the hub once, whatever the hub says or suffers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from kiosk.daemon.messages import Uploaded
from kiosk.daemon.uploader import Uploader
from kiosk.remote.hub import HubClient
from tests.daemon.gatehouse import ORIGIN, Gatehouse

PATH = "/v1/logs/corner~door/entries"


class Hub:
    """Holds entries as a hub does, and says what a test has put first in line."""

    def __init__(self, server: HTTPServer) -> None:
        self.size = 0
        self.first: list[Response] = []
        self.requests = 0
        server.expect_request(PATH, method="POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.requests += 1
        if self.first:
            return self.first.pop(0)
        start = int(request.args["from"])
        if start > self.size:
            return Response(f"{self.size}\n", 409, content_type="text/x.tlog.size")
        lines = request.get_data().splitlines()
        self.size = max(self.size, start + len(lines) - 1)
        reply = json.dumps({"size": self.size, "next_after_s": 1})
        return Response(reply, 200, content_type="application/json")


@pytest.fixture
def hub(httpserver: HTTPServer) -> Hub:
    return Hub(httpserver)


@pytest.fixture
def uploader(gate: Gatehouse, httpserver: HTTPServer) -> Iterator[Uploader]:
    gate.show()
    gate.hear()
    uploader = Uploader(
        path=gate.path,
        origin=ORIGIN,
        hub=HubClient(httpserver.url_for("").rstrip("/")),
        rhythm=gate.rhythm,
        linger_s=0.05,
    )
    yield uploader
    uploader.stop()


def test_everything_is_uploaded_and_the_owner_is_told(
    gate: Gatehouse, hub: Hub, uploader: Uploader, until: Callable[..., None]
) -> None:
    uploader.start(0)
    until(lambda: hub.size == gate.ledger.size)
    until(lambda: uploader.idle)
    assert gate.inbox.take(1, gate.clock.now()) == Uploaded(gate.ledger.size)
    assert uploader.acked == gate.ledger.size
    assert uploader.trouble == ""


def test_a_hub_that_lost_entries_is_sent_them_again(
    gate: Gatehouse, hub: Hub, uploader: Uploader, until: Callable[..., None]
) -> None:
    uploader.start(2)
    until(lambda: hub.size == gate.ledger.size)


def test_a_hub_that_is_busy_or_broken_is_asked_again(
    gate: Gatehouse, hub: Hub, uploader: Uploader, until: Callable[..., None]
) -> None:
    hub.first = [
        Response("", 503, headers={"Retry-After": "0"}),
        Response("oops", 500),
    ]
    uploader.start(0)
    until(lambda: hub.requests >= 2)
    uploader.flush()
    until(lambda: hub.size == gate.ledger.size)
    until(lambda: uploader.trouble == "")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            Response('{"detail":"two histories"}', 409, content_type="application/problem+json"),
            "another history",
        ),
        (Response('{"detail":"index 3"}', 422, content_type="application/json"), "refused the log"),
    ],
    ids=["fork", "refused"],
)
def test_what_needs_a_person_is_said_and_loses_nothing(
    gate: Gatehouse,
    hub: Hub,
    uploader: Uploader,
    until: Callable[..., None],
    reply: Response,
    words: str,
) -> None:
    hub.first = [reply]
    uploader.start(0)
    until(lambda: words in uploader.trouble)
    assert uploader.idle
    uploader.flush()
    until(lambda: hub.size == gate.ledger.size)
    until(lambda: uploader.trouble == "")


def test_a_hub_that_knows_more_than_this_card_is_reported(
    gate: Gatehouse, hub: Hub, uploader: Uploader, until: Callable[..., None]
) -> None:
    uploader.start(gate.ledger.size + 5)
    until(lambda: "only" in uploader.trouble)
    assert hub.requests == 0


def test_a_stop_brings_the_hub_what_came_since_without_lingering(
    gate: Gatehouse, hub: Hub, httpserver: HTTPServer, until: Callable[..., None]
) -> None:
    patient = _at_rest(gate, httpserver, until)
    held = hub.size
    gate.hear()
    gate.show()
    patient.stop()
    assert hub.size == gate.ledger.size > held


def test_a_stop_does_not_wait_for_a_hub_that_was_away(
    gate: Gatehouse, hub: Hub, httpserver: HTTPServer, until: Callable[..., None]
) -> None:
    gate.show()
    hub.first = [Response("oops", 500)]
    patient = _patient(gate, httpserver)
    patient.start(0)
    until(lambda: "500" in patient.trouble)
    asked = hub.requests
    patient.stop()
    assert hub.requests == asked


def test_a_last_batch_that_fails_is_trouble_and_not_an_end(
    gate: Gatehouse, hub: Hub, httpserver: HTTPServer, until: Callable[..., None]
) -> None:
    patient = _at_rest(gate, httpserver, until)
    hub.first = [Response("oops", 500)]
    gate.hear()
    gate.show()
    patient.stop()
    assert "500" in patient.trouble


def _at_rest(gate: Gatehouse, server: HTTPServer, until: Callable[..., None]) -> Uploader:
    """Return a patient uploader that has sent all there was."""
    gate.show()
    patient = _patient(gate, server)
    patient.start(0)
    until(lambda: patient.idle)
    return patient


def _patient(gate: Gatehouse, server: HTTPServer) -> Uploader:
    """Return an uploader that waits an hour for company, but for its first round."""
    client = HubClient(server.url_for("").rstrip("/"))
    return Uploader(path=gate.path, origin=ORIGIN, hub=client, rhythm=gate.rhythm, linger_s=3600)


def test_no_hub_at_all_is_trouble_and_not_an_end(
    gate: Gatehouse, until: Callable[..., None], tmp_path: Path
) -> None:
    del tmp_path
    gate.show()
    alone = Uploader(
        path=gate.path,
        origin=ORIGIN,
        hub=HubClient("http://127.0.0.1:9"),
        rhythm=gate.rhythm,
        linger_s=0.05,
    )
    alone.start(0)
    until(lambda: "nobody answers" in alone.trouble)
    alone.stop()
