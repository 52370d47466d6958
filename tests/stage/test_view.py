"""The live view: fits a terminal of 80 by 24, says things plainly, and never hurts the play."""

import io
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kiosk.core import visit_state
from kiosk.stage.narrator import Departure, Line
from kiosk.stage.view import ENTRY, EXIT, View
from tests.stage.speaker import Speaker, said

ROOT = "kLcmyr2TD65E8HKMURwWGbHRdPCC5ehoBFiaVT7ZHV4="
STATUS: dict[str, Any] = {
    "ok": True,
    "entry": "unlocked",
    "exit": "quiet",
    "inside": 1,
    "door_open": True,
    "unlocked": True,
    "lost": [],
    "field": 2,
    "ledger": {"size": 42, "root": ROOT},
    "upload": {"acked": 42, "trouble": ""},
}


SOAP = Line("Soap", "3.49 EUR", "paid")
MIX = Line("Trail mix", "5.99 EUR", "not paid")


def terminal() -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, record=True, width=80, height=24, highlight=False
    )


def screen(view: View) -> list[str]:
    """Return what the view draws on a terminal, line by line."""
    console = terminal()
    console.print(view.drawn())
    return console.export_text().rstrip("\n").split("\n")


def followed(directory: Path, status: dict[str, Any]) -> tuple[View, list[str]]:
    """Return a view that has followed a daemon with this status, and its last picture."""
    console = terminal()
    view = View(console=console)
    with Speaker(directory / "control.sock", lambda _: said(status)) as speaker:
        with view.shown("starting"):
            view.follow(directory)
        assert speaker.asked[-1] == {"do": "status"}
    return view, screen(view)


def test_before_anything_runs_it_is_empty_and_fits() -> None:
    lines = screen(View())
    assert len(lines) <= 23
    assert max(len(line) for line in lines) <= 80
    assert any("nobody has left yet" in line for line in lines)
    assert "the kiosk has not started yet" in lines[1]


def test_it_shows_gate_inside_ledger_and_hub(tmp_path: Path) -> None:
    _, lines = followed(tmp_path, STATUS)
    text = "\n".join(lines)
    for words in (
        "somebody may come in",
        "nobody is leaving",
        "open",
        "unlocked",
        "all there",
        "42 entries, the hub has them all",
        f"root {ROOT}",
    ):
        assert words in text
    assert any(line.startswith("│ inside   1 ") for line in lines)
    assert len(lines) <= 23


def test_trouble_is_told_in_its_place(tmp_path: Path) -> None:
    status = {
        **STATUS,
        "lost": ["camera", "exit-reader"],
        "door_open": False,
        "unlocked": False,
        "upload": {"acked": 40, "trouble": "http://127.0.0.1:9: nobody answers; is it started?"},
    }
    _, lines = followed(tmp_path, status)
    text = "\n".join(lines)
    assert "not there: camera, exit-reader" in text
    assert "locked" in text
    assert "42 entries, 2 still to be uploaded (http://127.0.0.1:9: nobody" in text
    assert max(len(line) for line in lines) <= 80


def test_a_daemon_that_is_away_leaves_dashes(tmp_path: Path) -> None:
    view = View(console=terminal())
    with view.shown("starting"):
        view.follow(tmp_path)
    assert "the kiosk does not answer" in screen(view)[1]


def test_the_last_steps_are_shown_with_what_they_came_to() -> None:
    view = View(console=terminal())
    for number in range(20):
        view.begins(f"step {number}")
        view.ends("let in" if number % 2 else "")
    view.begins("ada leaves")
    lines = screen(view)
    assert "ada leaves" in lines[-2]
    assert "step 19 -> let in" in lines[-3]
    assert "step 18 " in lines[-4]
    assert len(lines) <= 23
    assert not any("step 14 " in line for line in lines)


def test_the_last_exit_is_shown_with_its_lines_as_many_as_fit() -> None:
    view = View()
    view.left(Departure("ada", "owes 5.99 EUR", (SOAP, MIX), "9.48 EUR"))
    shown = [line.strip("│ ") for line in screen(view)]
    start = shown.index("ada: owes 5.99 EUR")
    assert shown[start + 1 : start + 4] == [
        f"{'Soap':<44}      3.49 EUR  paid",
        f"{'Trail mix':<44}      5.99 EUR  not paid",
        f"{'in all':<44}      9.48 EUR",
    ]


