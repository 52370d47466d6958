"""A machine without pseudo terminals is told so, with a remedy, before a day begins."""

from pathlib import Path

import pytest

from kiosk.stage.errors import MachineError
from kiosk.stage.terminals import why_none
from kiosk.stage.theatre import opened
from tests.scarce import no_terminal
from tests.stage.scripts import script

HARDWARE = 3
FILES = Path("/proc/self/fd")


def test_a_machine_with_terminals_keeps_none_of_them_open() -> None:
    before = len(list(FILES.iterdir()))
    assert why_none() == ""
    assert len(list(FILES.iterdir())) == before


def test_a_day_without_terminals_does_not_begin(tmp_path: Path) -> None:
    place = tmp_path / "state"
    with no_terminal(), pytest.raises(MachineError) as told, opened(place, script()):
        pass
    assert str(told.value) == (
        "no pseudo terminal is to be had (Too many open files); simulated readers need some: "
        "sudo mount -t devpts devpts /dev/pts"
    )
    assert told.value.exit_code == HARDWARE
    assert not place.exists()
