"""The hub publishes no policy that moves a threshold too soon; what moves stands in its log."""

import pytest

from kiosk.clock import Clock
from kiosk.core.dwell import DWELL_S
from kiosk.core.values import ClockSync, Json
from kiosk.hub.context import Hub
from kiosk.hub.errors import RefusalError
from kiosk.hub.publishing import publish, verify
from kiosk.hub.sql.store import SqlStore
from kiosk.ledger.reader import LedgerReader
from tests.hub.inprocess import Client
from tests.hub.worlds import NOON_MS, Owner, moment

NOON_S = NOON_MS // 1000


def entry(points: int = 600, since_s: int = NOON_S, name: str = "entry") -> dict[str, Json]:
    return {
        "id": name,
        "purpose": "entry",
        "points": points,
        "tier": "standard",
        "since_s": since_s,
        "shadow": False,
    }


class Office:
    """A hub's store, and policies that are published in it."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.version = 0

    def publish(
        self,
        *thresholds: dict[str, Json],
        after_s: int = 0,
        sync: ClockSync = ClockSync.NTP,
    ) -> str:
        """Publish the next version; return why it was refused, or ""."""
        self.version += 1
        changed: dict[str, Json] = {
            "thresholds": list(thresholds),
            "issued_s": NOON_S + after_s,
            "valid_until_s": NOON_S + 10 * DWELL_S,
        }
        envelope = Owner().policy(self.version, **changed)
        payload = verify("policy", envelope, Owner().key)
        at = moment(NOON_MS + after_s * 1000, sync)
        try:
            with self.store.write() as tx:
                publish(tx, "policy", envelope, payload, at)
        except RefusalError as error:
            return error.detail
        return ""

    def latest(self) -> int:
        """The version in force."""
        with self.store.read() as tx:
            document = tx.documents.latest("policy")
            assert document
            return document.version


@pytest.fixture
def office(sql_store: SqlStore) -> Office:
    return Office(sql_store)


def test_a_threshold_that_moves_too_soon_is_refused_with_the_day_it_may(office: Office) -> None:
    office.publish(entry())
    said = office.publish(entry(650, NOON_S + 10), after_s=10)
    assert said == (
        "policy.thresholds: entry stands at 600 and may move from 2026-11-30 12:00 UTC on,"
        " 7 days after it was set"
    )
    assert office.latest() == 1
    assert office.publish(entry(650, NOON_S + DWELL_S), after_s=DWELL_S) == ""


def test_another_name_or_none_does_not_move_it_sooner(office: Office) -> None:
    office.publish(entry())
    for thresholds in ([], [entry(650, NOON_S + 10, "other")]):
        assert "entry stands at 600 and may move from" in office.publish(*thresholds, after_s=10)


def test_a_second_threshold_and_every_other_rule_may_come_at_once(office: Office) -> None:
    office.publish(entry())
    assert office.publish(entry(), entry(700, NOON_S + 10, "regulars"), after_s=10) == ""


def test_an_old_date_does_not_make_a_threshold_older(office: Office) -> None:
    """The owner signs since_s; the hub goes by when it published."""
    office.publish(entry(since_s=0))
    assert "may move" in office.publish(entry(650, NOON_S + 10), after_s=10)


def test_a_change_says_its_day(office: Office) -> None:
    office.publish(entry())
    said = office.publish(entry(650, NOON_S - 1), after_s=DWELL_S)
    assert said == (
        "policy.thresholds: entry is new or moves; write the day of the change into since_s,"
        " and issued_s, and sign again"
    )


def test_while_the_hub_does_not_know_the_time_nothing_moves(office: Office) -> None:
    office.publish(entry())
    late_s, sync = 2 * DWELL_S, ClockSync.NONE
    moved = entry(650, NOON_S + 10)
    assert "clock is not set" in office.publish(moved, after_s=late_s, sync=sync)
    assert office.publish(entry(), after_s=late_s, sync=sync) == "", "what stays may come again"


def test_over_http_the_refusal_is_one_line_and_the_change_stands_in_the_office_log(
    client: Client, owner: Owner, clock: Clock, hub: Hub
) -> None:
    def put(version: int, *thresholds: dict[str, Json]) -> tuple[int, dict[str, Json]]:
        now_s = clock.wall_s()
        dated = [one | {"since_s": now_s if one["since_s"] else NOON_S} for one in thresholds]
        envelope = owner.policy(
            version,
            thresholds=[*dated],
            issued_s=now_s,
            valid_until_s=now_s + 30 * 86_400,
        )
        reply = client.put("/v1/documents/policy", content=envelope)
        return reply.status_code, reply.json()

    assert put(1, entry(600, 0, "a"), entry(500, 0, "b"))[0] == 201
    moved = (entry(650, 1, "a"), entry(700, 1, "c"))
    status, problem = put(2, *moved)
    assert (status, problem["type"], problem["threshold"]) == (422, "dwell", "a")
    clock.raise_offset(DWELL_S * 1000)
    assert put(2, *moved)[0] == 201
    with LedgerReader(hub.state.office) as reader:
        said = [e.record.data for e in reader.events() if e.record.type == "threshold.changed"]
    assert [(x["threshold"], x["points"], x["policy"]) for x in said] == [
        ("a", 650, 2),
        ("b", None, 2),
        ("c", 700, 2),
    ]
