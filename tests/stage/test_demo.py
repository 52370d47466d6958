"""The shipped day is found wherever the program was installed, or the error says what to give."""

from pathlib import Path

import pytest

from kiosk.stage.demo import script_in, shipped_script
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
