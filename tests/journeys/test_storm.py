"""P1, P3: real processes killed at random on a rough day: no door early, no code twice."""

import random
from pathlib import Path

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Json, VisitId
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.rows import Event
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.remote.hub import HubClient
from kiosk.stage.props import ORIGIN
from kiosk.stage.script import load
from kiosk.stage.theatre import Theatre, opened
from tests.journeys.scripts import write
from tests.journeys.storm import EdgeWatch, Storm, commands, judged, read


def hub_agrees(theatre: Theatre) -> bool:
    """Whether the hub's head of the log is the kiosk's own of that size."""
    client = HubClient(theatre.hub_url)
    try:
        held = client.checkpoint(ORIGIN) or ""
    finally:
        client.close()
    with LedgerReader(theatre.directory / LEDGER_FILE) as reader:
        ours = reader.checkpoint(int(held.split("\n")[1])) or ""
    return held.split("\n")[:3] == ours.split("\n")[:3]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_p1_p3_no_kill_opens_early_forgets_an_outcome_or_takes_a_code_twice(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "state", load(write(tmp_path / "empty.toml", []))) as theatre:
        watch = EdgeWatch(theatre.directory)
        watch.start()
        storm = Storm(theatre, random.Random(20261123))
        for _ in range(8):
            storm.until_killed()
            theatre.restart_daemon()
            storm.replay()
        storm.rest()
        assert theatre.catch_up()
        watch.finish()
        inside = frozenset(theatre.status()["visits"])
        events = read(theatre.directory)
        assert judged(events, inside) == []
        assert watch.early == 0
        assert 0 < watch.edges <= commands(theatre.directory)
        assert hub_agrees(theatre)
        assert sum(event.record.type == "device.recovered" for event in events) > 1


def event(kind: str, visit: str = "v1", nonce: str = "", **data: Json) -> Event:
    personal = {"nonce": nonce} if nonce else {}
    customer = CustomerRef("c") if nonce else None
    return Event(0, "", "", EventRecord(kind, data, VisitId(visit), customer, personal))


LINE: Json = [{"epc": "AA01"}]
DAY = [
    event("scan.accepted", nonce="01"),
    event("visit.opened"),
    event("exit.paid", lines=LINE),
    event("scan.accepted", "v2", nonce="02"),
    event("visit.opened", "v2"),
]


@pytest.mark.parametrize(
    ("more", "inside", "said"),
    [
        ([], {"v2"}, []),
        ([event("visit.not_entered", "v2")], set(), []),
        ([event("visit.not_entered", "v2")], {"v2"}, []),
        ([], set(), ["visit v2: 1 openings, 0 closings"]),
        ([event("exit.empty")], {"v2"}, ["visit v1: 1 openings, 2 closings"]),
        ([event("visit.opened")], {"v2"}, ["visit v1: 2 openings, 1 closings"]),
        ([event("exit.empty", "v3")], {"v2"}, ["visit v3: 0 openings, 1 closings"]),
        ([event("scan.accepted", "v3", nonce="01")], {"v2"}, ["nonce spent 2 times"]),
        ([event("exit.unpaid", "v2", lines=LINE)], set(), ["AA01 left 2 times"]),
    ],
)
def test_the_judge_notices_each_rule_that_is_broken(
    more: list[Event], inside: set[str], said: list[str]
) -> None:
    assert judged([*DAY, *more], frozenset(inside)) == said
