"""What is left on a lock's line when its process is told to end."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.gpio import ENDINGS, exit_on_signals
from drivers.sim.gpio import SimLock

FAKE_BOARD = Path(__file__).parent / "fake_board"
ROOT = Path(__file__).parents[2]
CHILD = """
import sys, time
import gpiozero.pins.local as local
local.get_pi_revision = lambda: 0xA02082
from drivers.gpio import exit_on_signals
from drivers.registry import create
if {handler}:
    exit_on_signals()
lock = create("lock", "gpio", "front", {{
    "pin": 17, "fail_mode": "{fail_mode}", "active_high": {active_high}, "external_pull": True}})
lock.open()
lock.unlock(20)
print("unlocked", flush=True)
{ending}
"""
WAIT = "while True: time.sleep(0.05)"


@pytest.fixture
def end_child(tmp_path: Path) -> Callable[..., tuple[int, int]]:
    """Run a child that unlocks, end it; return its exit status and the level left on the line."""

    def run(
        *,
        active_high: bool = True,
        fail_mode: str = "secure",
        handler: bool = True,
        ending: str = WAIT,
        number: signal.Signals = signal.SIGTERM,
    ) -> tuple[int, int]:
        trace = tmp_path / f"trace-{active_high}-{fail_mode}-{handler}"
        code = CHILD.format(
            handler=handler, fail_mode=fail_mode, active_high=active_high, ending=ending
        )
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            env={
                "PYTHONPATH": f"{FAKE_BOARD}:{ROOT}",
                "KIOSK_FAKE_LGPIO_TRACE": str(trace),
                "LG_WD": str(tmp_path),
            },
        )
        assert child.stdout is not None
        with child, child.stdout:
            try:
                assert child.stdout.readline() == b"unlocked\n"
                if ending == WAIT:
                    child.send_signal(number)
                status = child.wait(10)
            finally:
                child.kill()  # one that did not hear the signal must not stay
        lines = [line.split() for line in trace.read_text("ascii").splitlines()]
        levels = [int(level) for call, pin, level in lines if pin == "17" and level != "-1"]
        return status, levels[-1]

    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("fail_mode", ["secure", "safe"])
def test_p2_a_signal_within_an_unlock_leaves_the_line_unpowered(
    end_child: Callable[..., tuple[int, int]],
    *,
    active_high: bool,
    fail_mode: str,
    number: signal.Signals,
) -> None:
    status, level = end_child(active_high=active_high, fail_mode=fail_mode, number=number)
    assert status == 128 + number
    assert level == int(not active_high)


def test_p2_the_handler_releases_first_and_then_exits() -> None:
    lock = SimLock("front", {})
    lock.open()
    lock.unlock(20)
    before = {each: signal.getsignal(each) for each in ENDINGS}
    exit_on_signals()
    try:
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGTERM)
        assert not lock.is_unlocked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        lock.close()
    assert ended.value.code == 143


def test_the_mutant_without_the_handler_leaves_a_strike_powered(
    end_child: Callable[..., tuple[int, int]],
) -> None:
    status, level = end_child(handler=False)
    assert status == -signal.SIGTERM
    assert level == 1


@pytest.mark.parametrize(
    "ending", ["sys.exit(0)", "raise RuntimeError('a bug')", ""], ids=["exit", "bug", "end"]
)
def test_p2_every_other_end_of_the_process_leaves_the_line_unpowered(
    end_child: Callable[..., tuple[int, int]], ending: str
) -> None:
    _, level = end_child(ending=ending, handler=False)
    assert level == 0


def test_p2_an_interrupt_leaves_the_line_unpowered(
    end_child: Callable[..., tuple[int, int]],
) -> None:
    _, level = end_child(number=signal.SIGINT, handler=False)
    assert level == 0
