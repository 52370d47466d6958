"""One visit's page, and recording a payment on it."""

import pytest

from kiosk.core.values import Json
from tests.hub.pages.conftest import Browser
from tests.hub.pages.reading import Node, read
from tests.hub.worlds import EPCS, KioskLog, Visitor, granted, left, line


@pytest.fixture
def unpaid(shop: Browser, visitor: Visitor, kiosk_log: KioskLog) -> Browser:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "unpaid", line(0, 599), line(1, 300))
    assert visitor.send(kiosk_log).status_code == 200
    return shop


def form_of(page: Node) -> dict[str, str]:
    form = page.all("main")[0].all("form")[0]
    fields = [x.attributes for x in form.all("input")]
    return {f["name"]: f["value"] for f in fields if f.get("type") != "radio" or "checked" in f}


def test_the_page_tells_what_was_seen_and_every_record(unpaid: Browser) -> None:
    page = unpaid.open("/visits/v1")
    text = page.text
    for words in (
        "Item 0",
        "€5.99",
        EPCS[0],
        "Still owed",
        "€8.99",
        "the threshold is met",
        "by score",
    ):
        assert words in text
    assert "may still pay late until" in text
    timeline = page.all("tbody")[-1]
    assert [row.all("th")[0].text for row in timeline.all("tr")] == [
        "The gate answered: let in, because the threshold is met",
        "The visit began",
        "Left with unpaid items",
        "Time to pay late began",
    ]


def test_the_form_records_the_whole_amount_as_it_stands(unpaid: Browser, visitor: Visitor) -> None:
    form = form_of(unpaid.open("/visits/v1"))
    assert (form["amount"], form["method"]) == ("8.99", "cash")
    reply = unpaid.submit("/visits/v1/payments", **form)
    assert (reply.status_code, reply.headers["location"]) == (303, "/visits/v1?paid=1")
    page = unpaid.open("/visits/v1?paid=1")
    assert "Recorded: €8.99, payment 1." in page.text
    assert "Record a payment" not in page.text, "nothing is owed any more"
    assert "Paid late Left with unpaid items; everything was paid since." in page.text
    (visit,) = visitor.visits()["visits"]
    assert (visit["outcome"], visit["unpaid_minor"]) == ("unpaid", 0)


def test_a_form_that_is_sent_twice_is_one_payment(unpaid: Browser, visitor: Visitor) -> None:
    form = form_of(unpaid.open("/visits/v1"))
    for _ in range(2):
        assert unpaid.submit("/visits/v1/payments", **form).status_code == 303
    assert len(visitor.feed().json()["payments"]) == 1


@pytest.mark.parametrize("amount", ["3,00", "3.00", " 3 "])
def test_an_amount_may_be_written_as_people_write_it(
    unpaid: Browser, visitor: Visitor, amount: str
) -> None:
    form = form_of(unpaid.open("/visits/v1")) | {"amount": amount, "method": "card"}
    unpaid.submit("/visits/v1/payments", **form)
    (payment,) = visitor.feed().json()["payments"]
    assert (payment["amount_minor"], payment["method"]) == (300, "card")
    assert "€5.99" in unpaid.open("/visits/v1").text


@pytest.mark.parametrize(
    "changes",
    [
        *({"amount": a} for a in ("", "x", "0", "-1", "1.999", "NaN", "Infinity", "9" * 39)),
        {"method": "shells"},
        {"kiosk": "k9"},
        {"kiosk": "k1 "},
        {"key": "a b"},
    ],
)
def test_what_cannot_be_recorded_says_why_and_records_nothing(
    unpaid: Browser, visitor: Visitor, changes: dict[str, str]
) -> None:
    form = form_of(unpaid.open("/visits/v1")) | changes
    reply = unpaid.submit("/visits/v1/payments", **form)
    assert reply.status_code == 422
    assert visitor.feed().json()["payments"] == []
    if form["kiosk"] == "k1" and form["amount"]:
        assert 'role="alert"' in reply.text
        assert "Not recorded:" in reply.text


