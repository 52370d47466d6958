"""The daemon as a process: one per state directory, plain words, an ordered stop."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from kiosk.ledger.schema import LEDGER_FILE
from kiosk.stage.links import wait_for
from kiosk.stage.script import load
from kiosk.stage.theatre import Theatre, opened
from tests.journeys.scripts import write
from tests.patience import patient_s

STOP_S = 5.0


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """Yield a running play without steps."""
    directory = tmp_path_factory.mktemp("process")
    script = load(write(directory / "empty.toml", []))
    with opened(directory / "state", script) as running:
        yield running


def kiosk(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def config(theatre: Theatre) -> str:
    return str(theatre.directory / "kiosk.toml")


def test_a_second_daemon_ends_at_once_and_touches_nothing(theatre: Theatre) -> None:
    edges = theatre.sim.tell("lock", "state")["edges"]
    second = kiosk("run", "--config", config(theatre))
    assert second.returncode == 2
    assert re.fullmatch(
        r"kiosk: .+: another daemon serves it; stop that one first\n", second.stderr
    )
    assert theatre.status()["ok"] is True
    assert theatre.sim.tell("lock", "state")["edges"] == edges


def test_status_says_how_it_is_and_pay_reaches_the_counter(theatre: Theatre) -> None:
    state = str(theatre.directory)
    assert kiosk("status", "--state", state).returncode == 0
    assert '"kiosk": "door"' in kiosk("status", "--state", state, "--json").stdout
    token = str(theatre.directory / "hub" / "staff.token")
    visit = "01a20000-0000-7000-8000-000000000000"
    paid = kiosk(
        *("pay", visit, "--amount-minor", "599", "--token-file", token),
        *("--state", state, "--key", "till-1"),
    )
    assert paid.returncode == 0, paid.stderr
    again = kiosk(
        *("pay", visit, "--amount-minor", "599", "--token-file", token),
        *("--state", state, "--key", "till-1"),
    )
    assert again.stdout == paid.stdout
    wrong = kiosk("pay", visit, "--token-file", token, "--state", state)
    assert wrong.returncode == 2
    assert "give either --epc or --amount-minor" in wrong.stderr


def test_the_door_obeys_staff(theatre: Theatre) -> None:
    opened_now = kiosk("door", "unlock", "--reason", "delivery", "--config", config(theatre))
    assert opened_now.returncode == 0, opened_now.stderr
    assert "lock unlocked" in kiosk("door", "status", "--config", config(theatre)).stdout
    assert kiosk("door", "lock", "--config", config(theatre)).returncode == 0
    assert (
        '"unlocked": false' in kiosk("door", "status", "--config", config(theatre), "--json").stdout
    )


def test_the_owner_reads_on_the_page_which_entry_tells_why_staff_opened(theatre: Theatre) -> None:
    assert kiosk("door", "unlock", "--reason", "a parcel", "--config", config(theatre)).stderr == ""
    assert theatre.catch_up()
    with requests.Session() as browser:
        token = (theatre.directory / "hub" / "staff.token").read_text().strip()
        form = {"secret": token, "next": "/"}
        headers = {"Origin": theatre.hub_url}
        page = browser.post(f"{theatre.hub_url}/login", form, headers=headers, timeout=10).text
    _, found, table = page.partition("Doors that staff opened today")
    assert found, page
    assert "a parcel" not in page
    newest = re.search(r'<td class="amount">([0-9]+)</td>', table)
    assert newest is not None, table
    told = kiosk("ledger", "show", newest[1], "--state", str(theatre.directory))
    assert "reason  a parcel\n" in told.stdout


def test_a_stop_is_ordered_quick_and_leaves_the_lock_at_its_safe_level(theatre: Theatre) -> None:
    pid = int((theatre.directory / "daemon.pid").read_text(encoding="ascii"))
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    assert wait_for(lambda: not theatre.daemon.running, STOP_S)
    assert time.monotonic() - began < patient_s(STOP_S)
    assert not (theatre.directory / "control.sock").exists()
    safe = kiosk("door", "lock", "--config", config(theatre))
    assert safe.stdout == "at the safe level\n"
    gone = kiosk("status", "--state", str(theatre.directory))
    assert gone.returncode == 4
    assert "start it with kiosk run" in gone.stderr
    theatre.restart_daemon()


def test_documents_that_are_held_serve_without_the_hub(theatre: Theatre) -> None:
    theatre.lose("hub")
    theatre.restart_daemon()
    assert theatre.status()["documents"] == {"policy": 1, "keys": 1, "catalogue": 1}
    assert wait_for(lambda: theatre.status()["hub"]["away"], patient_s(10))
    told = kiosk("status", "--state", str(theatre.directory))
    assert told.returncode == 1
    assert "\nupload:  " in told.stdout
    theatre.restore("hub")
    assert wait_for(lambda: not theatre.status()["hub"]["away"], patient_s(40))
    assert kiosk("status", "--state", str(theatre.directory)).returncode == 0


def test_a_ledger_of_a_newer_version_is_refused_in_one_line(theatre: Theatre) -> None:
    theatre.daemon.stop()
    path = theatre.directory / LEDGER_FILE
    with sqlite3.connect(path) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    refused = kiosk("run", "--config", config(theatre))
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) == 1
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    theatre.restart_daemon()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (('kind = "m100"', 'kind = "m1000"'), 2, "kiosk.toml:"),
        (("[gate]", "[gait]"), 2, "did you mean"),
        (("state_dir = ", "state_dir = 5 #"), 2, "kiosk.toml:"),
    ],
    ids=["kind", "table", "type"],
)
def test_a_broken_configuration_is_one_plain_line_each(
    theatre: Theatre, tmp_path: Path, change: tuple[str, str], code: int, words: str
) -> None:
    text = (theatre.directory / "kiosk.toml").read_text(encoding="utf-8")
    broken = tmp_path / "kiosk.toml"
    broken.write_text(text.replace(*change), encoding="utf-8")
    refused = kiosk("run", "--config", str(broken))
    assert refused.returncode == code
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_doctor_looks_at_hub_and_provider(theatre: Theatre) -> None:
    looked = kiosk("doctor", "--config", config(theatre), "--json")
    assert looked.returncode == 0, looked.stdout
    assert '"what": "provider"' in looked.stdout


def test_a_first_start_without_hub_says_what_is_missing(tmp_path: Path, theatre: Theatre) -> None:
    text = (theatre.directory / "kiosk.toml").read_text(encoding="utf-8")
    fresh = tmp_path / "state"
    fresh.mkdir()
    for name in ("log.key", "wrap.key"):
        (fresh / name).write_bytes((theatre.directory / name).read_bytes())
        (fresh / name).chmod(0o600)
    lonely = tmp_path / "kiosk.toml"
    moved = text.replace(f'state_dir = "{theatre.directory}"', f'state_dir = "{fresh}"')
    lonely.write_text(moved.replace(theatre.hub_url, "http://127.0.0.1:9"), encoding="utf-8")
    refused = kiosk("run", "--config", str(lonely))
    assert refused.returncode == 4
    assert "publish them, or check hub.url" in refused.stderr
