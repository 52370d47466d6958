"""The hub as a process: how it starts, what it says, how it stops, what it never logs."""

import asyncio
import resource
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

from kiosk.clock import Clock
from kiosk.hub.context import Hub
from kiosk.hub.desk import MAX_WAITING
from kiosk.hub.errors import HubError, HubStateError
from kiosk.hub.server import Settings, _lives, run
from kiosk.ledger.reader import LedgerReader
from kiosk.serving import listen
from tests.hub.process import Running, command, notices, running
from tests.hub.worlds import EPCS, KioskLog, Owner, granted, left, line
from tests.patience import patient_s

VERBS = ("HEAD", "GET")


def seen(listener: socket.socket, wanted: bytes) -> bool:
    """Read systemd's notices until the wanted one."""
    return any(wanted in listener.recv(4096) for _ in range(100))


def test_a_hub_says_when_it_is_ready_lives_and_stops(tmp_path: Path) -> None:
    state = tmp_path / "hub"
    with notices(tmp_path) as (place, listener), running(state, notify=place) as hub:
        ready, link = hub.line(), hub.line()
        assert ready == f"ready {hub.url}"
        assert link.startswith(f"open {hub.url}/login?code=")
        assert seen(listener, b"READY=1")
        assert seen(listener, b"WATCHDOG=1")
        assert requests.get(f"{hub.url}/healthz", timeout=5).json() == {"status": "ok"}
        head, whole = (requests.request(verb, f"{hub.url}/login", timeout=5) for verb in VERBS)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(hub.ask, "GET", "/v1/payments?kiosk=k1&wait_s=25")
            assert requests.get(f"{hub.url}/healthz", timeout=5).ok
            began = time.monotonic()
            assert hub.stop() == 0
            assert time.monotonic() - began < patient_s(2)
            assert waiting.result(5).json() == {"payments": [], "next": 0}
        assert not (state / "hub.url").exists()
    with running(state, "--login-code") as hub:
        assert hub.line().startswith("ready ")
        assert "/login?code=" in hub.line()
        assert hub.stop() == 0


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    state, log, acknowledged = tmp_path / "hub", KioskLog(), set[str]()
    granted(log, "v1")
    with running(state, "--enrol", log.vkey) as hub:
        hub.line()
        assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).status_code == 201
        path = f"/v1/logs/{log.name}/entries?from=0"
        assert hub.ask("POST", path, log.upload(0)).json()["size"] == 2
        enough = threading.Event()

        def pay() -> None:
            for number in range(10_000):
                order = {"key": f"n{number}", "kiosk": "k1", "visit": "v1", "amount_minor": 1}
                order |= {"currency": "EUR", "method": "cash"}
                try:
                    if hub.ask("POST", "/v1/payments", json=order).status_code == 201:
                        acknowledged.add(f"n{number}")
                except requests.RequestException:
                    return
                if len(acknowledged) > 20:
                    enough.set()

        with ThreadPoolExecutor(1) as pool:
            paying = pool.submit(pay)
            assert enough.wait(20)
            hub.process.kill()
            paying.result(10)
    with running(state) as hub:
        assert hub.line().startswith("ready ")
        hint = hub.line()
        assert hint == f"pages at {hub.url}; sign in with the token in {state}/staff.token"
        assert hub.token("staff") not in hint
        found = hub.ask("GET", "/v1/payments?kiosk=k1").json()["payments"]
        assert acknowledged <= {payment["key"] for payment in found}
        assert [p["number"] for p in found] == list(range(1, len(found) + 1))
        assert hub.ask("GET", "/v1/logs").json()[0]["size"] == 2
        hub.stop()


