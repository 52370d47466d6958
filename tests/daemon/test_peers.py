"""Questions to the services: the answer, or that there is none, always comes back."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.core.commands import AskPayments, AskProvider
from kiosk.core.inputs import Cause, PaymentsFailed, PaymentsSeen, ProviderAnswered
from kiosk.core.values import (
    Answer,
    CustomerRef,
    Json,
    Payment,
    RequestId,
    Verdict,
    VisitId,
)
from kiosk.daemon.messages import Happened
from kiosk.daemon.peers import _all_since
from kiosk.remote.errors import TimedOutError
from kiosk.remote.orders import PaymentOrder, PaymentsPage
from kiosk.remote.providers.base import CheckRequest
from tests.daemon.gatehouse import Gatehouse, SaidPayments, SaidProvider

QUESTION = AskProvider(RequestId("r1"), "score", CustomerRef("ada"), "entry", ("entry-600",), "n")
PAYMENT = Payment(7, VisitId("v"), (), 599, "EUR", "k")


def next_fact(gate: Gatehouse) -> Cause:
    message = gate.inbox.take(5, gate.clock.now())
    assert isinstance(message, Happened)
    return message.fact


def test_the_answer_of_the_provider_comes_back_with_its_request(gate: Gatehouse) -> None:
    gate.peers.ask_provider(QUESTION)
    fact = next_fact(gate)
    assert isinstance(fact, ProviderAnswered)
    assert fact.answer.request_id == "r1"
    assert gate.provider.asked == [
        CheckRequest(
            RequestId("r1"), "corner/door", CustomerRef("ada"), "entry", ("entry-600",), "n"
        )
    ]


class SlowProvider(SaidProvider):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def check(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        """Wait, then answer."""
        self.go.wait(10)
        return super().check(request, now_s, deadline_s)


def test_p4_a_provider_that_keeps_every_worker_busy_is_unknown_and_not_no(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    house = Gatehouse(tmp_path)
    slow = SlowProvider()
    house.peers._providers = {"score": slow, "vouch": house.vouch}  # the slow one, as configured
    for _ in range(4):
        house.peers.ask_provider(QUESTION)
    house.peers.ask_provider(QUESTION)
    fact = next_fact(house)
    assert isinstance(fact, ProviderAnswered)
    assert fact.answer.answers == {"entry-600": Verdict.UNKNOWN}
    assert fact.answer.fault == "busy"
    assert house.peers.busy == 4
    slow.go.set()
    until(lambda: house.peers.busy == 0)
    house.close()


def test_payments_that_are_known_come_back_with_the_cursor(gate: Gatehouse) -> None:
    gate.payments.page = PaymentsPage((PAYMENT,), 7)
    gate.peers.ask_payments(AskPayments(RequestId("p1"), 3))
    fact = next_fact(gate)
    assert isinstance(fact, PaymentsSeen)
    assert (fact.payments, fact.through, fact.request_id) == ((PAYMENT,), 7, "p1")


def through_of_five(gate: Gatehouse) -> int:
    """Ask a feed of five payments that gives two at a time; return how far the answer goes."""
    many = tuple(replace(PAYMENT, number=number) for number in range(1, 6))
    gate.payments.page, gate.payments.at_once = PaymentsPage(many, 5), 2
    gate.peers.ask_payments(AskPayments(RequestId("p1"), 0))
    fact = next_fact(gate)
    assert isinstance(fact, PaymentsSeen)
    assert fact.payments == many[: fact.through]
    return fact.through


def test_p4_a_payment_is_known_however_many_pages_come_before_it(gate: Gatehouse) -> None:
    assert through_of_five(gate) == 5


def test_the_harness_catches_a_question_that_reads_one_page(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.daemon.peers._all_since", lambda feed, after: feed.since(after))
    assert through_of_five(gate) == 2


def test_p4_pages_that_do_not_end_in_time_are_not_taken_for_all() -> None:
    many = tuple(replace(PAYMENT, number=number) for number in range(1, 6))
    with pytest.raises(TimedOutError):
        _all_since(SaidPayments(PaymentsPage(many, 5), at_once=2), 0, within_s=-1)


def test_payments_that_cannot_be_asked_are_said_to_be_unknown(gate: Gatehouse) -> None:
    gate.payments.page = None
    gate.peers.ask_payments(AskPayments(RequestId("p1"), 3))
    assert isinstance(next_fact(gate), PaymentsFailed)


def test_a_payment_that_staff_record_is_answered_even_when_the_hub_is_away(
    gate: Gatehouse, until: Callable[..., None]
) -> None:
    replies: list[Mapping[str, Json]] = []
    order = PaymentOrder("k", "door", VisitId("v"), "EUR", amount_minor=5)
    gate.peers.record_payment(order, "staff", replies.append)
    until(lambda: replies)
    assert replies[0]["ok"] is False
    assert "nobody answers" in str(replies[0]["error"])


def test_after_stopping_every_question_is_answered_with_unknown(tmp_path: Path) -> None:
    house = Gatehouse(tmp_path)
    house.peers.stop()
    replies: list[Mapping[str, Json]] = []
    order = PaymentOrder("k", "door", VisitId("v"), "EUR", amount_minor=5)
    house.peers.record_payment(order, "staff", replies.append)
    house.peers.ask_payments(AskPayments(RequestId("p1"), 3))
    assert isinstance(next_fact(house), PaymentsFailed)
    assert replies == [{"ok": False, "error": "busy; try again"}]
    house.close()
