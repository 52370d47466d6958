"""`kiosk play` on real bytes: the whole object of DESIGN 10, and nothing about anybody in it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.scripts import (
    FOREIGN,
    SECOND_MIX,
    TRAIL_MIX,
    WATER,
    expect,
    step,
    write,
)

LIMIT_S = 110


def kiosk(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command of the kiosk."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


DAY = [
    step("shelf", epcs=[WATER]),
    step("wait", for_s=3),
    step("show_qr", customer="customer-1"),
    step("door", state="open"),
    step("door", state="closed"),
    step("take", epcs=[TRAIL_MIX, SECOND_MIX, FOREIGN]),
    step("pay", epcs=[TRAIL_MIX]),
    step("exit"),
    step("pay", amount_minor=599, after_s=3600),
    step("show_qr", customer="customer-2", inverted=True),
    step("exit"),
    step("show_qr", customer="customer-3"),
    step("choose", way="leave"),
    expect("customer-1", decision="granted", way="score", outcome="unpaid", unpaid_minor=0),
    expect("customer-2", outcome="empty"),
    expect("customer-3", decision="offered", reason="unknown", outcome=""),
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, Any], Path]:
    """Play the day once, and return its result and its directory."""
    directory = tmp_path_factory.mktemp("play")
    script = write(directory / "day.toml", DAY)
    done = kiosk("play", str(script), "--state", str(directory / "state"), "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), directory / "state"


def test_the_object_has_the_shape_of_the_design(played: tuple[Mapping[str, Any], Path]) -> None:
    result, _ = played
    assert set(result) == {"visits", "rentals", "anonymous", "lock", "ledger", "hub"}
    for visit in result["visits"]:
        assert set(visit) == {
            *("id", "customer", "decision", "reason", "way", "outcome"),
            *("lines", "unpaid_minor"),
        }
        for line in visit["lines"]:
            assert set(line) == {"epc", "gtin", "name", "price_minor", "paid"}
    assert result["rentals"] == []
    assert result["anonymous"] == []
    assert set(result["ledger"]) == {"size", "root", "verified"}


def test_paying_late_settles_the_lines_and_never_changes_the_outcome(
    played: tuple[Mapping[str, Any], Path],
) -> None:
    visit = played[0]["visits"][0]
    assert visit["outcome"] == "unpaid"
    assert [(line["epc"], line["paid"]) for line in visit["lines"]] == [
        (TRAIL_MIX, True),
        (SECOND_MIX, True),
    ]


def test_the_ledger_verifies_and_the_hub_has_all_of_it(
    played: tuple[Mapping[str, Any], Path],
) -> None:
    ledger, hub = played[0]["ledger"], played[0]["hub"]
    assert ledger["verified"] is True
    assert (hub["size"], hub["root"]) == (ledger["size"], ledger["root"])


def test_what_is_kept_is_what_was_told(played: tuple[Mapping[str, Any], Path]) -> None:
    result, state = played
    verified = json.loads(kiosk("ledger", "verify", "--state", str(state), "--json").stdout)
    assert result["ledger"].items() <= verified.items()
    last = json.loads(kiosk("ledger", "tail", "--state", str(state), "--json").stdout)[-1]
    assert last["type"] == "device.stopped"


def test_the_lock_was_open_once_for_each_who_came_in_and_never_longer_than_its_hold(
    played: tuple[Mapping[str, Any], Path],
) -> None:
    lock = played[0]["lock"]
    assert [row["gate"] for row in lock] == ["door", "door"]
    assert all(0 < row["unlocked_ms"] <= 10_500 for row in lock)


def test_p6_no_customer_token_or_score_is_in_any_log_or_in_the_ledger(
    played: tuple[Mapping[str, Any], Path],
) -> None:
    _, state = played
    looked = [*state.glob("*.log"), *state.glob("ledger.db*"), *state.glob("hub/*.db*")]
    assert len(looked) >= 4
    for file in looked:
        data = file.read_bytes()
        for secret in (b"customer-1", b"customer-2", b"customer-3", b"K1:", b"720"):
            found = secret in data
            assert not found or secret == b"720", f"{secret!r} is in {file.name}"


def test_nothing_is_left_running(played: tuple[Mapping[str, Any], Path]) -> None:
    _, state = played
    assert not list(state.glob("*.pid"))
    assert not (state / "control.sock").exists()


@pytest.mark.slow
def test_a_play_in_the_same_directory_goes_on_where_it_was(
    played: tuple[Mapping[str, Any], Path], tmp_path: Path
) -> None:
    result, kept = played
    state = tmp_path / "state"
    shutil.copytree(kept, state)  # other tests look at what the first play left
    script = write(tmp_path / "more.toml", [step("show_qr", customer="customer-2"), step("exit")])
    done = kiosk("play", str(script), "--state", str(state), "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["ledger"]["size"] > result["ledger"]["size"]
    assert again["ledger"]["verified"] is True


@pytest.mark.slow
def test_a_day_that_was_cut_off_goes_on_with_an_empty_shop(tmp_path: Path) -> None:
    """Who was inside is of the day before; the kiosk closed that visit by its own rules."""
    state = tmp_path / "state"
    inside = [step("show_qr", customer="customer-1"), step("take", epcs=[TRAIL_MIX])]
    cut_off = write(tmp_path / "cut.toml", inside)
    assert kiosk("play", str(cut_off), "--state", str(state), "--quiet").returncode == 0
    come = [
        step("show_qr", customer="customer-2"),
        step("take", epcs=[TRAIL_MIX]),
        step("exit"),
        expect("customer-2", decision="granted", outcome="unpaid"),
    ]
    again = kiosk(
        *("play", str(write(tmp_path / "again.toml", come)), "--state", str(state), "--quiet")
    )
    assert again.returncode == 0, again.stderr
    same = kiosk("demo", "--script", str(cut_off), "--state", str(state), "--quiet")
    assert (same.returncode, same.stdout) == (2, "")
    told = "a day was played here, or still is; give --state another directory"
    assert same.stderr == f"kiosk: {state}: {told}\n"


def test_a_hub_that_is_away_at_the_end_is_asked_what_it_holds(tmp_path: Path) -> None:
    script = write(
        tmp_path / "away.toml",
        [
            step("show_qr", customer="customer-1"),
            step("take", epcs=[TRAIL_MIX]),
            step("exit"),
            step("pay", amount_minor=599),
            step("wait", for_s=60),
            step("lose", device="hub"),
            step("show_qr", customer="customer-2"),
            step("exit"),
            expect("customer-1", outcome="unpaid", unpaid_minor=0),
            expect("customer-2", outcome="empty"),
        ],
    )
    done = kiosk("play", str(script), "--quiet", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert 0 < result["hub"]["size"] < result["ledger"]["size"]
    assert result["hub"]["root"]


def test_several_customers_inside_are_told_apart_at_the_exit(tmp_path: Path) -> None:
    script = write(
        tmp_path / "many.toml",
        [
            step("show_qr", customer="customer-1"),
            step("take", epcs=[TRAIL_MIX]),
            step("show_qr", customer="customer-2"),
            step("take", epcs=[WATER]),
            step("exit", customer="customer-1"),
            step("exit", customer="customer-2"),
            expect("customer-1", outcome="unpaid", unpaid_minor=599),
            expect("customer-2", outcome="unpaid", unpaid_minor=120),
        ],
        max_inside=2,
    )
    done = kiosk("play", str(script), "--quiet", "--json")
    assert done.returncode == 0, done.stderr


def test_what_is_expected_and_not_so_is_one_line_each_and_exit_1(tmp_path: Path) -> None:
    script = write(
        tmp_path / "wrong.toml",
        [
            step("forge_qr", customer="customer-1"),
            expect("customer-1", decision="granted", outcome="paid"),
            expect("customer-1", visit=2, outcome="paid"),
        ],
    )
    done = kiosk("play", str(script), "--quiet")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if "wrong.toml" in line]
    assert len(lines) == 3
    assert "outcome is nothing, expected 'paid'" in lines[0]
    assert "decision is 'refused', expected 'granted'" in lines[1]
    assert "there were only 1" in lines[2]


def test_every_mistake_in_a_script_is_said_at_once_and_nothing_is_started(tmp_path: Path) -> None:
    script = write(
        tmp_path / "typo.toml",
        [step("shwo_qr", customer="customer-1"), step("door", state="ajar"), "[[stepp]]\ndo = 1\n"],
    )
    done = kiosk("play", str(script), "--state", str(tmp_path / "state"))
    assert done.returncode == 2
    assert "did you mean 'show_qr'?" in done.stderr
    assert "step.state" in done.stderr
    assert "did you mean 'step'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists()
