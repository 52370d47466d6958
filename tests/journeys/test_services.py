"""The units' own command lines, under a stand-in for the service manager.

What systemd itself does with them (restart, watchdog, relock) is shown in `test_booted.py`.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kiosk.stage.links import wait_for
from kiosk.stage.script import load
from kiosk.stage.theatre import Theatre, prepared
from tests.house.conftest import ROOT
from tests.house.test_units import PROGRAM, settings
from tests.journeys.scripts import write
from tests.patience import patient_s
from tests.shipped import shipped

UNIT = settings(ROOT / "systemd" / "kiosk.service")
CONFIG = "/etc/kiosk/kiosk.toml"
FAKE_BOARD = ROOT / "tests" / "drivers" / "fake_board"
READY_S = 60.0
SILENT_S = 3.0  # the daemon feeds the watchdog once a second
ON_A_PI = """
import sys
import gpiozero.pins.local as local
local.get_pi_revision = lambda: 0xA02082
"""
STRICT = """
import kiosk.settings
kiosk.settings.load_lock = lambda _path: None
"""
MAIN = """
from kiosk.__main__ import main
main(sys.argv[1:])
"""


def words(key: str, config: Path) -> list[str]:
    """Return what the unit runs, without the program, for a configuration of the test's own."""
    (line,) = UNIT[key]
    program, *arguments = shlex.split(line.removeprefix("-"))
    assert program == PROGRAM
    assert CONFIG in arguments
    return [str(config) if word == CONFIG else word for word in arguments]


def relock(config: Path) -> subprocess.CompletedProcess[str]:
    """Run the line that follows the daemon's end."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *words("ExecStopPost", config)],
        capture_output=True,
        text=True,
        timeout=patient_s(float(UNIT["TimeoutStopSec"][0])),
        check=False,
    )


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """Yield hub and scores with published rules, and a configuration; no daemon."""
    place = tmp_path_factory.mktemp("services")
    found = prepared(place / "state", load(write(place / "empty.toml", [])))
    with ExitStack() as stack:
        found.start_services(stack)
        yield found


@contextmanager
def started(theatre: Theatre) -> Iterator[tuple["subprocess.Popen[bytes]", socket.socket]]:
    """Start the daemon by its unit's line; yield it and the manager's socket."""
    manager_at = theatre.directory / "notify"
    manager_at.unlink(missing_ok=True)
    environment = {
        "NOTIFY_SOCKET": str(manager_at),
        "WATCHDOG_USEC": f"{int(UNIT['WatchdogSec'][0]) * 1_000_000}",
    }
    config = theatre.directory / "kiosk.toml"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(manager_at))
        manager.settimeout(patient_s(READY_S))
        daemon = subprocess.Popen(
            [sys.executable, "-m", "kiosk", *words("ExecStart", config)],
            env=os.environ | environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield daemon, manager
        finally:
            daemon.kill()
            daemon.wait()


def hear(manager: socket.socket, what: bytes) -> None:
    """Return when the manager was told this."""
    while what not in manager.recv(256):
        pass


def test_the_daemon_says_ready_beats_and_stops_in_order(theatre: Theatre) -> None:
    assert UNIT["Type"] == ["notify"]
    with started(theatre) as (daemon, manager):
        hear(manager, b"READY=1")
        hear(manager, b"WATCHDOG=1")
        hear(manager, b"WATCHDOG=1")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(patient_s(float(UNIT["TimeoutStopSec"][0]))) == 0
    assert relock(theatre.directory / "kiosk.toml").returncode == 0


def test_p2_a_frozen_daemon_starves_the_watchdog_and_is_relocked_after_it(theatre: Theatre) -> None:
    with started(theatre) as (daemon, manager):
        hear(manager, b"WATCHDOG=1")
        daemon.send_signal(signal.SIGSTOP)
        manager.settimeout(SILENT_S)
        with pytest.raises(TimeoutError):
            hear(manager, b"a word from the dead")
        daemon.send_signal(signal.Signals[UNIT["WatchdogSignal"][0]])
        daemon.send_signal(signal.SIGCONT)
        assert daemon.wait(READY_S) != 0
    done = relock(theatre.directory / "kiosk.toml")
    assert (done.returncode, done.stdout) == (0, "at the safe level\n"), done.stderr


def on_a_board(directory: Path, *, active_high: bool) -> tuple[Path, Path]:
    """Return the store's configuration for a fake board, and where the board tells its levels."""
    text = shipped("store.toml").replace("/var/lib/kiosk", str(directory / "nothing here"))
    said = f"active_high = {str(active_high).lower()}\nmax_hold_s"
    text = text.replace("external_pull = false", "external_pull = true")
    text = text.replace("active_high = true\n# Seconds after which", "# Seconds after which")
    text = text.replace("max_hold_s", said, 1)
    config = directory / "kiosk.toml"
    config.write_text(text, encoding="utf-8")
    return config, directory / "trace"


