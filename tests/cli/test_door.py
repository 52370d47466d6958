"""`kiosk door`: what the running kiosk is asked, and what happens without one."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.gpio import ENDINGS
from drivers.sim.pins import shared_factory
from tests.cli.conftest import Control
from tests.shipped import shipped

Kiosk = Callable[..., Any]

DOOR_PIN = 27
LOOK_S = 0.01
SETTLE_S = 0.3  # well above the contact's debounce

STATUS = {"ok": True, "door_open": False, "unlocked": True, "entry": "unlocked"}


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """A command may answer signals in its own way; here it is no process of its own."""
    before = {each: signal.getsignal(each) for each in ENDINGS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def shop(kiosk: Kiosk, tmp_path: Path) -> Path:
    """A simulated shop that nobody serves."""
    kiosk("init", tmp_path / "shop", "--simulate")
    return tmp_path / "shop"


def test_the_state_is_what_the_running_kiosk_knows(
    kiosk: Kiosk, state: Path, control: Control
) -> None:
    control.answers(STATUS, {**STATUS, "door_open": True, "unlocked": False}, STATUS)
    assert kiosk("door", "status", "--state", state).out == "door closed, lock unlocked\n"
    assert kiosk("door", "status", "--state", state).out == "door open, lock locked\n"
    told = json.loads(kiosk("door", "status", "--state", state, "--json").out)
    assert told == {"door_open": False, "unlocked": True, "entry": "unlocked"}


def test_staff_unlock_with_a_reason(kiosk: Kiosk, state: Path, control: Control) -> None:
    control.answers({"ok": True, "unlocked": True})
    done = kiosk("door", "unlock", "--reason", "bread", "--state", state)
    assert (done.code, done.out) == (0, "unlocked\n")
    assert control.asked == [{"do": "door", "want": "unlock", "reason": "bread"}]
    assert kiosk("door", "unlock", "--state", state).code == 2


def test_a_door_that_a_kiosk_holds_is_not_tried(
    kiosk: Kiosk, shop: Path, control: Control, state: Path
) -> None:
    config = shop / "kiosk.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace(str(shop), str(state)), encoding="utf-8")
    control.answers(STATUS)
    done = kiosk("door", "test", "--config", config)
    assert (done.code, done.out) == (2, "")
    assert done.err == "kiosk: a kiosk runs here and holds the door: stop it first\n"


def test_a_lock_that_does_not_obey_is_a_matter_for_hands(
    kiosk: Kiosk, state: Path, control: Control
) -> None:
    control.answers({"ok": True, "unlocked": False}, {"ok": False, "error": "reason: too long"})
    done = kiosk("door", "unlock", "--reason", "x", "--state", state)
    assert (done.code, "use the key of the door" in done.err) == (3, True)
    refused = kiosk("door", "unlock", "--reason", "x" * 4096, "--state", state)
    assert (refused.code, "reason: too long" in refused.err) == (2, True)


def test_the_safe_level_needs_no_running_kiosk(kiosk: Kiosk, shop: Path) -> None:
    done = kiosk("door", "lock", "--state", shop)
    assert (done.code, done.out) == (0, "at the safe level\n")


def test_the_safe_level_is_asked_of_the_kiosk_that_runs(kiosk: Kiosk, shop: Path) -> None:
    serving = Control(shop / "control.sock")
    try:
        serving.answers({"ok": True})
        assert kiosk("door", "lock", "--state", shop).code == 0
        assert serving.asked == [{"do": "door", "want": "lock"}]
    finally:
        serving.close()


def test_a_door_that_does_not_move_is_a_finding_of_the_hardware(kiosk: Kiosk, shop: Path) -> None:
    done = kiosk("door", "test", "--state", shop, "--seconds", "0.3")
    assert done.code == 3
    assert "unlocked: open the door" in done.out
    assert done.err == "kiosk: door: not seen to open and close; check its contact\n"


def test_a_door_that_opens_and_closes_is_seen(kiosk: Kiosk, tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text(shipped("store.toml").replace('"gpio"', '"sim"'), encoding="utf-8")
    watched = threading.Event()

    def pull() -> None:
        """Open the door once it is watched, and let it fall shut."""
        door = shared_factory().pin(DOOR_PIN)
        while not watched.wait(LOOK_S) and door.function != "input":
            pass
        for level in (True, False):
            watched.wait(SETTLE_S)
            door.wire(level=level)

    visitor = threading.Thread(target=pull)
    visitor.start()
    done = kiosk("door", "test", "--config", config, "--seconds", "20")
    watched.set()
    visitor.join()
    assert done.out.splitlines()[-3:] == ["door opened", "door closed", "lock and contact work"]
    assert done.code == 0
