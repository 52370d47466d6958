"""Enrolling a log, sending to it, reading where it stands."""

import gzip
import json
from collections.abc import AsyncIterator

import pytest

from kiosk.core.signing import b64encode
from kiosk.hub import desk
from kiosk.hub.context import Hub
from kiosk.hub.entries import MAX_REQUEST_BYTES
from kiosk.ledger.checkpoint import root_text
from kiosk.ledger.reader import LedgerReader
from tests.hub.worlds import KioskLog, Visitor, granted


def three(log: KioskLog) -> KioskLog:
    granted(log, "v1")
    log.add("visit.entered", {}, "v1")
    return log


def test_an_upload_is_acknowledged_with_its_size(visitor: Visitor, kiosk_log: KioskLog) -> None:
    reply = visitor.send(three(kiosk_log))
    assert (reply.status_code, reply.json()) == (200, {"size": 3, "next_after_s": 60})
    assert visitor.send(kiosk_log).json()["size"] == 3
    note = visitor.client.get(f"/v1/logs/{kiosk_log.name}/checkpoint")
    assert (note.status_code, note.text) == (200, kiosk_log.note(3))


def test_a_gap_answers_the_size_in_the_tlog_type(visitor: Visitor, kiosk_log: KioskLog) -> None:
    visitor.send(three(kiosk_log))
    kiosk_log.add("door.held")
    kiosk_log.add("door.held")
    reply = visitor.send(kiosk_log, 4)
    assert reply.status_code == 409
    assert reply.headers["content-type"].startswith("text/x.tlog.size")
    assert reply.text == "3\n"


def test_a_fork_answers_both_leaves_and_is_kept(
    visitor: Visitor, kiosk_log: KioskLog, hub: Hub
) -> None:
    visitor.send(three(kiosk_log))
    restored = kiosk_log.fork_at(2)
    restored.add("door.held")
    reply = visitor.send(restored)
    assert reply.status_code == 409
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert (problem["type"], problem["index"]) == ("fork", 2)
    assert problem["ours"] == b64encode(kiosk_log.leaf(2))
    assert problem["theirs"] == b64encode(restored.leaf(2))
    with hub.store.read() as tx:
        assert len(tx.logs.forks()) == 1


