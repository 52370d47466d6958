"""The hub's client says what the hub said, word for word of its protocol, or raises."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.values import Epc, Payment, VisitId
from kiosk.remote.errors import BadAnswerError, RefusedError, TimedOutError, UnreachableError
from kiosk.remote.hub import (
    RETRY_S,
    Accepted,
    Forked,
    Gap,
    HubClient,
    Rejected,
    RetryLater,
    SyncReply,
)
from kiosk.remote.orders import PaymentOrder, PaymentsPage, RecordedPayment, VisitStanding
from kiosk.remote.payments.base import PaymentProvider
from kiosk.remote.payments.counter import CounterPayments
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import Fault, FaultyServer, as_json, serving

PROBLEM = {"Content-Type": "application/problem+json"}
BATCH = b'{"salt":"c3M","body":"e30","sealed":null}\n{"checkpoint":"note"}\n'


@contextmanager
def hub(fault: Fault) -> Iterator[tuple[HubClient, FaultyServer]]:
    """A client and the hub that has this fault."""
    with serving(fault) as server:
        client = HubClient(server.url, "tok", deadline_s=5)
        try:
            yield client, server
        finally:
            client.close()


def test_a_document_is_asked_for_by_the_version_that_is_held() -> None:
    with hub(faults.answers(b"envelope", headers={"ETag": '"4"'})) as (client, server):
        assert client.document("policy", 3) == b"envelope"
        assert client.document("policy") == b"envelope"
    held, first = server.requests
    assert (held.line, held.headers["if-none-match"]) == (
        "GET /v1/documents/policy HTTP/1.1",
        '"3"',
    )
    assert "if-none-match" not in first.headers


@pytest.mark.parametrize("status", ["304 Not Modified", "404 Not Found"])
def test_no_newer_document_is_none(status: str) -> None:
    with hub(faults.answers(b"", status)) as (client, _):
        assert client.document("keys", 9) is None


def test_a_hub_in_trouble_is_not_a_missing_document() -> None:
    with hub(faults.error_500) as (client, _), pytest.raises(RefusedError):
        client.document("policy")


def test_a_document_is_published_as_it_was_signed() -> None:
    with hub(faults.answers(b"{}", "201 Created")) as (client, server):
        client.put_document("policy", b'{"sig":""}')
    assert (server.requests[0].line, server.requests[0].body) == (
        "PUT /v1/documents/policy HTTP/1.1",
        b'{"sig":""}',
    )


def test_a_refused_document_says_why() -> None:
    older = faults.answers(b'{"detail":"version 3 is not above 4"}', "409 Conflict", PROBLEM)
    with hub(older) as (client, _), pytest.raises(RefusedError) as caught:
        client.put_document("policy", b"")
    assert (caught.value.status, caught.value.reason) == (409, "version 3 is not above 4")


def send(fault: Fault) -> SyncReply:
    """What the hub says to a batch."""
    with hub(fault) as (client, _):
        return client.upload("shop/kiosk", 7, BATCH)


def test_a_batch_is_sent_as_it_is_to_the_place_where_it_begins() -> None:
    with hub(as_json({"size": 9, "next_after_s": 60})) as (client, server):
        client.upload("shop/kiosk", 7, BATCH)
    request = server.requests[0]
    assert request.line == "POST /v1/logs/shop~kiosk/entries?from=7 HTTP/1.1"
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.body == BATCH


REPLIES: dict[str, tuple[Fault, SyncReply]] = {
    "held": (as_json({"size": 9, "next_after_s": 5}), Accepted(9, 5)),
    "held, with more to say": (as_json({"size": 9, "retention": {}}), Accepted(9, 60)),
    "gap": (
        faults.answers(b"4\n", "409 Conflict", {"Content-Type": "text/x.tlog.size"}),
        Gap(4),
    ),
    "fork": (
        faults.answers(b'{"type":"fork","detail":"leaf 4 differs"}', "409 Conflict", PROBLEM),
        Forked("leaf 4 differs"),
    ),
    "unknown log": (
        faults.answers(b'{"detail":"no such log"}', "401 Unauthorized", PROBLEM),
        Rejected(401, "no such log"),
    ),
    "bad entry": (
        faults.answers(b'{"detail":"entry 8"}', "422 Unprocessable Content", PROBLEM),
        Rejected(422, "entry 8"),
    ),
    "too large": (faults.answers(b"", "413 Content Too Large"), Rejected(413, "")),
    "retired": (faults.answers(b"", "410 Gone"), Rejected(410, "")),
    "booked": (faults.busy_503, RetryLater(7)),
    "busy": (faults.answers(b"", "429 Too Many Requests"), RetryLater(RETRY_S)),
}


@pytest.mark.parametrize(("fault", "reply"), REPLIES.values(), ids=REPLIES.keys())
def test_every_reply_to_a_batch_has_its_word(fault: Fault, reply: SyncReply) -> None:
    assert send(fault) == reply


@pytest.mark.parametrize(
    "fault",
    [
        as_json({"next_after_s": 5}),
        as_json({"size": "9"}),
        as_json([]),
        as_json({"size": -1}),
        as_json({"size": 7}),
        faults.answers(b"7\n", "409 Conflict", {"Content-Type": "text/x.tlog.size"}),
        as_json({"size": 2**60}),
        as_json({"size": 9, "next_after_s": -5}),
        as_json({"size": 9, "next_after_s": 10**9}),
        faults.empty_200,
        faults.cuts_body,
        faults.answers(b"-4", "409 Conflict", {"Content-Type": "text/x.tlog.size"}),
        faults.answers(b"\xd9\xa1", "409 Conflict", {"Content-Type": "text/x.tlog.size"}),
    ],
)
def test_an_answer_outside_the_protocol_is_bad(fault: Fault) -> None:
    with pytest.raises(BadAnswerError):
        send(fault)


@pytest.mark.parametrize(
    "fault", [faults.error_500, faults.redirect, faults.answers(b"?", "409 Conflict")]
)
def test_a_status_without_a_word_is_raised(fault: Fault) -> None:
    with pytest.raises(RefusedError):
        send(fault)


def test_a_note_is_given_as_text_and_none_when_the_hub_holds_nothing() -> None:
    with hub(faults.answers(b"shop/kiosk\n9\n")) as (client, server):
        assert client.checkpoint("shop/kiosk") == "shop/kiosk\n9\n"
        assert server.requests[0].path == "/v1/logs/shop~kiosk/checkpoint"
    with hub(faults.answers(b"", "404 Not Found")) as (client, _):
        assert client.checkpoint("shop/kiosk") is None


PAGE = {
    "payments": [
        {
            "number": 3,
            "visit": "v1",
            "epcs": ["30AA"],
            "amount_minor": 0,
            "currency": "EUR",
            "key": "k1",
            "method": "cash",
            "at_s": 1,
        }
    ],
    "next": 3,
}


def test_the_feed_gives_payments_in_the_words_of_the_core() -> None:
    with hub(as_json(PAGE)) as (client, server):
        page = CounterPayments(client, "shop/k 1").since(2, 25)
    assert page == PaymentsPage((Payment(3, VisitId("v1"), (Epc("30AA"),), 0, "EUR", "k1"),), 3)
    assert server.requests[0].path == "/v1/payments?kiosk=shop%2Fk+1&after=2&wait_s=25"
    assert server.requests[0].headers["authorization"] == "Bearer tok"


def paid(*numbers: int) -> list[dict[str, object]]:
    """Rows of the feed with these numbers."""
    return [{"number": number, "visit": "v", "currency": "EUR", "key": "k"} for number in numbers]


@pytest.mark.parametrize(
    "answer",
    [
        {"payments": [], "next": 1},
        {"payments": [], "next": 9},
        {"payments": [{"number": 1}], "next": 5},
        {"next": 5},
        {"payments": paid(4, 3), "next": 3},
        {"payments": paid(3, 3), "next": 3},
        {"payments": paid(2), "next": 2},
        {"payments": paid(3), "next": 4},
        {"payments": [{**paid(3)[0], "amount_minor": -1}], "next": 3},
        {"payments": [{**paid(3)[0], "amount_minor": 2**53}], "next": 3},
    ],
)
def test_a_feed_that_skips_repeats_goes_back_or_is_incomplete_is_bad(answer: object) -> None:
    with hub(as_json(answer)) as (client, _), pytest.raises(BadAnswerError):
        client.payments("k", 2)


def test_a_feed_without_news_stays_where_it_is() -> None:
    with hub(as_json({"payments": [], "next": 2})) as (client, _):
        assert client.payments("k", 2) == PaymentsPage((), 2)


ORDER = PaymentOrder("k1", "shop/k", VisitId("v1"), "EUR", (Epc("30AA"),))
AMOUNT = PaymentOrder("k2", "shop/k", VisitId("v1"), "EUR", amount_minor=599, method="card")


@pytest.mark.parametrize("status", ["200 OK", "201 Created"])
def test_a_payment_is_recorded_for_items_or_for_an_amount(status: str) -> None:
    with hub(faults.answers(b'{"number":4}', status)) as (client, server):
        counter: PaymentProvider = CounterPayments(client, "shop/k")
        assert [counter.record(ORDER), counter.record(AMOUNT)] == [4, 4]
    items, amount = [json.loads(request.body) for request in server.requests]
    common = {"kiosk": "shop/k", "visit": "v1", "currency": "EUR"}
    assert items == {**common, "key": "k1", "method": "cash", "epcs": ["30AA"]}
    assert amount == {**common, "key": "k2", "method": "card", "amount_minor": 599}


def test_a_payment_is_told_how_its_visit_stands() -> None:
    standing = {"state": "unpaid", "paid_minor": 300, "owed_minor": 800, "credit_minor": 50}
    with hub(as_json({"number": 4, "visit": standing})) as (client, _):
        told = client.record_payment(ORDER)
    assert told == RecordedPayment(4, VisitStanding("unpaid", 300, 800, 50))
    with hub(as_json({"number": 4, "visit": None})) as (client, _):
        assert client.record_payment(ORDER) == RecordedPayment(4)
    with (
        hub(as_json({"number": 4, "visit": {**standing, "owed_minor": -1}})) as (client, _),
        pytest.raises(BadAnswerError),
    ):
        client.record_payment(ORDER)


def test_a_key_that_paid_for_something_else_is_refused() -> None:
    used = faults.answers(b'{"detail":"key was used"}', "409 Conflict", PROBLEM)
    with hub(used) as (client, _), pytest.raises(RefusedError, match="key was used"):
        client.record_payment(ORDER)


def test_a_lost_hub_is_unreachable_or_late() -> None:
    client = HubClient(f"http://127.0.0.1:{faults.closed_port()}")
    with pytest.raises(UnreachableError):
        client.payments("k", 0)
    client.close()
    with serving(faults.hangs) as server:
        client = HubClient(server.url, deadline_s=0.2)
        with pytest.raises(TimedOutError):
            client.document("policy")
        client.close()


@given(st.binary(max_size=200))
def test_any_body_is_accepted_by_the_protocol_or_bad(body: bytes) -> None:
    client = HubClient("http://127.0.0.1:1")
    try:
        size = client._size(body)
    except BadAnswerError:
        size = 0
    finally:
        client.close()
    assert size >= 0


def test_an_answer_that_is_too_deep_to_read_is_a_bad_one() -> None:
    deep = b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    with hub(faults.answers(deep)) as (client, _):
        with pytest.raises(BadAnswerError):
            client.payments("k1", 0)
        with pytest.raises(BadAnswerError):
            client.upload("shop/k1", 0, BATCH)


def test_p10_a_payment_beyond_what_a_sum_can_hold_is_a_bad_answer() -> None:
    row = {"number": 1, "visit": "v", "currency": "EUR", "key": "k", "amount_minor": 10**12 + 1}
    with hub(as_json({"payments": [row], "next": 1})) as (client, _), pytest.raises(BadAnswerError):
        client.payments("k1", 0)
