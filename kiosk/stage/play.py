"""Plays a script from start to end: processes up, steps, result, expectations, processes down."""

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from kiosk.stage.player import Player
from kiosk.stage.result import collect, mismatches
from kiosk.stage.script import Script
from kiosk.stage.theatre import Theatre, opened
from kiosk.stage.view import View


@dataclass(frozen=True, slots=True)
class Played:
    """What a play came to.

    Attributes:
        result: The object of DESIGN 10.
        wrong: One line for each expectation or step that was not met.
    """

    result: dict[str, Any]
    wrong: tuple[str, ...]


def play(
    script: Script,
    directory: Path,
    view: View,
    then: Callable[[Theatre, Played], None] | None = None,
) -> Played:
    """Play the script in this directory and return what it came to.

    Args:
        then: Called at the end while everything still runs, to leave the pages up.

    Raises:
        ProcessError: A process did not start.
    """
    with (
        ended_by_signals(),
        view.shown("starting hub, scores and kiosk"),
        opened(directory, script) as theatre,
    ):
        view.follow(theatre)
        player = Player(script, theatre, view.tell)
        player.play()
        result = dict(collect(theatre, player))
        played = Played(result, (*player.misses, *mismatches(script, result)))
        view.rest()
        if then is not None:
            then(theatre, played)
    return played


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End the block in order when the process is told to end, so that no child is left behind."""

    def end(number: int, _frame: FrameType | None) -> None:
        """End as the signal would have ended the process."""
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def directory_for(state: Path | None) -> Iterator[Path]:
    """Yield the directory of a play: the one that was named, kept, or a fresh one, removed."""
    if state is not None:
        yield state.resolve()
        return
    fresh = Path(tempfile.mkdtemp(prefix="kiosk-play-"))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
