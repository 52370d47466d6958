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
    ("verb", "number"), [("play", signal.SIGINT), ("play", signal.SIGTERM), ("demo", signal.SIGINT)]
)
def test_nothing_is_left_running_when_a_play_is_interrupted(
    tmp_path: Path, verb: str, number: signal.Signals
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
    assert alive(pids) == []
    assert not list(state.glob("*.pid"))
    expected = {signal.SIGINT: {130, 0}, signal.SIGTERM: {143}}[number]
    assert process.returncode in expected
