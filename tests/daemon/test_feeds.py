"""The hub's feeds: payments from the first one on, documents when they are newer."""

import logging
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from kiosk.core.inputs import PaymentsSeen
from kiosk.core.values import Payment, VisitId
from kiosk.daemon.beats import Beats
from kiosk.daemon.feeds import AWAY_S, Follower, document_feed, payment_feed
from kiosk.daemon.messages import DocumentFetched, Happened, Stop
from kiosk.remote.errors import UnreachableError
from kiosk.remote.hub import HubClient
from kiosk.remote.orders import PaymentsPage
from tests.daemon.gatehouse import Gatehouse, SaidPayments, documents

PAYMENT = Payment(3, VisitId("v"), (), 5, "EUR", "k")


def test_payments_are_told_once_and_the_cursor_moves_on(gate: Gatehouse) -> None:
    payments = SaidPayments(PaymentsPage((PAYMENT,), 3))
    look = payment_feed(payments, gate.rhythm)
    look()
    message = gate.inbox.take(0, gate.clock.now())
    assert isinstance(message, Happened)
    assert isinstance(message.fact, PaymentsSeen)
    assert message.fact.payments == (PAYMENT,)
    payments.page = PaymentsPage((), 3)
    look()
    assert gate.inbox.take(0, gate.clock.now()) is None


def test_payments_that_find_no_room_are_asked_for_again(gate: Gatehouse) -> None:
    while gate.inbox.put_fact(Stop()):
        pass
    payments = SaidPayments(PaymentsPage((PAYMENT,), 3))
    look = payment_feed(payments, gate.rhythm)
    assert look() == AWAY_S
    while gate.inbox.take(0, gate.clock.now()) is not None:
        pass
    look()
    message = gate.inbox.take(0, gate.clock.now())
    assert isinstance(message, Happened)


def test_a_newer_document_is_fetched_and_one_that_is_held_is_not(
    gate: Gatehouse, httpserver: HTTPServer
) -> None:
    policy = documents()["policy"]
    httpserver.expect_request("/v1/documents/policy").respond_with_data(policy)
    httpserver.expect_request("/v1/documents/keys").respond_with_data("", 304)
    httpserver.expect_request("/v1/documents/catalogue").respond_with_data("", 404)
    client = HubClient(httpserver.url_for("").rstrip("/"))
    document_feed(client, lambda _kind: 1, gate.inbox)()
    assert gate.inbox.take(0, gate.clock.now()) == DocumentFetched("policy", policy)
    assert gate.inbox.take(0, gate.clock.now()) is None
    client.close()


def test_a_feed_that_is_away_is_logged_once_and_followed_on(
    until: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    looks = [0]

    def look() -> float:
        looks[0] += 1
        if looks[0] <= 2:
            raise UnreachableError("hub", "nobody answers")
        return 0.0

    beats = Beats()
    follower = Follower("payments", look, beats)
    with caplog.at_level(logging.INFO):
        follower.start()
        until(lambda: looks[0] > 4)
        follower.stop()
    assert caplog.text.count("feed is away") == 1
    assert caplog.text.count("feed is back") == 1
    assert not follower.away
    assert beats.silent() == ()
    Follower("never", look, beats).stop()
