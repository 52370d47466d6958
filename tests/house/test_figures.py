"""The figures of the house are what they are called."""

from pathlib import Path

from tools import figures


def test_empty_files_do_not_count_and_tests_are_set_beside_sources(tmp_path: Path) -> None:
    for path, lines in (
        ("kiosk/__init__.py", 0),
        ("kiosk/a.py", 10),
        ("kiosk/room/b.py", 30),
        ("drivers/c.py", 20),
        ("tests/room/test_b.py", 90),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x = 1\n" * lines)
    assert figures.line(tmp_path) == (
        "3 source files, 60 lines, median 20, longest 30; 1.50 lines of tests for each"
    )
