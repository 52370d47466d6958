"""The time to pay late begins once, ends once, and late money settles lines in read order."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.core.values import ClockSync, Json
from kiosk.hub import grace
from kiosk.hub.documents import payload_of
from kiosk.hub.entries import read_batch
from kiosk.hub.ingest import receive
from kiosk.hub.payments import Asked, record
from kiosk.hub.projection import project
from kiosk.hub.publishing import publish
from kiosk.hub.sql.migrate import migrate
from kiosk.hub.sql.store import SqlStore, open_engine
from kiosk.hub.store.base import Store
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.office import OfficeRow
from kiosk.hub.store.visits import VisitRow
from kiosk.ledger.checkpoint import parse_vkey
from tests.hub.worlds import EPCS, NOON_MS, KioskLog, Owner, granted, left, line, moment

HOUR_MS = 3_600_000
DAY_S = 86_400


def fresh_store(places: pytest.TempPathFactory) -> SqlStore:
    """A store of its own for one example."""
    engine = open_engine(places.mktemp("store") / "hub.db")
    migrate(engine)
    return SqlStore(engine)


class Shop:
    """A store with a policy and one kiosk, driven by hand."""

    def __init__(self, store: Store, owner: Owner) -> None:
        self.store = store
        self.owner = owner
        self.log = KioskLog()
        self.now_ms = NOON_MS
        self.sync = ClockSync.NTP
        with store.write() as tx:
            tx.logs.enrol(self.log.row())
        self.publish(1)

    def publish(self, version: int, **changes: Json) -> None:
        """Publish a policy."""
        envelope = self.owner.policy(version, **changes)
        with self.store.write() as tx:
            publish(tx, "policy", envelope, payload_of(envelope), moment(self.now_ms))

    def upload(self) -> None:
        """Send the hub what it has not got."""
        with self.store.read() as tx:
            row = tx.logs.find(self.log.name)
        assert row is not None
        sent = read_batch(self.log.upload(row.size), row.size, parse_vkey(self.log.vkey))
        receive(self.store, self.log.name, sent, moment(self.now_ms, self.sync), project)

    def pay(self, amount_minor: int = 0, epcs: Sequence[str] = (), visit: str = "v1") -> None:
        """Record a payment at the counter."""
        with self.store.write() as tx:
            number = len(tx.payments.after("k1", 0, 1000)) + 1
            key = f"key-{number}"
            asked = Asked(key, "k1", visit, "EUR", "cash", tuple(epcs), amount_minor)
            record(tx, asked, moment(self.now_ms, self.sync))

    def expire(self) -> int:
        """Look for graces that are over."""
        return grace.expire(self.store, moment(self.now_ms, self.sync))

    def visit(self, visit: str = "v1") -> VisitRow:
        """The visit as the hub has it."""
        with self.store.read() as tx:
            row = tx.visits.find("k1", visit)
        assert row is not None
        return row

    def paid(self, visit: str = "v1") -> list[bool]:
        """Which lines are paid."""
        with self.store.read() as tx:
            return [row.paid for row in tx.visits.lines("k1", visit)]

    def grace(self, visit: str = "v1") -> GraceRow | None:
        """The visit's grace."""
        with self.store.read() as tx:
            return tx.graces.find("k1", visit)

    def said(self) -> list[str]:
        """What the office says, documents aside."""
        return [row.type for row in self.office() if row.type != "document.published"]

    def office(self) -> list[OfficeRow]:
        """The events that wait for the office log."""
        with self.store.read() as tx:
            return list(tx.office.waiting(1000))

    def unpaid(self, *prices: int, through: int = 0) -> None:
        """Let a visit leave with unpaid items of these prices."""
        granted(self.log, "v1")
        lines = [line(n, price) for n, price in enumerate(prices)]
        left(self.log, "v1", "unpaid", *lines, through=through)
        self.upload()


@pytest.fixture
def shop(sql_store: SqlStore, owner: Owner) -> Shop:
    return Shop(sql_store, owner)


def test_an_unpaid_exit_begins_a_grace_that_cites_its_entry(shop: Shop) -> None:
    shop.unpaid(599)
    found = shop.grace()
    assert found is not None
    assert (found.amount_minor, found.currency, found.state) == (599, "EUR", "running")
    assert found.due_s == NOON_MS // 1000 + DAY_S
    said = shop.office()[-1]
    assert (said.type, said.visit) == ("grace.started", "v1")
    for fact in (b'"index":2', b'"origin":"shop/k1"', b'"amount":599', b'"leaf":"'):
        assert fact in said.data


@pytest.mark.parametrize("outcome", ["paid", "empty", "unresolved"])
def test_no_other_outcome_begins_a_grace(shop: Shop, outcome: str) -> None:
    granted(shop.log, "v1")
    left(shop.log, "v1", outcome, line(0, 599, paid=outcome == "paid"))
    shop.upload()
    assert shop.grace() is None
    assert shop.said() == []


def test_the_grace_lasts_as_long_as_the_policy_of_the_visit_says(shop: Shop) -> None:
    granted(shop.log, "v1")
    shop.publish(2, grace_s=60)
    left(shop.log, "v1", "unpaid", line(0, 599))
    shop.upload()
    found = shop.grace()
    assert found is not None
    assert found.grace_s == DAY_S


def test_a_visit_of_an_unknown_policy_gets_the_policy_in_force(shop: Shop) -> None:
    shop.publish(7, grace_s=60)
    shop.log.add("visit.opened", {"policy": 3}, "v1")
    left(shop.log, "v1", "unpaid", line(0, 599))
    shop.upload()
    found = shop.grace()
    assert found is not None
    assert found.grace_s == 60


