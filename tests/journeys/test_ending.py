"""However a play ends, its processes end with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.stage.links import wait_for
from tests.journeys.scripts import step, write

READY_S = 40.0
GONE_S = 25.0
NAMES = ("hub", "scores", "daemon")


def alive(pids: list[int]) -> list[int]:
    """Return those that still run; a zombie of another parent does not."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            continue
        if state[0] != "Z":
            found.append(pid)
    return found


@pytest.mark.parametrize(
    ("verb", "number", "code"),
    [
        ("play", signal.SIGINT, 130),
        pytest.param("play", signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param("play", signal.SIGHUP, 129, marks=pytest.mark.slow),
        ("play", signal.SIGKILL, -9),
        ("demo", signal.SIGINT, 0),
    ],
)
def test_nothing_is_left_running_when_a_play_is_interrupted(
    tmp_path: Path, verb: str, number: signal.Signals, code: int
) -> None:
    state = tmp_path / "state"
    steps = [step("show_qr", customer="customer-1")] * (1 if verb == "demo" else 200)
    script = str(write(tmp_path / "long.toml", steps))
    words = [script] if verb == "play" else ["--script", script]
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", verb, *words, "--state", str(state), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if verb == "demo":
            assert any("Ctrl-C" in line for line in process.stdout)
        assert wait_for((state / "control.sock").exists, READY_S)
        pids = [int((state / f"{name}.pid").read_text(encoding="ascii")) for name in NAMES]
        os.kill(process.pid, number)
        process.communicate(timeout=GONE_S)
    finally:
        process.kill()
        process.communicate()
    assert wait_for(lambda: alive(pids) == [], GONE_S if number == signal.SIGKILL else 0)
    assert process.returncode == code
    assert number == signal.SIGKILL or not list(state.glob("*.pid"))