def fill_disk(hub: Running, *, full: bool) -> None:
    """Let no file of the hub grow, as on a full disk, or let them grow again."""
    _, hard = resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE)
    soft = 0 if full else hard
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_outlived_and_no_fault_at_the_stop(tmp_path: Path) -> None:
    state, log = tmp_path / "hub", KioskLog()
    granted(log, "v1")
    left(log, "v1", "unpaid", line(0, 599))
    path = f"/v1/logs/{log.name}/entries?from=0"
    order = {"key": "n1", "kiosk": "k1", "visit": "v1", "amount_minor": 599}
    order |= {"currency": "EUR", "method": "cash"}
    with running(state, "--trust-clock", "--enrol", log.vkey, measured=False) as hub:
        hub.line()
        assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).status_code == 201
        fill_disk(hub, full=True)
        for refused in (
            hub.ask("POST", path, log.upload(0)),
            hub.ask("POST", "/v1/payments", json=order),
            hub.ask("PUT", "/v1/documents/policy", Owner().policy(2)),
        ):
            assert (refused.status_code, refused.json()["type"]) == (503, "unwritten")
            assert "Retry-After" in refused.headers
        assert hub.ask("GET", "/v1/visits?kiosk=k1").json()["visits"] == [], "nothing of it is kept"
        fill_disk(hub, full=False)
        assert hub.ask("POST", path, log.upload(0)).json()["size"] == 3
        assert hub.ask("POST", "/v1/payments", json=order).json()["visit"]["owed_minor"] == 0
        fill_disk(hub, full=True)
        assert hub.stop() == 0
    assert "Traceback" not in "\n".join(hub.logged)
    with running(state, "--trust-clock") as hub:
        hub.line()
        (visit,) = hub.ask("GET", "/v1/visits?kiosk=k1").json()["visits"]
        assert (visit["unpaid_minor"], visit["grace"]) == (0, "paid")
        hub.stop()
    with LedgerReader(state / "office" / "ledger.db") as reader:
        said = [str(event.record.data["key"]) for event in reader.events()]
    assert len(said) == len(set(said))


def test_nothing_about_anybody_is_logged(tmp_path: Path) -> None:
    log, visit = KioskLog(), "019ab0c4-visit"
    granted(log, visit)
    left(log, visit, "unpaid", line(0, 599))
    with running(tmp_path / "hub", "--enrol", log.vkey) as hub:
        hub.line()
        hub.ask("PUT", "/v1/documents/policy", Owner().policy())
        assert hub.ask("POST", f"/v1/logs/{log.name}/entries?from=0", log.upload(0)).ok
        hub.ask("POST", f"/v1/logs/{log.name}/entries?from=0", b"x")
        order = {"key": "secret-key", "kiosk": "k1", "visit": visit, "epcs": [EPCS[0]]}
        assert hub.ask("POST", "/v1/payments", json=order).status_code == 422
        hub.ask("POST", "/v1/payments", json=order | {"currency": "EUR", "method": "cash"})
        hub.ask("GET", f"/visits/{visit}")
        secrets = [hub.token("staff"), hub.token("kiosk"), visit, EPCS[0], "secret-key", "Item 0"]
        hub.stop()
    text = "\n".join(hub.logged)
    assert not [secret for secret in secrets if secret in text]
    assert "Traceback" not in text


def test_a_desk_with_too_much_to_do_is_not_called_alive(hub: Hub) -> None:
    assert asyncio.run(_lives(hub))
    hub.desk._waiting = MAX_WAITING
    assert not asyncio.run(_lives(hub))


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with closing(listen("127.0.0.1", 0)) as listener:
        yield listener


def refused(tmp_path: Path, *more: str) -> str:
    """Start a hub that cannot start; return its one line."""
    done = subprocess.run(
        command(tmp_path / "hub", *more),
        capture_output=True,
        text=True,
        timeout=patient_s(30),
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (said,) = [each for each in done.stderr.splitlines() if each.startswith("kiosk: ")]
    return said


REMEDY = "end what runs there already, or choose another with --listen"


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, taken: socket.socket) -> None:
    address = "{}:{}".format(*taken.getsockname())
    said = refused(tmp_path, "--listen", address)
    assert said == f"kiosk: {address}: Address already in use; {REMEDY}"
    assert not (tmp_path / "hub").exists(), "nothing was made"


def test_a_state_of_a_newer_version_is_one_line(tmp_path: Path, clock: Clock) -> None:
    state = tmp_path / "hub"
    state.mkdir()
    with closing(sqlite3.connect(state / "hub.db")) as raw, raw:
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        raw.execute("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(HubStateError, match=r"written by a newer version \(9999\)") as refused:
        run(Settings(state, "127.0.0.1", 0, Owner().key), clock, print)
    assert "\n" not in str(refused.value)


def test_a_key_that_is_no_logs_is_one_line(tmp_path: Path, clock: Clock) -> None:
    settings = Settings(tmp_path / "hub", "127.0.0.1", 0, Owner().key, enrol=["nonsense"])
    with pytest.raises(HubError, match=r"^--enrol: [^\n]+$"):
        run(settings, clock, print)