def test_a_payment_by_item_covers_just_that_item(shop: Shop) -> None:
    shop.unpaid(800, 300)
    shop.pay(epcs=[EPCS[1]])
    assert shop.paid() == [False, True]
    assert shop.visit().credit_minor == 0


def test_an_amount_covers_whole_lines_and_the_rest_is_credit(shop: Shop) -> None:
    shop.unpaid(800, 300)
    shop.pay(350)
    assert (shop.paid(), shop.visit().credit_minor) == ([False, True], 50)
    shop.pay(749)
    assert (shop.paid(), shop.visit().credit_minor) == ([False, True], 799)
    shop.pay(1)
    assert (shop.paid(), shop.visit().credit_minor) == ([True, True], 0)
    assert shop.said() == ["grace.started", *["payment.settled"] * 3, "grace.paid"]


def test_credit_that_the_kiosk_holds_counts_too(shop: Shop) -> None:
    granted(shop.log, "v1")
    facts: dict[str, Json] = {
        "lines": [line(0, 800)],
        "currency": "EUR",
        "payments_through": 0,
        "credit_minor": 500,
    }
    shop.log.add("exit.unpaid", facts, "v1")
    shop.upload()
    shop.pay(300)
    assert shop.paid() == [True]


def test_a_payment_that_the_kiosk_counted_is_not_counted_again(shop: Shop) -> None:
    shop.pay(300)
    shop.unpaid(300, through=1)
    assert shop.paid() == [False]
    shop.pay(300)
    assert shop.paid() == [True]


def test_a_payment_before_the_log_arrives_is_kept_and_applied_then(shop: Shop) -> None:
    shop.pay(599)
    shop.unpaid(599)
    assert shop.paid() == [True]
    assert shop.said() == ["grace.started", "payment.settled", "grace.paid"]
    assert shop.visit().outcome == "unpaid", "late money changes no outcome"


def test_money_for_a_visit_that_owes_nothing_is_credit(shop: Shop) -> None:
    granted(shop.log, "v1")
    left(shop.log, "v1", "empty")
    shop.upload()
    shop.pay(250)
    assert shop.visit().credit_minor == 250
    assert shop.said() == ["payment.settled"]


def test_a_visit_that_goes_on_is_left_to_its_kiosk(shop: Shop) -> None:
    granted(shop.log, "v1")
    shop.upload()
    shop.pay(599)
    assert shop.said() == []
    assert shop.visit().settled_through == 0


def test_a_grace_expires_once_and_only_after_its_time(shop: Shop) -> None:
    shop.unpaid(599)
    shop.now_ms += DAY_S * 1000 - 1000
    assert shop.expire() == 0
    shop.now_ms += 1000
    assert shop.expire() == 1
    assert shop.expire() == 0
    assert shop.said() == ["grace.started", "grace.expired"]


def test_what_is_paid_in_time_never_expires(shop: Shop) -> None:
    shop.unpaid(599)
    shop.pay(599)
    shop.now_ms += 2 * DAY_S * 1000
    assert shop.expire() == 0
    assert shop.said() == ["grace.started", "payment.settled", "grace.paid"]


def test_what_is_paid_after_the_grace_settles_its_lines_and_nothing_else(shop: Shop) -> None:
    shop.unpaid(599)
    shop.now_ms += 2 * DAY_S * 1000
    shop.expire()
    shop.pay(599)
    assert shop.paid() == [True]
    found = shop.grace()
    assert found is not None
    assert found.state == "expired"
    assert shop.said() == ["grace.started", "grace.expired", "payment.settled"]


def test_no_time_passes_while_the_hub_does_not_know_the_time(shop: Shop) -> None:
    shop.sync, shop.now_ms = ClockSync.NONE, 1000
    shop.unpaid(599)
    found = shop.grace()
    assert found is not None
    assert found.due_s is None
    assert shop.said() == []
    shop.now_ms += 3 * DAY_S * 1000
    assert shop.expire() == 0
    shop.sync, shop.now_ms = ClockSync.NTP, NOON_MS
    assert shop.expire() == 0
    found = shop.grace()
    assert found is not None
    assert found.due_s == NOON_MS // 1000 + DAY_S
    assert shop.said() == ["grace.started"]
    shop.now_ms += DAY_S * 1000
    assert shop.expire() == 1


def test_the_kiosks_clock_does_not_shorten_the_grace(shop: Shop) -> None:
    shop.log.now_ms = NOON_MS - 48 * HOUR_MS
    shop.unpaid(599)
    found = shop.grace()
    assert found is not None
    assert found.due_s == NOON_MS // 1000 + DAY_S


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    prices=st.lists(st.integers(1, 1000), min_size=1, max_size=6),
    amounts=st.lists(st.integers(1, 1500), max_size=8),
    before=st.integers(0, 8),
)
def test_no_money_is_lost_and_no_line_is_paid_twice(
    owner: Owner,
    tmp_path_factory: pytest.TempPathFactory,
    prices: list[int],
    amounts: list[int],
    before: int,
) -> None:
    shop = Shop(fresh_store(tmp_path_factory), owner)
    for amount in amounts[:before]:
        shop.pay(amount)
    shop.unpaid(*prices)
    for amount in amounts[before:]:
        shop.pay(amount)
    covered = sum(price for price, paid in zip(prices, shop.paid(), strict=True) if paid)
    assert covered + shop.visit().credit_minor == sum(amounts)
    unpaid = [price for price, paid in zip(prices, shop.paid(), strict=True) if not paid]
    assert all(price > shop.visit().credit_minor for price in unpaid)
    ends = [kind for kind in shop.said() if kind in {"grace.paid", "grace.expired"}]
    started = shop.said().count("grace.started")
    assert len(ends) == (started if not unpaid else 0)
    shop.store.close()
