"""`kiosk scores` as a process: ready, answering, stopped in time, or refused in one line."""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.signing import VerifyKey, b64decode, b64encode, kid_of, public_of
from kiosk.core.values import CustomerRef, RequestId, Verdict
from kiosk.remote.providers.base import CheckRequest
from kiosk.remote.providers.score import ScoreProvider
from kiosk.scoring.store import MIGRATIONS
from tests.patience import patient_s
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import serving
from tests.scoring.documents import OWNER, policy_envelope

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 30.0
STOP_S = 2.0


class Process:
    """One run of `kiosk scores`."""

    def __init__(self, *words: str, **environment: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "scores", *words],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> str:
        """Wait for the line that it is ready, and return the address in it."""
        assert self.child.stdout is not None
        assert select.select([self.child.stdout], [], [], LIMIT_S)[0]
        line = self.child.stdout.readline()
        found = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", line)
        assert found, line
        return found[1]

    def end(self, sig: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal, and return exit code, output and errors."""
        self.child.send_signal(sig)
        out, errors = self.child.communicate(timeout=LIMIT_S)
        return self.child.returncode, out, errors


@contextlib.contextmanager
def running(*words: str, **environment: str) -> Iterator[Process]:
    """A process that is gone at the end."""
    process = Process(*words, **environment)
    try:
        yield process
    finally:
        process.child.kill()
        process.child.communicate()


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """Options of a start with a policy from a file, on a free port."""
    now_s = int(time.time())
    (tmp_path / "policy.json").write_bytes(policy_envelope(now_s=now_s))
    return [
        *("--state", str(tmp_path / "state")),
        *("--listen", "127.0.0.1:0"),
        *("--owner-key", b64encode(public_of(OWNER))),
        *("--policy-file", str(tmp_path / "policy.json")),
    ]


def seed(url: str, state: Path, customer: str, points: int) -> None:
    """Set a test fact."""
    token = (state / "admin.token").read_text().strip()
    reply = requests.put(
        f"{url}/v1/facts/{customer}",
        json={"points": points},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert reply.status_code == 204


def ask(url: str, state: Path, kiosk: str = "shop/door", request_id: str = "r1") -> Verdict | str:
    """The verdict on 600 that a kiosk believes, or the reason why it is unknown."""
    public = b64decode((state / "scores.pub").read_text().strip())
    keys = {kid_of(public): VerifyKey(kid_of(public), public, "provider")}
    provider = ScoreProvider(url, (state / "kiosk.token").read_text().strip(), lambda: keys)
    request = CheckRequest(
        RequestId(request_id),
        kiosk,
        CustomerRef("customer-1"),
        "entry",
        ("entry-600",),
        "00112233aabbccdd",
    )
    answer = provider.check(request, int(time.time()), 5.0)
    provider.close()
    verdict = answer.answers["entry-600"]
    return verdict if verdict is not Verdict.UNKNOWN else answer.fault or answer.reasons[0]


def test_it_starts_from_nothing_answers_and_stops_within_two_seconds(
    options: list[str], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with running(*options) as process:
        url = process.ready()
        assert (state / "scores.url").read_text() == f"{url}\n"
        assert requests.get(f"{url}/healthz", timeout=10).json() == {"status": "ok", "policy": 1}
        assert ask(url, state) == "not-enrolled"
        seed(url, state, "customer-1", 600)
        assert ask(url, state, request_id="r2") is Verdict.YES
        with requests.Session() as kept:  # an open connection does not hold the stop up
            kept.get(f"{url}/healthz", timeout=10)
            began = time.monotonic()
            code, out, errors = process.end()
            assert time.monotonic() - began < patient_s(STOP_S)
    assert (code, out) == (0, "")
    assert re.fullmatch(r'<6>\{.*"event": "policy in force version=1".*\}\n', errors), errors
    assert not (state / "scores.url").exists()
    modes = {stat.S_IMODE(one.stat().st_mode) for one in state.iterdir()}
    assert modes == {0o600}


def test_t1_a_nonce_stays_bound_when_the_service_is_killed(
    options: list[str], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with running(*options) as process:
        url = process.ready()
        seed(url, state, "customer-1", 700)
        assert ask(url, state) is Verdict.YES
        process.end(signal.SIGKILL)
    with running(*options) as process:
        url = process.ready()
        assert ask(url, state, kiosk="shop/back-door") == "nonce-used"
        assert ask(url, state) is Verdict.YES


def test_mutant_that_forgot_the_nonce_opens_the_second_door(
    options: list[str], tmp_path: Path
) -> None:
    """The same walk over a state as it was before the question: the harness sees the difference."""
    state = tmp_path / "state"
    with running(*options) as process:
        url = process.ready()
        seed(url, state, "customer-1", 700)
        process.end()
    shutil.copytree(state, tmp_path / "before")
    with running(*options) as process:
        assert ask(process.ready(), state) is Verdict.YES
        process.end(signal.SIGKILL)
    shutil.rmtree(state)
    shutil.copytree(tmp_path / "before", state)
    with running(*options) as process:
        assert ask(process.ready(), state, kiosk="shop/back-door") is Verdict.YES


def test_the_policy_comes_from_the_hub_and_is_kept_for_a_start_without_it(
    options: list[str], tmp_path: Path
) -> None:
    words = options[:6]
    envelope = policy_envelope(4, now_s=int(time.time()))
    with serving(faults.answers(envelope)) as hub, running(*words, "--policy-url", hub.url) as one:
        assert requests.get(f"{one.ready()}/healthz", timeout=10).json()["policy"] == 4
    lost = f"http://127.0.0.1:{faults.closed_port()}"
    with running(*words, KIOSK_SCORES_POLICY_URL=lost) as two:
        assert requests.get(f"{two.ready()}/healthz", timeout=10).json()["policy"] == 4
        code, _, errors = two.end()
    assert code == 0
    assert (tmp_path / "state" / "policy.json").read_bytes() == envelope
    assert "policy not refreshed" in errors
    assert errors.count("\n") == 1


def test_a_hub_that_hangs_holds_neither_start_nor_stop_up(options: list[str]) -> None:
    with serving(faults.hangs) as hub, running(*options[:6], "--policy-url", hub.url) as process:
        process.ready()
        began = time.monotonic()
        code, _, errors = process.end()
        assert time.monotonic() - began < patient_s(STOP_S)
    assert code == 0
    assert "policy not refreshed" in errors


def test_systemd_is_told_that_it_is_ready_and_lives(options: list[str], tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(LIMIT_S)
        heard = b""
        with running(*options, NOTIFY_SOCKET=str(address), WATCHDOG_USEC="400000") as process:
            process.ready()
            while heard.count(b"WATCHDOG=1") < 3 or b"READY=1" not in heard:
                heard += manager.recv(4096)


def refused(options: list[str]) -> str:
    """The one line of a start that is refused."""
    with running(*options) as process:
        _, errors = process.child.communicate(timeout=LIMIT_S)
    assert process.child.returncode == 2
    assert errors.count("\n") == 1
    return errors


def test_a_port_in_use_is_named(options: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host, port = taken.getsockname()
        line = refused([*options, "--listen", f"{host}:{port}"])
    remedy = "end what runs there already, or choose another with --listen"
    assert line == f"kiosk: {host}:{port}: Address already in use; {remedy}\n"


def test_a_state_in_use_is_named(options: list[str]) -> None:
    with running(*options) as process:
        process.ready()
        assert "in use by another process" in refused(options)


def test_a_state_of_a_newer_version_is_refused_and_left_alone(
    options: list[str], tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    database = tmp_path / "state" / "scores.db"
    with contextlib.closing(sqlite3.connect(database)) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    assert "written by a newer kiosk" in refused(options)


def test_a_state_of_an_older_version_is_migrated(options: list[str], tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(state / "scores.db")) as older:
        older.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        older.execute("INSERT INTO customers VALUES ('customer-1', 650)")
        older.commit()
    with running(*options) as process:
        assert ask(process.ready(), state) is Verdict.YES


def test_p6_nothing_that_it_writes_names_a_customer_or_a_number(
    options: list[str], tmp_path: Path
) -> None:
    with running(*options, "--log-level", "debug") as process:
        url = process.ready()
        seed(url, tmp_path / "state", "customer-1", 737)
        assert ask(url, tmp_path / "state") is Verdict.YES
        requests.put(f"{url}/v1/facts/customer-1", json={"points": 1}, timeout=10)
        _, out, errors = process.end()
    assert out == ""
    assert "policy in force" in errors
    assert not [word for word in ("customer", "737", "yes", "points", "entry") if word in errors]


def test_the_key_of_another_owner_makes_no_policy(options: list[str]) -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
    with running(*options, "--owner-key", b64encode(public_of(other))) as process:
        assert requests.get(f"{process.ready()}/healthz", timeout=10).json()["policy"] == 0
