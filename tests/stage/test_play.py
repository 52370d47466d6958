"""A whole play: what it came to, what stays up after it, and where it may be kept."""

import contextlib
import signal
from pathlib import Path

import pytest

from kiosk.stage.demo import stay_up
from kiosk.stage.ending import Ending
from kiosk.stage.errors import ProcessError, StageError
from kiosk.stage.play import Played, directory_for, play
from kiosk.stage.plot import Expect, Step
from kiosk.stage.theatre import Theatre
from kiosk.stage.view import View
from tests.stage.scripts import FOREIGN, MIX, script

UNPAID = Expect("ada", 1, {"outcome": "unpaid", "unpaid_minor": 599})


class Watcher:
    """Somebody who reads the demo's last lines, and presses Ctrl-C when they say so."""

    def __init__(self, ending: Ending) -> None:
        self._ending = ending
        self.read = ""

    def write(self, text: str) -> int:
        """Read on."""
        self.read += text
        if "Ctrl-C" in self.read:
            self._ending.ask(signal.SIGINT)
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""


def test_a_day_stays_up_until_ctrl_c_and_the_next_one_begins_with_an_empty_shop(
    tmp_path: Path,
) -> None:
    read: list[str] = []

    def watch(theatre: Theatre, played: Played) -> None:
        """Stay up, and keep what was said."""
        watcher = Watcher(theatre.ending)
        with contextlib.redirect_stdout(watcher):
            stay_up(theatre, played)
        read.append(watcher.read)

    came, wait = Step("show_qr", "ada"), Step("wait", for_s=7200)
    forgotten = script(came, Step("take", "ada"), wait, expects=(Expect("ada", 1, {}),))
    first = play(forgotten, tmp_path, View(quiet=True), watch)
    assert (first.wrong, len(first.inside)) == ((), 1)
    assert first.result["ledger"]["verified"] is True
    assert "still inside" in read[0]
    assert "/login" in read[0]
    assert (
        "Their clock is 2 h ahead of yours: waits were skipped.\nCtrl-C ends the demo." in read[0]
    )

    more = script(came, expects=(Expect("ada", 2, {}),))
    again = play(more, tmp_path, View(quiet=True))
    assert [visit["decision"] for visit in again.result["visits"]] == ["granted"]
    assert again.wrong == ("day.toml:0: ada, visit 2: there were only 1",)


def test_a_day_that_expects_something_of_what_left_before_is_refused_at_once(
    tmp_path: Path,
) -> None:
    take = Step("take", "ada", line=8, epcs=(FOREIGN, MIX))
    day = script(Step("show_qr", "ada"), take, Step("exit", "ada"), expects=(UNPAID,))
    assert play(day, tmp_path, View(quiet=True)).wrong == ()
    told = {path.name: path.read_bytes() for path in tmp_path.glob("*.log")}
    with pytest.raises(StageError) as refused:
        play(day, tmp_path, View(quiet=True))
    assert str(refused.value) == (
        f"day.toml:8: {MIX} left on an earlier day here and is not charged again; "
        "give --state another directory, or take another tag"
    )
    assert refused.value.exit_code == 2
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.log")} == told != {}

    more = script(Step("show_qr", "dora"), take, Step("exit", "dora"))
    assert play(more, tmp_path, View(quiet=True)).wrong == ()  # nothing is expected of it


def test_a_directory_that_was_named_is_kept_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(StageError), directory_for(tmp_path) as directory:
        raise StageError("no")
    assert directory == tmp_path
    assert tmp_path.is_dir()


def test_a_fresh_directory_is_removed_unless_a_process_died_whose_log_is_there() -> None:
    with directory_for(None) as well:
        assert well.is_dir()
    with pytest.raises(StageError), directory_for(None) as ended:
        raise StageError("no")
    assert not well.exists()
    assert not ended.exists()
    with pytest.raises(ProcessError), directory_for(None) as died:
        raise ProcessError("hub ended; see its log")
    assert died.is_dir()
    died.rmdir()