def board_environment(trace: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": f"{FAKE_BOARD}:{ROOT}",
        "KIOSK_FAKE_LGPIO_TRACE": str(trace),
        "LG_WD": str(trace.parent),
    }


def levels(trace: Path) -> list[str]:
    """Return every level that the lock's line was given."""
    told = [line.split() for line in trace.read_text("ascii").splitlines()]
    return [level for _, line, level in told if line == "17" and level != "-1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_p2_a_door_test_that_is_ended_leaves_no_strike_powered(
    tmp_path: Path, number: signal.Signals
) -> None:
    config, trace = on_a_board(tmp_path, active_high=True)
    testing = subprocess.Popen(
        [sys.executable, "-c", ON_A_PI + MAIN, "door", "test", "--config", str(config)],
        cwd=tmp_path,
        env=board_environment(trace),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with testing:
        assert wait_for(lambda: trace.exists() and levels(trace)[-1:] == ["1"], READY_S)
        testing.send_signal(number)
        assert testing.wait(READY_S) == 128 + number
    assert levels(trace)[-1] == "0"


@pytest.mark.parametrize("active_high", [True, False])
def test_p2_the_relock_needs_no_ledger_and_never_powers_the_line(
    tmp_path: Path, *, active_high: bool
) -> None:
    config, trace = on_a_board(tmp_path, active_high=active_high)
    done = relock_on_a_board(config, trace)
    assert (done.returncode, done.stdout) == (0, "at the safe level\n"), done.stderr
    assert set(levels(trace)) == {"0" if active_high else "1"}
    assert not (tmp_path / "nothing here").exists()


@pytest.mark.parametrize("active_high", [True, False])
def test_p2_the_relock_needs_no_configuration_but_the_locks(
    tmp_path: Path, *, active_high: bool
) -> None:
    config, trace = on_a_board(tmp_path, active_high=active_high)
    break_hub(config)
    done = relock_on_a_board(config, trace)
    assert (done.returncode, done.stdout) == (2, "at the safe level\n")
    assert "hub.url" in done.stderr
    assert set(levels(trace)) == {"0" if active_high else "1"}


def test_the_harness_catches_a_relock_that_wants_all_of_it(tmp_path: Path) -> None:
    config, trace = on_a_board(tmp_path, active_high=True)
    break_hub(config)
    assert relock_on_a_board(config, trace, STRICT).stdout == ""
    assert not trace.exists()


def break_hub(config: Path) -> None:
    """Spoil what has nothing to do with the lock."""
    text = config.read_text(encoding="utf-8")
    assert 'url = "' in text
    config.write_text(text.replace('url = "', 'url = "gopher:'), encoding="utf-8")


def relock_on_a_board(
    config: Path, trace: Path, mutant: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the line that follows the daemon's end on a fake board."""
    return subprocess.run(
        [sys.executable, "-c", ON_A_PI + mutant + MAIN, *words("ExecStopPost", config)],
        cwd=config.parent,
        env=board_environment(trace),
        capture_output=True,
        text=True,
        check=False,
    )
