"""The counter's payments: recorded once, read as a feed, waited for without holding anybody up."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kiosk.hub.context import Hub
from tests.hub.inprocess import Client
from tests.hub.worlds import DEEP, EPCS, KioskLog, Visitor, granted, left, line
from tests.patience import patient_s


def test_the_same_key_and_content_is_one_payment(visitor: Visitor) -> None:
    first, again = visitor.pay(), visitor.pay()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"number": 1, "visit": None}
    assert visitor.pay(amount_minor=501).status_code == 409
    assert visitor.pay(key="key-2").json()["number"] == 2


def test_the_feed_goes_on_from_its_cursor(visitor: Visitor) -> None:
    visitor.pay(key="a", amount_minor=100)
    visitor.pay(key="b", kiosk="k2", amount_minor=200)
    visitor.pay(key="c", amount_minor=None, epcs=[EPCS[0]])
    page = visitor.feed().json()
    assert [(p["number"], p["amount_minor"], p["epcs"]) for p in page["payments"]] == [
        (1, 100, []),
        (3, 0, [EPCS[0]]),
    ]
    assert page["next"] == 3
    assert visitor.feed(after=1).json()["payments"][0]["key"] == "c"
    assert visitor.feed(after=3).json() == {"payments": [], "next": 3}
    assert set(page["payments"][0]) == {
        *("number", "visit", "epcs", "amount_minor", "currency", "key", "method", "at_s")
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": -5}, "amount_minor"),
        ({"amount_minor": 2**53}, "amount_minor"),
        ({"amount_minor": 1.5}, "payment"),
        ({"amount_minor": "500"}, "payment"),
        ({"amount_minor": True}, "payment"),
        ({"amount_minor": None}, "amount_minor"),
        ({"epcs": [EPCS[0]]}, "amount_minor"),
        ({"amount_minor": None, "epcs": ["zz"]}, "epcs[0]"),
        ({"amount_minor": None, "epcs": ["00" * 12]}, "epcs[0]"),
        ({"amount_minor": None, "epcs": [EPCS[0].lower()]}, "epcs[0]"),
        ({"amount_minor": None, "epcs": [EPCS[0], EPCS[0]]}, "epcs"),
        ({"amount_minor": None, "epcs": [f"{n:04X}" for n in range(1, 502)]}, "epcs"),
        ({"currency": "USD"}, "currency"),
        ({"currency": None}, "payment"),
        ({"method": "shells"}, "method"),
        ({"key": ""}, "key"),
        ({"key": "a b"}, "key"),
        ({"kiosk": "../x"}, "kiosk"),
        ({"visit": "v" * 101}, "visit"),
        ({"amount_minor": 10**12 + 1}, "amount_minor"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused_by_field(
    visitor: Visitor, changes: dict[str, int], field: str
) -> None:
    reply = visitor.pay(**changes)
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith(f"{field}: ")
    assert visitor.feed().json()["payments"] == []


def test_an_order_that_is_too_deep_to_read_is_refused(visitor: Visitor) -> None:
    reply = visitor.client.post("/v1/payments", content=DEEP, headers=visitor.staff)
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid")


def test_without_a_policy_nobody_knows_the_currency(client: Client, hub: Hub) -> None:
    visitor = Visitor(client, hub.state.staff_token, hub.state.kiosk_token)
    reply = visitor.pay()
    assert (reply.status_code, reply.json()["type"]) == (503, "no-policy")
    assert int(reply.headers["retry-after"]) > 0


def test_only_staff_record_and_only_kiosks_and_staff_read(visitor: Visitor) -> None:
    for headers in ({}, visitor.kiosk):
        reply = visitor.client.post("/v1/payments", content=b"{}", headers=headers)
        assert reply.status_code == 401
    assert visitor.client.get("/v1/payments?kiosk=k1").status_code == 401
    for headers in (visitor.kiosk, visitor.staff):
        assert visitor.client.get("/v1/payments?kiosk=k1", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "query", [{"after": -1}, {"wait_s": 26}, {"wait_s": "x"}, {"wait_s": "nan"}, {"after": "x"}]
)
def test_a_feed_that_cannot_be_read_is_refused_in_one_line(
    visitor: Visitor, query: dict[str, int | str]
) -> None:
    reply = visitor.feed(**query)
    assert reply.status_code == 422
    assert "\n" not in reply.json()["detail"]


def test_a_waiting_kiosk_hears_of_a_payment_at_once(visitor: Visitor) -> None:
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(visitor.feed, wait_s=20)
        visitor.pay()
        page = waiting.result(10).json()
    assert page["next"] == 1
    assert time.monotonic() - began < patient_s(10)


def test_a_payment_of_another_kiosk_does_not_end_the_wait_empty(visitor: Visitor) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(visitor.feed, wait_s=20)
        visitor.pay(key="other", kiosk="k2")
        visitor.pay(key="mine")
        assert [p["key"] for p in waiting.result(10).json()["payments"]] == ["mine"]


def test_a_wait_without_a_payment_ends_empty(visitor: Visitor) -> None:
    assert visitor.feed(wait_s=0).json() == {"payments": [], "next": 0}
    assert visitor.feed(wait_s=1).json() == {"payments": [], "next": 0}


def test_a_hundred_waiting_kiosks_hold_nobody_up(visitor: Visitor) -> None:
    with ThreadPoolExecutor(100) as pool:
        waiting = [pool.submit(visitor.feed, wait_s=20) for _ in range(100)]
        assert visitor.visits()["visits"] == []
        visitor.pay()
        assert all(each.result(10).json()["next"] == 1 for each in waiting)


def test_a_stopping_hub_wakes_whoever_waits(visitor: Visitor, hub: Hub) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(visitor.feed, wait_s=20)
        visitor.client.call(hub.paid.silence)
        assert waiting.result(5).json() == {"payments": [], "next": 0}


def test_a_late_payment_settles_its_lines_and_changes_no_outcome(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "unpaid", line(0, 800), line(1, 300))
    visitor.send(kiosk_log)
    (before,) = visitor.visits()["visits"]
    assert (before["outcome"], before["unpaid_minor"], before["grace"]) == (
        "unpaid",
        1100,
        "running",
    )
    told = visitor.pay(amount_minor=350).json()["visit"]
    assert told == {"state": "unpaid", "paid_minor": 300, "owed_minor": 800, "credit_minor": 50}
    (after,) = visitor.visits()["visits"]
    assert [x["paid"] for x in after["lines"]] == [False, True]
    assert (after["outcome"], after["unpaid_minor"], after["credit_minor"]) == ("unpaid", 800, 50)
    visitor.pay(key="key-2", amount_minor=750)
    (settled,) = visitor.visits()["visits"]
    assert (settled["outcome"], settled["unpaid_minor"], settled["grace"]) == ("unpaid", 0, "paid")


def test_money_for_an_item_that_is_not_owed_is_refused_and_not_swallowed(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "unpaid", line(0, 800), line(1, 300), line(2, 100, paid=True))
    assert visitor.send(kiosk_log).status_code == 200
    for number, why in ((2, "is paid already"), (5, "is no item of this visit")):
        reply = visitor.pay(key=f"key-{number}", amount_minor=None, epcs=[EPCS[number]])
        assert reply.status_code == 422
        assert reply.json()["detail"].startswith(f"epcs[0]: {why}; look at its page")
    assert visitor.pay(amount_minor=None, epcs=[EPCS[1]]).status_code == 201
    assert visitor.pay(amount_minor=None, epcs=[EPCS[1]]).status_code == 200, "the same again"
    twice = visitor.pay(key="key-2", amount_minor=None, epcs=[EPCS[0], EPCS[1]])
    assert (twice.status_code, twice.json()["field"]) == (422, "epcs[1]")
    assert visitor.visits()["visits"][0]["unpaid_minor"] == 800, "and nothing of it was recorded"


def test_a_payment_is_told_how_far_the_hub_knows_its_visit(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    assert visitor.pay(key="before").json()["visit"] is None, "its log may still come"
    granted(kiosk_log, "v1")
    visitor.send(kiosk_log)
    nothing = {"paid_minor": 0, "owed_minor": 0, "credit_minor": 0}
    for key in ("before", "inside"):
        assert visitor.pay(key=key).json()["visit"] == {"state": "open", **nothing}, key
    left(kiosk_log, "v1", "unpaid", line(0, 800))
    visitor.send(kiosk_log, 2)
    stands = {"state": "unpaid", "paid_minor": 800, "owed_minor": 0, "credit_minor": 700}
    assert visitor.pay(key="late").json()["visit"] == stands
    assert visitor.pay(key="late").json()["visit"] == stands, "the same again"


def test_a_payment_for_whoever_did_not_come_in_is_told_so(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    refused = {"decision": "refused", "reason": "forged", "way": None, "policy": 1}
    kiosk_log.add("decision.made", refused, "turned-away")
    granted(kiosk_log, "left-outside")
    kiosk_log.add("visit.not_entered", {}, "left-outside")
    assert visitor.send(kiosk_log).status_code == 200
    for visit in ("turned-away", "left-outside"):
        told = visitor.pay(key=visit, visit=visit).json()["visit"]
        assert told["state"] == "outside", visit