def test_a_broken_entry_names_its_index_and_the_listing_says_so(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    three(kiosk_log)
    raw = kiosk_log.upload(0).replace(b64encode(kiosk_log.bodies[1][1]).encode(), b"e30")
    reply = visitor.client.post(f"/v1/logs/{kiosk_log.name}/entries?from=0", content=raw)
    assert reply.status_code == 422
    assert reply.json()["index"] == 1
    listed = visitor.client.get("/v1/logs", headers=visitor.staff).json()
    assert listed[0]["trouble"].startswith("entry 1: ")
    visitor.send(kiosk_log)
    assert visitor.client.get("/v1/logs", headers=visitor.staff).json()[0]["trouble"] == ""


def test_what_a_stranger_sends_leaves_no_trace(visitor: Visitor) -> None:
    stranger = three(KioskLog(seed=b"s" * 32))
    assert visitor.send(stranger).status_code == 422
    listed = visitor.client.get("/v1/logs", headers=visitor.staff).json()
    assert (listed[0]["size"], listed[0]["trouble"]) == (0, "")


def test_an_unknown_log_is_refused_before_its_body_is_read(visitor: Visitor) -> None:
    reply = visitor.client.post("/v1/logs/shop~k9/entries?from=0", content=b"x" * 2_000_000)
    assert (reply.status_code, reply.json()["type"]) == (401, "unknown-log")


@pytest.mark.parametrize("start", ["-1", "x", "", "1e3", str(2**53)])
def test_a_position_that_is_none_is_refused_in_one_line(visitor: Visitor, start: str) -> None:
    reply = visitor.client.post(f"/v1/logs/shop~k1/entries?from={start}", content=b"")
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith("from: ")


def test_too_much_at_once_is_refused_with_the_limit(visitor: Visitor) -> None:
    path = "/v1/logs/shop~k1/entries?from=0"
    whole = visitor.client.post(path, content=b"x" * (MAX_REQUEST_BYTES + 1))
    assert (whole.status_code, whole.json()["max_bytes"]) == (413, MAX_REQUEST_BYTES)

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(MAX_REQUEST_BYTES // 1024 + 1):
            yield b"x" * 1024

    assert visitor.client.post(path, content=drip()).status_code == 413
    bomb = gzip.compress(b"x" * 50_000_000)
    assert len(bomb) < MAX_REQUEST_BYTES
    packed = visitor.client.post(path, content=bomb, headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 413


def test_a_hub_with_too_much_to_do_books_a_time_to_come_back(
    visitor: Visitor, kiosk_log: KioskLog, hub: Hub
) -> None:
    hub.desk._waiting = desk.MAX_WAITING
    reply = visitor.send(three(kiosk_log))
    assert (reply.status_code, reply.json()["type"]) == (503, "busy")
    assert int(reply.headers["retry-after"]) > desk.RETRY_S
    hub.desk._waiting = 0
    assert visitor.send(kiosk_log).json()["size"] == 3


def test_a_packed_upload_is_taken_like_a_plain_one(visitor: Visitor, kiosk_log: KioskLog) -> None:
    path = f"/v1/logs/{kiosk_log.name}/entries?from=0"
    packed = gzip.compress(three(kiosk_log).upload(0))
    encoded = {"Content-Encoding": "gzip"}
    assert visitor.client.post(path, content=packed[:-9], headers=encoded).status_code == 400
    assert visitor.client.post(path, content=b"not packed", headers=encoded).status_code == 400
    assert visitor.client.post(path, content=packed + b"x", headers=encoded).status_code == 400
    other = visitor.client.post(path, content=packed, headers={"Content-Encoding": "br"})
    assert other.status_code == 415
    assert visitor.client.post(path, content=packed, headers=encoded).json()["size"] == 3


def test_enrolling_twice_is_fine_and_another_key_is_refused(
    visitor: Visitor, kiosk_log: KioskLog
) -> None:
    assert visitor.enrol(kiosk_log).status_code == 200
    assert visitor.enrol(KioskLog(seed=b"s" * 32)).status_code == 409
    assert visitor.enrol(KioskLog("other/k1")).status_code == 409, "one kiosk, one name"
    assert visitor.enrol(KioskLog("shop/k2")).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("shop~k2", {"vkey": "nonsense"}),
        ("shop~k2", {"vkey": KioskLog().vkey}),
        ("shop~k2", {}),
        ("shop~k2", []),
        ("k2", {"vkey": KioskLog("k2").vkey}),
        ("shop~office", {"vkey": KioskLog("shop/office").vkey}),
    ],
)
def test_a_key_that_does_not_fit_its_log_is_not_enrolled(
    visitor: Visitor, path: str, body: object
) -> None:
    reply = visitor.client.put(
        f"/v1/logs/{path}", content=json.dumps(body).encode(), headers=visitor.staff
    )
    assert reply.status_code == 422
    assert "\n" not in reply.json()["detail"]


def test_only_staff_enrol_and_list(visitor: Visitor) -> None:
    for headers in ({}, visitor.kiosk, {"Authorization": f"Basic {visitor.staff_token}"}):
        put = visitor.client.put("/v1/logs/shop~k2", json={"vkey": ""}, headers=headers)
        listing = visitor.client.get("/v1/logs", headers=headers)
        assert (put.status_code, listing.status_code) == (401, 401)
        assert put.headers["www-authenticate"] == "Bearer"


def test_the_listing_shows_size_and_root(visitor: Visitor, kiosk_log: KioskLog) -> None:
    (before,) = visitor.client.get("/v1/logs", headers=visitor.staff).json()
    assert (before["size"], before["root"], before["seen_at"]) == (0, None, None)
    visitor.send(three(kiosk_log))
    (after,) = visitor.client.get("/v1/logs", headers=visitor.staff).json()
    assert (after["size"], after["root"]) == (3, root_text(kiosk_log.root()))
    assert after["seen_at"] > 0


def test_a_log_without_entries_has_no_checkpoint(visitor: Visitor, kiosk_log: KioskLog) -> None:
    for log in (kiosk_log.name, "shop~k9"):
        assert visitor.client.get(f"/v1/logs/{log}/checkpoint").status_code == 404


@pytest.mark.usefixtures("visitor")
def test_the_office_log_says_which_keys_were_enrolled(kiosk_log: KioskLog, hub: Hub) -> None:
    with LedgerReader(hub.state.office) as reader:
        said = [(e.record.type, e.record.data.get("vkey")) for e in reader.events()]
    assert said == [("document.published", None), ("log.enrolled", kiosk_log.vkey)]
