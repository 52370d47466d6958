"""Learned tags become rows of the shop's spreadsheet, once, and nothing else of it changes."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.stage.errors import StageError
from kiosk.stage.learning import add
from tests.stage.scripts import FOREIGN, MIX, SECOND_MIX, WATER


def rows(path: Path) -> list[list[str]]:
    """Return the sheet without its heads."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_a_gtin_is_one_row_for_all_its_items_and_other_tags_are_rows_of_their_own(
    tmp_path: Path,
) -> None:
    sheet = tmp_path / "items.csv"
    assert add(sheet, [MIX, SECOND_MIX, FOREIGN], "Trail mix", "5.99") == 2
    assert rows(sheet) == [
        ["00614141123452", "", "Trail mix", "5.99"],
        ["", FOREIGN, "Trail mix", "5.99"],
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from([MIX, SECOND_MIX, WATER, FOREIGN])))
def test_what_was_learned_is_not_learned_again(tmp_path: Path, epcs: list[str]) -> None:
    sheet = tmp_path / "again.csv"
    sheet.unlink(missing_ok=True)
    first = add(sheet, epcs, "Soap", "1.00")
    assert first == len(rows(sheet)) <= len(set(epcs))
    assert add(sheet, epcs, "Soap", "1.00") == 0
    assert len(rows(sheet)) == first


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@A1", "\tx"])
def test_a_name_that_a_spreadsheet_would_run_is_shown_instead(tmp_path: Path, name: str) -> None:
    sheet = tmp_path / "items.csv"
    add(sheet, [MIX], name, "1.00")
    assert rows(sheet)[0][2] == f"'{name}"


def test_a_sheet_whose_last_row_is_open_is_closed_before_the_next(tmp_path: Path) -> None:
    sheet = tmp_path / "items.csv"
    sheet.write_text("gtin,epc,name,price\n,E2801160,Soap,1.00", encoding="utf-8")
    assert add(sheet, [WATER], "Water", "1.20") == 1
    assert rows(sheet) == [
        ["", "E2801160", "Soap", "1.00"],
        ["00614141234561", "", "Water", "1.20"],
    ]


def test_a_sheet_of_another_kind_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    sheet = tmp_path / "items.csv"
    sheet.write_text("name,price\nSoap,1.00\n", encoding="utf-8")
    with pytest.raises(StageError, match=r"columns are not gtin,epc,name,price; choose another"):
        add(sheet, [WATER], "Water", "1.20")
    assert sheet.read_text(encoding="utf-8") == "name,price\nSoap,1.00\n"