@pytest.mark.parametrize(("total", "left"), [("", 7), ("9.99 EUR", 8)])
def test_more_things_than_fit_are_counted(total: str, left: int) -> None:
    view = View()
    view.left(Departure("nobody known", "recorded", (Line("thing"),) * 9, total))
    lines = screen(view)
    assert any(f"and {left} more" in line for line in lines)
    assert any("in all" in line and total in line for line in lines) is bool(total)
    assert len(lines) <= 23


@pytest.mark.parametrize("width", [40, 80, 200])
def test_long_words_are_cut_and_break_no_frame(width: int) -> None:
    view = View()
    view.begins("x" * 300)
    view.left(Departure("c" * 64, "y" * 300, (Line("z" * 300, "1.00 EUR", "paid"),)))
    console = Console(file=io.StringIO(), force_terminal=True, width=width, record=True)
    console.print(view.drawn())
    lines = console.export_text().splitlines()
    assert len(lines) <= 23
    assert max(len(line) for line in lines) <= width


def test_names_with_brackets_are_shown_as_they_are() -> None:
    view = View()
    view.begins("ada takes [bold]Soap[/bold]")
    assert any("[bold]Soap[/bold]" in line for line in screen(view))


@pytest.mark.parametrize(("width", "height"), [(75, 24), (80, 23), (40, 100)])
def test_a_terminal_without_room_for_all_gets_plain_lines(width: int, height: int) -> None:
    file = io.StringIO()
    view = View(console=Console(file=file, force_terminal=True, width=width, height=height))
    with view.shown("starting"):
        view.begins("ada leaves")
        view.ends("all is paid")
    assert file.getvalue().splitlines() == ["starting", "  ada leaves -> all is paid"]


def test_a_terminal_that_cannot_be_redrawn_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    file = io.StringIO()
    view = View(console=Console(file=file, force_terminal=True, width=80, height=24))
    with view.shown("starting"):
        pass
    assert file.getvalue() == "starting\n"


def test_without_a_terminal_every_step_is_one_plain_line() -> None:
    file = io.StringIO()
    view = View(console=Console(file=file, width=40))
    with view.shown("starting hub, scores and kiosk"):
        view.begins("ada shows an ID QR")
        view.ends("let in, by score, and this line is longer than the terminal")
        view.begins("ben [red]waits[/red]")
        view.ends("")
        view.begins("ada leaves")
        view.left(Departure("ada", "all is paid", (SOAP,), "3.49 EUR"))
        view.ends("all is paid")
        view.begins("The door opens")
        view.ends("")
    assert file.getvalue().splitlines() == [
        "starting hub, scores and kiosk",
        "  ada shows an ID QR -> let in, by score, and this line is longer than the terminal",
        "  ben [red]waits[/red]",
        "  ada leaves -> all is paid",
        f"      {'Soap':<44}      3.49 EUR  paid",
        f"      {'in all':<44}      3.49 EUR",
        "  The door opens",
    ]


def test_quiet_shows_nothing_at_all(capfd: pytest.CaptureFixture[str]) -> None:
    view = View(quiet=True)
    with view.shown("starting"):
        view.begins("ada shows an ID QR")
        view.ends("let in")
    assert capfd.readouterr() == ("", "")


def test_the_live_view_leaves_standard_output_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = terminal()
    with View(console=console).shown("starting"):
        sys.stdout.write("{}\n")
    assert capsys.readouterr().out == "{}\n"
    assert "starting" in console.export_text()


def test_a_play_that_fails_ends_the_drawing_too() -> None:
    view = View(console=terminal())
    with pytest.raises(ZeroDivisionError), view.shown("starting"):
        raise ZeroDivisionError
    assert not [each for each in threading.enumerate() if each.name == "view"]


def test_every_state_of_the_gate_has_its_words() -> None:
    names = {name.lower() for name in vars(visit_state) if name[0].isupper()}
    assert set(ENTRY) <= names
    assert set(EXIT) <= names
    entry = {each.__name__.lower() for each in visit_state.Entry.__args__}
    leaving = {each.__name__.lower() for each in visit_state.Leaving.__args__}
    assert set(ENTRY) == entry
    assert set(EXIT) == leaving