def test_more_than_is_owed_is_a_slip_and_is_refused(unpaid: Browser, visitor: Visitor) -> None:
    form = form_of(unpaid.open("/visits/v1")) | {"amount": "99999999"}
    reply = unpaid.submit("/visits/v1/payments", **form)
    assert reply.status_code == 422
    assert "Not recorded: this visit owes €8.99, not more" in reply.text
    assert visitor.feed().json()["payments"] == []


def test_credit_is_shown(unpaid: Browser, visitor: Visitor) -> None:
    visitor.pay(amount_minor=310)
    text = unpaid.open("/visits/v1").text
    assert "€0.10 that covers no whole item" in text


def test_a_payment_by_item_is_listed(unpaid: Browser, visitor: Visitor) -> None:
    visitor.pay(amount_minor=None, epcs=[EPCS[0], EPCS[1]])
    assert "2 named items" in unpaid.open("/visits/v1").text


def test_an_unknown_visit_says_so(shop: Browser) -> None:
    assert "no visit of this number" in shop.open("/visits/nobody", 404).text


def test_an_attempt_is_no_visit(shop: Browser, visitor: Visitor, kiosk_log: KioskLog) -> None:
    kiosk_log.add("decision.made", {"decision": "refused", "reason": "forged"}, "v1")
    visitor.send(kiosk_log)
    text = shop.open("/visits/v1").text
    assert "Attempt Not let in: the code was not genuine" in text
    assert "forged" in text, "the code stays beside the words"
    assert "Ended" not in text, "nothing began"
    assert "Items" not in text


def test_a_visit_that_goes_on_has_not_ended(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    granted(kiosk_log, "v1")
    visitor.send(kiosk_log)
    assert "Ended not yet" in shop.open("/visits/v1").text


def test_why_it_is_not_clear_what_left_is_said(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    granted(kiosk_log, "v1")
    kiosk_log.add("exit.unresolved", {"lines": [], "cause": "unstable-reads"}, "v1")
    visitor.send(kiosk_log)
    text = shop.open("/visits/v1").text
    assert "because some tags were read too rarely to be sure . Nobody owes" in text
    assert "No items." in text


def test_a_form_that_was_sent_before_with_another_amount_is_told_in_plain_words(
    unpaid: Browser, visitor: Visitor
) -> None:
    form = form_of(unpaid.open("/visits/v1")) | {"amount": "1.00"}
    assert unpaid.submit("/visits/v1/payments", **form).status_code == 303
    reply = unpaid.submit("/visits/v1/payments", **form | {"amount": "2.00"})
    assert reply.status_code == 422
    assert "this form was sent before with another amount" in reply.text
    assert "key" not in read(reply.text).text
    assert len(visitor.feed().json()["payments"]) == 1
    again = form_of(read(reply.text))
    assert (again["amount"], again["key"] != form["key"]) == ("2.00", True)
    assert unpaid.submit("/visits/v1/payments", **again).status_code == 303


def test_an_event_without_words_of_its_own_is_still_readable(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    kiosk_log.add("robot.arm_moved", {}, "v1")
    visitor.send(kiosk_log)
    assert "robot: arm moved" in shop.open("/visits/v1").text


def test_one_number_at_two_kiosks_is_shown_twice(unpaid: Browser, visitor: Visitor) -> None:
    other = KioskLog("shop/k2")
    visitor.enrol(other)
    granted(other, "v1")
    left(other, "v1", "unpaid", line(0, 100))
    visitor.send(other)
    page = unpaid.open("/visits/v1")
    assert len(page.all("main")[0].all("form")) == 2


def test_choices_groups_and_limits_are_told_in_words(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    kiosk_log.add("choice.taken", {"way": "group"}, "v1")
    kiosk_log.add("choice.taken", {"way": "flight"}, "v1")
    granted(kiosk_log, "v1")
    kiosk_log.add("visit.entered", {"group": True}, "v1")
    over: list[Json] = ["items", "value", "new", 7]
    kiosk_log.add("exit.paid", {"lines": [], "currency": "EUR", "over": over}, "v1")
    visitor.send(kiosk_log)
    text = shop.open("/visits/v1").text
    for words in (
        "The customer chose to bring a group",
        "The customer chose a way",
        "The customer came in with a group",
        "More items left than this way in allows. Nobody is held back for it.",
        "Items of a higher value left than this way in allows.",
    ):
        assert words in text
