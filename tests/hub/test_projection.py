"""What a log's events mean for visits, losses and devices; odd fields are left out, never fatal."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.core.values import Json
from tests.hub.worlds import EPCS, KioskLog, Visitor, granted, left, line


def shown(visitor: Visitor, log: KioskLog) -> dict[str, Any]:
    assert visitor.send(log).status_code == 200
    return visitor.visits()


def test_a_visit_is_shown_as_the_log_tells_it(visitor: Visitor, kiosk_log: KioskLog) -> None:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "paid", line(0, 599, paid=True))
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert visit == {
        "id": "v1",
        "decision": "granted",
        "reason": "met",
        "way": "score",
        "outcome": "paid",
        "lines": [line(0, 599, paid=True)],
        "unpaid_minor": 0,
        "credit_minor": 0,
        "grace": None,
        "grace_until_s": None,
        "opened_at": kiosk_log.now_ms // 1000 - 2,
        "ended_at": kiosk_log.now_ms // 1000 - 1,
    }


def test_the_decision_is_the_first_answer_and_the_way_is_the_grants(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    facts: dict[str, Json] = {"decision": "offered", "reason": "below-threshold", "way": None}
    kiosk_log.add("decision.made", facts, "v1")
    kiosk_log.add("choice.taken", {"way": "voucher"}, "v1")
    granted(kiosk_log, "v1", way="voucher")
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert (visit["decision"], visit["reason"]) == ("offered", "below-threshold")
    assert (visit["way"], visit["outcome"]) == ("voucher", None)


def test_an_attempt_that_was_refused_is_kept_without_an_outcome(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    kiosk_log.add("decision.made", {"decision": "refused", "reason": "forged", "way": None}, "v1")
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert (visit["decision"], visit["outcome"], visit["ended_at"]) == ("refused", None, None)


def test_a_visit_that_nobody_entered_ends_without_an_outcome(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    granted(kiosk_log, "v1")
    kiosk_log.add("visit.not_entered", {}, "v1")
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert visit["outcome"] is None
    assert visit["ended_at"] is not None


def test_visits_come_in_the_order_they_began(visitor: Visitor, kiosk_log: KioskLog) -> None:
    for visit in ("zz", "aa", "mm"):
        granted(kiosk_log, visit)
    assert [v["id"] for v in shown(visitor, kiosk_log)["visits"]] == ["zz", "aa", "mm"]


def test_an_exit_of_nobody_known_is_a_loss_of_nobody(visitor: Visitor, kiosk_log: KioskLog) -> None:
    granted(kiosk_log, "v1")
    kiosk_log.add("exit.unresolved", {"epcs": [EPCS[3], EPCS[4]], "cause": "nobody-known"})
    kiosk_log.add("exit.unresolved", {"lines": [line(5, 100)]})
    found = shown(visitor, kiosk_log)
    assert [each["epc"] for each in found["anonymous"]] == [EPCS[3], EPCS[4], EPCS[5]]
    assert found["visits"][0]["outcome"] is None, "it is never pinned on the last customer"


def test_an_unresolved_exit_owes_nothing(visitor: Visitor, kiosk_log: KioskLog) -> None:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "unresolved", line(0, 599))
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert (visit["unpaid_minor"], visit["grace"]) == (0, None)


def test_a_second_outcome_does_not_replace_the_first(visitor: Visitor, kiosk_log: KioskLog) -> None:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "paid", line(0, 100, paid=True))
    left(kiosk_log, "v1", "unpaid", line(1, 999))
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert (visit["outcome"], len(visit["lines"]), visit["grace"]) == ("paid", 1, None)


def test_two_kiosks_do_not_write_one_visit(visitor: Visitor, kiosk_log: KioskLog) -> None:
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "unpaid", line(0, 599))
    other = KioskLog("shop/k2")
    visitor.enrol(other)
    left(other, "v1", "paid")
    assert visitor.send(other).status_code == 200
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert visit["outcome"] == "unpaid"


def test_only_staff_see_visits(visitor: Visitor) -> None:
    for headers in ({}, visitor.kiosk):
        assert visitor.client.get("/v1/visits?kiosk=k1", headers=headers).status_code == 401
    assert visitor.client.get("/v1/visits", headers=visitor.staff).status_code == 422


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=5,
)
FIELDS = (
    *("decision", "reason", "way", "policy", "lines", "epcs", "currency", "unpaid_minor"),
    *("credit_minor", "payments_through", "device", "detail", "gate"),
)
KINDS = (
    *("decision.made", "visit.opened", "exit.unpaid", "exit.unresolved", "exit.paid"),
    *("device.fault", "device.cleared", "visit.not_entered", "choice.taken", "brand.new"),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=4),
            st.sampled_from(["", "v1", "v2"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_event_stops_the_log(
    visitor: Visitor, kiosk_log: KioskLog, events: list[tuple[str, dict[str, Json], str]]
) -> None:
    start = kiosk_log.size
    for kind, data, visit in events:
        kiosk_log.add(kind, data, visit)
    reply = visitor.send(kiosk_log, start)
    assert (reply.status_code, reply.json().get("size")) == (200, kiosk_log.size)
    assert visitor.visits()["logs"][0]["size"] == kiosk_log.size


@pytest.mark.parametrize("credit_minor", [2**53 - 1, -1, True])
def test_credit_that_nobody_paid_stops_no_payment(
    visitor: Visitor, kiosk_log: KioskLog, credit_minor: int
) -> None:
    granted(kiosk_log, "v1")
    facts: dict[str, Json] = {"lines": [line(0, 500)], "credit_minor": credit_minor}
    kiosk_log.add("exit.unpaid", {**facts, "currency": "EUR"}, "v1")
    assert visitor.send(kiosk_log).status_code == 200
    assert visitor.pay(amount_minor=600).status_code == 201
    assert visitor.visits()["visits"][0]["unpaid_minor"] == 0


@pytest.mark.parametrize(
    "lines",
    [[{"epc": 1}], "x", [{**line(0, 5), "price_minor": -5}], None, [line(0, 2**53 - 1)] * 2],
)
def test_lines_that_cannot_be_read_are_left_out(
    visitor: Visitor, kiosk_log: KioskLog, lines: Json
) -> None:
    granted(kiosk_log, "v1")
    kiosk_log.add("exit.unpaid", {"lines": lines, "currency": "EUR"}, "v1")
    (visit,) = shown(visitor, kiosk_log)["visits"]
    assert (visit["outcome"], visit["lines"], visit["grace"]) == ("unpaid", [], None)
