"""`kiosk sim`: without a simulated shop that runs there is one line, and the right exit code.

Whole visits are typed in test_init_steps.py, and what a shop refuses is in tests/stage.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.core.visit_passing import GROUP_S
from kiosk.core.visit_state import CROWD_MS

Kiosk = Callable[..., Any]

VERBS = [
    ("show", "K1:X"),
    ("choose", "vouched"),
    ("enter",),
    ("exit",),
    ("exit", "AABB", "--code", "K1:X"),
]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_without_a_running_kiosk_it_says_so(
    words: tuple[str, ...], kiosk: Kiosk, tmp_path: Path
) -> None:
    place = tmp_path / "shop"
    kiosk("init", place, "--simulate")
    done = kiosk("sim", *words, "--state", place)
    assert done.code == 4
    assert done.err.startswith(f"kiosk: {place}/control.sock: no kiosk answers there; start it")


def test_a_gate_with_real_devices_is_left_alone(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk("init", tmp_path / "shop")
    done = kiosk("sim", "enter", "--state", tmp_path / "shop")
    assert done.code == 2
    assert "corner/door-1: no simulated shop; make one: kiosk init DIR --simulate" in done.err


@pytest.mark.parametrize("epc", ["ZZZ", "30", "303040", "0000", "30" * 64])
def test_what_is_no_epc_is_refused(kiosk: Kiosk, epc: str) -> None:
    done = kiosk("sim", "exit", epc)
    assert done.code == 2
    assert f"'{epc}': no EPC: kiosk rfid decode says more" in done.err


def test_a_way_that_is_none_is_refused(kiosk: Kiosk) -> None:
    done = kiosk("sim", "choose", "deposit")
    assert done.code == 2
    assert "'deposit' is not one of 'voucher', 'vouched', 'leave', 'group'" in done.err


def test_help_says_how_a_group_comes_in_and_leaves(kiosk: Kiosk) -> None:
    comes, leaves = (
        " ".join(kiosk("sim", verb, "--help").out.split()) for verb in ("choose", "exit")
    )
    assert f"stays unlocked for {GROUP_S} s" in comes
    assert "see kiosk sim exit" in comes
    assert CROWD_MS == 15 * 60_000
    assert "once the door is locked again" in leaves
    assert "a quarter of an hour" in leaves
