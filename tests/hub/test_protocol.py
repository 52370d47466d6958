"""The sync protocol, status by status, between our own client and a hub that really runs."""

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import orjson
import pytest
import requests

from kiosk.core.signing import b64encode
from kiosk.hub.entries import MAX_ENTRIES, MAX_REQUEST_BYTES
from kiosk.remote.hub import Accepted, Forked, Gap, HubClient, Rejected, RetryLater
from tests.hub.process import Running, running
from tests.hub.worlds import KioskLog, granted

NAMES = (f"shop/p{number}" for number in count())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("protocol") / "hub", "--next-after-s", "7") as server:
        assert server.line().startswith("ready ")
        yield server
        server.stop()


@pytest.fixture
def kiosk(server: Running) -> Iterator[HubClient]:
    kiosk = HubClient(server.url)
    yield kiosk
    kiosk.close()


@pytest.fixture
def log(server: Running) -> KioskLog:
    """A log of its own for each test, enrolled, with three entries."""
    log = KioskLog(next(NAMES))
    path = f"/v1/logs/{log.name}"
    assert server.ask("PUT", path, json={"vkey": log.vkey}).status_code == 201
    granted(log, "v1")
    log.add("visit.entered", {}, "v1")
    return log


def test_200_says_what_is_held_and_when_to_send_again(kiosk: HubClient, log: KioskLog) -> None:
    assert kiosk.upload(log.origin, 0, log.upload(0)) == Accepted(3, 7)
    assert kiosk.checkpoint(log.origin) == log.note(3)


def test_200_again_for_what_is_known_whole_in_part_or_not_at_all_new(
    kiosk: HubClient, server: Running, log: KioskLog
) -> None:
    kiosk.upload(log.origin, 0, log.upload(0))
    path = f"/v1/logs/{log.name}/entries?from=3"
    assert server.ask("POST", path, log.upload(3)).json()["size"] == 3, "a checkpoint and no entry"
    for start in (0, 2):
        assert kiosk.upload(log.origin, start, log.upload(start)) == Accepted(3, 7)
    log.add("door.held")
    assert kiosk.upload(log.origin, 1, log.upload(1)) == Accepted(4, 7)


def test_409_gap_says_where_to_go_on(kiosk: HubClient, log: KioskLog) -> None:
    kiosk.upload(log.origin, 0, log.upload(0, 1))
    assert kiosk.upload(log.origin, 2, log.upload(2)) == Gap(1)
    assert kiosk.upload(log.origin, 1, log.upload(1)) == Accepted(3, 7)


def test_409_fork_shows_both_leaves_and_keeps_the_first(
    kiosk: HubClient, server: Running, log: KioskLog
) -> None:
    kiosk.upload(log.origin, 0, log.upload(0))
    restored = log.fork_at(1)
    restored.add("door.held")
    assert isinstance(kiosk.upload(log.origin, 0, restored.upload(0)), Forked)
    path = f"/v1/logs/{log.name}/entries?from=0"
    problem = server.ask("POST", path, restored.upload(0)).json()
    assert (problem["type"], problem["index"]) == ("fork", 1)
    assert (problem["ours"], problem["theirs"]) == (
        b64encode(log.leaf(1)),
        b64encode(restored.leaf(1)),
    )
    assert kiosk.checkpoint(log.origin) == log.note(3)


def test_422_names_the_entry_that_no_resend_will_mend(kiosk: HubClient, log: KioskLog) -> None:
    lines = log.upload(0).splitlines()
    wire = orjson.loads(lines[1])
    lines[1] = orjson.dumps(wire | {"body": b64encode(b"{}")})
    told = kiosk.upload(log.origin, 0, b"\n".join(lines))
    assert isinstance(told, Rejected)
    assert (told.status, "entry 1:" in told.reason) == (422, True)
    assert kiosk.checkpoint(log.origin) is None


def test_422_for_entries_that_do_not_lead_to_the_signed_root(
    kiosk: HubClient, log: KioskLog
) -> None:
    other = log.fork_at(2)
    other.add("door.held")
    told = kiosk.upload(log.origin, 0, other.upload(0, note=log.note(3)))
    assert isinstance(told, Rejected)
    assert (told.status, "root" in told.reason) == (422, True)


def test_413_says_the_limits(kiosk: HubClient, server: Running, log: KioskLog) -> None:
    path = f"/v1/logs/{log.name}/entries?from=0"
    assert isinstance(kiosk.upload(log.origin, 0, b"x" * (MAX_REQUEST_BYTES + 1)), Rejected)
    for _ in range(MAX_ENTRIES):
        log.add("door.held")
    for body, headers in (
        (log.upload(0), {}),
        (gzip.compress(b"x" * 10 * MAX_REQUEST_BYTES), {"Content-Encoding": "gzip"}),
    ):
        reply = requests.post(f"{server.url}{path}", data=body, headers=headers, timeout=30)
        assert (reply.status_code, reply.json()["max_bytes"]) == (413, MAX_REQUEST_BYTES)


def test_401_for_a_log_that_nobody_enrolled(kiosk: HubClient) -> None:
    stranger = KioskLog("shop/stranger")
    stranger.add("door.held")
    told = kiosk.upload(stranger.origin, 0, stranger.upload(0))
    assert isinstance(told, Rejected)
    assert (told.status, "enrol its key first" in told.reason) == (401, True)


def test_a_kiosk_that_keeps_to_the_answers_ends_up_held(kiosk: HubClient, log: KioskLog) -> None:
    """It begins anywhere, and does only what it is told."""
    for _ in range(2 * MAX_ENTRIES):
        log.add("door.held")
    start, answers = 5, 0
    while start < log.size:
        answers += 1
        told = kiosk.upload(log.origin, start, log.upload(start, min(start + 200, log.size)))
        assert isinstance(told, Accepted | Gap)
        start = told.size
    assert answers == 4
    assert kiosk.checkpoint(log.origin) == log.note(log.size)


@pytest.mark.timeout(60)
def test_503_says_when_to_come_back_and_the_hub_goes_on(
    kiosk: HubClient, server: Running, log: KioskLog
) -> None:
    """Somebody else holds its database, as a backup that went wrong would."""
    with closing(sqlite3.connect(server.state / "hub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        slow = HubClient(server.url, deadline_s=20)
        assert slow.upload(log.origin, 0, log.upload(0)) == RetryLater(30)
        slow.close()
        other.execute("ROLLBACK")
    assert kiosk.upload(log.origin, 0, log.upload(0)) == Accepted(3, 7)
