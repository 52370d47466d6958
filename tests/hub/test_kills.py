"""The hub killed again and again while kiosks upload and staff record: nothing lost or twice."""

import random
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from kiosk.core.values import Json
from kiosk.ledger.reader import LedgerReader
from tests.hub.process import Running, running
from tests.hub.worlds import KioskLog, Owner, granted, left, line

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass
class World:
    """A kiosk and a counter that go on whatever becomes of the hub."""

    log: KioskLog = field(default_factory=KioskLog)
    acked: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    visits: int = 0
    orders: int = 0

    def upload(self, hub: Running, ended: threading.Event) -> None:
        """Let visits leave unpaid and upload them, until the hub does not answer."""
        while not ended.is_set():
            visit = f"v{self.visits}"
            self.visits += 1
            granted(self.log, visit)
            left(self.log, visit, "unpaid", line(0, 599))
            path = f"/v1/logs/{self.log.name}/entries?from={self.acked}"
            try:
                reply = hub.ask("POST", path, self.log.upload(self.acked))
            except requests.RequestException:
                return
            if reply.status_code == 200:
                self.acked = reply.json()["size"]
            else:
                self.acked = int(reply.text)  # a gap says where to go on

    def pay(self, hub: Running, ended: threading.Event) -> None:
        """Record payments until the hub does not answer."""
        while not ended.is_set():
            key, visit = f"n{self.orders}", f"v{self.orders}"
            self.orders += 1
            order: dict[str, Json] = {"key": key, "kiosk": "k1", "visit": visit}
            order |= {"amount_minor": 599, "currency": "EUR", "method": "cash"}
            try:
                reply = hub.ask("POST", "/v1/payments", json=order)
            except requests.RequestException:
                return
            if reply.status_code in {200, 201}:
                self.paid[key] = reply.json()["number"]


def work(world: World, hub: Running, chance: random.Random) -> None:
    """Let kiosk and counter work for a while, then kill the hub under them."""
    ended = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        working: list[Future[None]] = [
            pool.submit(world.upload, hub, ended),
            pool.submit(world.pay, hub, ended),
        ]
        ended.wait(chance.uniform(0.2, 1.5))
        hub.process.kill()
        ended.set()
        for each in working:
            each.result(30)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_killed_when_every_promise_holds(tmp_path: Path, seed: int) -> None:
    chance, world, state = random.Random(seed), World(), tmp_path / "hub"
    for _ in range(5):
        with running(state, "--trust-clock", "--enrol", world.log.vkey) as hub:
            assert hub.line().startswith("ready ")
            assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).status_code in {
                200,
                201,
            }
            work(world, hub, chance)
    with running(state, "--trust-clock") as hub:
        hub.line()
        found = hub.ask("GET", "/v1/payments?kiosk=k1").json()["payments"]
        seen = hub.ask("GET", "/v1/visits?kiosk=k1").json()
        hub.stop()
    held = seen["logs"][0]["size"]
    assert world.acked <= held
    assert {p["key"]: p["number"] for p in found}.items() >= dict(
        list(world.paid.items())[:500]
    ).items()
    with LedgerReader(state / "office" / "ledger.db") as reader:
        said = Counter(str(event.record.data["key"]) for event in reader.events())
    assert set(said.values()) == {1}, "nothing is said twice"
    unpaid = {v["id"] for v in seen["visits"] if v["outcome"] == "unpaid"}
    started = {key.split("/")[2] for key in said if key.startswith("grace.started/")}
    assert started == unpaid, "every unpaid exit has its grace, and nothing else has"
    settled = {key.split("/")[3] for key in said if key.startswith("payment.settled/")}
    assert settled >= {p["visit"] for p in found if p["visit"] in unpaid}
    for visit in seen["visits"]:
        owes = visit["id"] in unpaid and visit["id"] not in settled
        assert (visit["unpaid_minor"] > 0) == owes
