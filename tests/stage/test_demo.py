"""The shipped day is found wherever the program was installed, or the error says what to give."""

from pathlib import Path

import pytest

from kiosk.stage.demo import clock_line, fresh, script_in, shipped_script
from kiosk.stage.errors import StageError


def test_a_checkout_has_its_day_beside_the_package() -> None:
    assert shipped_script().is_file()


@pytest.mark.parametrize("folder", ["config", "kiosk/config"])
def test_the_day_lies_beside_the_package_or_in_it(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "demo.toml").touch()
    assert script_in(tmp_path / "kiosk") == tmp_path / folder / "demo.toml"


def test_no_day_at_all_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"demo.toml is not there; give a script with --script"):
        script_in(tmp_path / "kiosk")


def test_a_directory_with_a_day_in_it_is_refused_in_one_line_with_a_remedy(tmp_path: Path) -> None:
    assert fresh(None) is None
    assert fresh(tmp_path) == tmp_path
    (tmp_path / "ledger.db").touch()
    with pytest.raises(
        StageError, match=r"a day was played here, or still is; give --state"
    ) as raised:
        fresh(tmp_path)
    assert raised.value.exit_code == 2


def test_pages_whose_clock_is_ahead_are_said_to_be() -> None:
    assert clock_line(0.0) == ""
    assert clock_line(7261.4) == "Their clock is 2 h ahead of yours: waits were skipped.\n"
