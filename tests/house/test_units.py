"""The systemd units: they load, they are shut tight, and they start what there is to start."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.conftest import ROOT
from tests.shipped import shipped

UNITS = sorted((ROOT / "systemd").glob("*.service"))
GATE = 15  # tenths of systemd's exposure level: 1.5 of 10 for the worst
PROGRAM = "/opt/kiosk/.venv/bin/kiosk"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and "CI" not in os.environ,
    reason="systemd-analyze is not here (Debian package systemd)",
)


def name_of(path: Path) -> str:
    """File name, as a test id."""
    return path.name


def settings(path: Path) -> dict[str, list[str]]:
    """Values of every key of a unit, in order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which needs no running systemd for this."""
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def exposure_is_kept(unit: Path) -> bool:
    """Whether a unit passes the gate."""
    return analyze("security", "--offline=yes", f"--threshold={GATE}", str(unit)).returncode == 0


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_loads_without_a_word(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
    ran = analyze("verify", "--man=no", str(copy))
    assert ran.returncode == 0
    assert unit.name not in ran.stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_is_shut_tight(unit: Path) -> None:
    assert exposure_is_kept(unit)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_the_gate_refuses_a_unit_that_keeps_its_capabilities(unit: Path, tmp_path: Path) -> None:
    weak = tmp_path / unit.name
    weak.write_text(unit.read_text().replace("CapabilityBoundingSet=\n", ""))
    assert not exposure_is_kept(weak)


@needs_systemd
def test_the_gate_refuses_a_plain_unit(tmp_path: Path) -> None:
    plain = tmp_path / "plain.service"
    plain.write_text("[Service]\nExecStart=/bin/true\n")
    assert not exposure_is_kept(plain)


def test_a_dead_daemon_is_relocked_and_started_again_without_limit() -> None:
    daemon = settings(ROOT / "systemd" / "kiosk.service")
    assert daemon["ExecStopPost"][0].startswith(f"-{PROGRAM} door lock")
    assert daemon["Restart"] == ["always"]
    assert daemon["StartLimitIntervalSec"] == ["0"]
    assert int(daemon["WatchdogSec"][0]) <= 10


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_may_learn_its_board_and_its_boot(unit: Path) -> None:
    assert "ProcSubset" not in settings(unit)


def test_the_daemon_has_a_place_for_pipes() -> None:
    daemon = settings(ROOT / "systemd" / "kiosk.service")
    assert daemon["Environment"] == ["LG_WD=/run/kiosk"]


def test_the_pins_belong_to_a_group_of_the_daemon() -> None:
    rules = (ROOT / "systemd" / "udev" / "rules.d" / "60-kiosk.rules").read_text()
    daemon = settings(ROOT / "systemd" / "kiosk.service")
    assert 'KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"' in rules
    assert "gpio" in daemon["SupplementaryGroups"][0].split()
    assert "char-gpiochip rw" in daemon["DeviceAllow"]


def test_the_daemon_may_write_on_the_screen_that_the_stores_file_names() -> None:
    screen = tomllib.loads(shipped("store.toml"))["screen"]
    daemon = settings(ROOT / "systemd" / "kiosk.service")
    assert f"{screen['path']} rw" in daemon["DeviceAllow"]
    assert "tty" in daemon["SupplementaryGroups"][0].split()


def test_nothing_that_the_door_needs_waits_for_the_network() -> None:
    daemon = settings(ROOT / "systemd" / "kiosk.service")
    assert not {"Requires", "BindsTo", "Requisite"} & set(daemon)


def test_the_eye_has_no_network() -> None:
    eye = settings(ROOT / "systemd" / "kiosk-eye.service")
    assert eye["PrivateNetwork"] == ["yes"]
    assert eye["RestrictAddressFamilies"] == ["AF_UNIX"]


def test_whoever_watches_does_not_also_score() -> None:
    hub = settings(ROOT / "systemd" / "kiosk-hub.service")
    scores = settings(ROOT / "systemd" / "kiosk-scores.service")
    assert hub["User"] != scores["User"]
    assert hub["StateDirectory"] != scores["StateDirectory"]


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_speaks_to_this_machine_only(unit: Path) -> None:
    found = settings(unit)
    assert found["IPAddressDeny"] == ["any"]
    assert found.get("IPAddressAllow", ["localhost"]) == ["localhost"]


def test_every_account_and_group_of_a_unit_is_made() -> None:
    made: dict[str, set[str]] = {
        "u": set(),
        "g": {"dialout", "video", "tty"},
    }  # base-passwd makes three
    for line in (ROOT / "systemd" / "sysusers.d" / "kiosk.conf").read_text().splitlines():
        if not line.startswith("#"):
            kind, name, *_ = line.split()
            made[kind].add(name)
    for unit in UNITS:
        found = settings(unit)
        assert set(found["User"]) <= made["u"]
        groups = [*found["Group"], *" ".join(found.get("SupplementaryGroups", [])).split()]
        assert set(groups) <= made["u"] | made["g"]


@needs_systemd
def test_the_accounts_can_be_made_in_an_empty_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", ROOT / "systemd/sysusers.d/kiosk.conf"],
        capture_output=True,
        check=True,
    )
    accounts = (tmp_path / "etc/passwd").read_text()
    assert re.search(r"^kiosk:x:\d+:\d+:Kiosk daemon:/var/lib/kiosk:", accounts, re.MULTILINE)
    assert accounts.count("nologin") == 4


@pytest.mark.parametrize("key", ["ExecStart", "ExecStopPost"])
@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_calls_a_command_that_there_is(unit: Path, key: str) -> None:
    for line in settings(unit).get(key, []):
        words = line.removeprefix(f"-{PROGRAM}").removeprefix(PROGRAM).split()
        options = [word for word in words if word.startswith("--")]
        verbs = words[: words.index(options[0])]
        shown = subprocess.run(
            [sys.executable, "-m", "kiosk", *verbs, "--help"],
            env=os.environ | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert shown.returncode == 0, shown.stderr
        assert [option for option in options if option not in shown.stdout] == []
