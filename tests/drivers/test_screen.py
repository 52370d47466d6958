"""A screen shows plain text, never waits, and never becomes something else."""

import os
import tty
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import DeviceConfigError, DeviceUnavailableError
from drivers.screen import BLANK, CLEAR, COLUMNS, ConsoleScreen, folded, plain

Close = Callable[[object], None]


@given(st.text(max_size=200))
def test_no_control_or_direction_character_reaches_the_screen(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    assert plain(shown) == shown
    assert all(len(row) <= COLUMNS for row in folded(text))
    assert "".join(folded(text)).replace(" ", "") == shown.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Welcome\x1b[2J back", "Welcome [2J back"),
        ("12\u202e34", "12 34"),
        ("two\nlines\tand  gaps ", "two lines and gaps"),
        ("Grüße, 5 €", "Grüße, 5 €"),
    ],
)
def test_text_is_shown_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_what_is_too_long_for_a_row_goes_on_in_the_next_one() -> None:
    assert folded("word " * 20) == [" ".join(["word"] * 16), " ".join(["word"] * 4)]
    assert folded("x" * 100) == ["x" * 80, "x" * 20]
    assert folded("") == [""]


def test_a_file_holds_what_is_shown_last(tmp_path: Path, closing: Close) -> None:
    path = tmp_path / "screen.txt"
    screen = ConsoleScreen("screen", {"path": str(path)})
    closing(screen)
    screen.open()
    screen.show("Welcome", ["Hold your code", "in front of the camera."])
    screen.show("Checking", [])
    assert path.read_bytes() == b"Checking\n\n"
    screen.close()
    assert path.read_bytes() == b""
    screen.show("too late", [])
    assert screen.health().counters == {"opens": 1, "shown": 2, "dropped": 0}


def test_a_terminal_is_cleared_before_each_page(closing: Close) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    screen = ConsoleScreen("screen", {"path": os.ttyname(slave)})
    closing(screen)
    screen.open()
    screen.show("Checking", ["one"])
    screen.close()
    page = f"{CLEAR}Checking\r\n\r\none\r\n"
    assert os.read(master, 4096).decode() == f"{BLANK}{page}{CLEAR}"
    os.close(slave)
    os.close(master)


def test_a_terminal_that_takes_nothing_is_counted_and_not_waited_for(closing: Close) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    screen = ConsoleScreen("screen", {"path": os.ttyname(slave)})
    closing(screen)
    screen.open()
    for _ in range(200):
        screen.show("full", ["x" * 80] * 20)
    health = screen.health()
    assert health.counters["dropped"] > 0
    assert not health.ok
    os.close(slave)
    os.close(master)


def test_only_so_many_lines_are_shown(tmp_path: Path, closing: Close) -> None:
    path = tmp_path / "screen.txt"
    screen = ConsoleScreen("screen", {"path": str(path)})
    closing(screen)
    screen.open()
    screen.show("many", [str(number) for number in range(100)])
    assert path.read_text("ascii").splitlines() == ["many", "", *map(str, range(22))]


def test_a_missing_terminal_is_unavailable_and_is_not_created(tmp_path: Path) -> None:
    link = tmp_path / "tty"
    target = tmp_path / "gone"
    link.symlink_to(target)
    with pytest.raises(DeviceUnavailableError, match="may this account write there"):
        ConsoleScreen("screen", {"path": str(link)}).open()
    assert not target.exists()
    with pytest.raises(DeviceUnavailableError):
        ConsoleScreen("screen", {"path": "/dev/kiosk-no-such-tty"}).open()


def test_the_first_console_is_the_default() -> None:
    assert ConsoleScreen("screen", {})._path == "/dev/tty1"
    assert ConsoleScreen("screen", {"path": None})._path == "/dev/tty1"
    with pytest.raises(DeviceConfigError, match="path must be a text"):
        ConsoleScreen("screen", {"path": 3})
