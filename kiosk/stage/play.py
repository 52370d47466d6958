"""Plays a script from start to end: processes up, steps, result, expectations, processes down."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.stage.ending import heeded
from kiosk.stage.errors import ProcessError, StageError
from kiosk.stage.player import Player
from kiosk.stage.plot import Script
from kiosk.stage.result import collect, mismatches
from kiosk.stage.theatre import Theatre, opened
from kiosk.stage.view import View

GONE: Final = "left on an earlier day here and is not charged again"
OTHER: Final = "give --state another directory, or take another tag"
CARRIES: Final = frozenset({"take", "exit"})


@dataclass(frozen=True, slots=True)
class Played:
    """What a play came to.

    Attributes:
        script: What was played.
        result: The object of DESIGN 10.
        wrong: One line for each expectation or step that was not met.
        inside: The visits whose customers are still inside.
    """

    script: Script
    result: dict[str, Any]
    wrong: tuple[str, ...] = ()
    inside: frozenset[str] = frozenset()


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
        StageError: The directory cannot be used, or cannot come to what the script expects.
        ProcessError: A process did not start, or ended in the middle.
        EndedError: A signal asked the play to end.
    """
    _look_back(script, directory / LEDGER_FILE)
    with heeded() as ending, ExitStack() as stack:
        with view.shown("starting hub, scores and kiosk"):
            theatre = stack.enter_context(opened(directory, script, ending))
            view.follow(directory)
            player = Player(script, theatre, view)
            player.play()
            result = dict(collect(theatre, player.visits, stop=then is None))
            wrong = [*player.misses, *mismatches(script, result)]
            inside = frozenset(
                seen.id for seen in theatre.witness.look().tries.values() if seen.inside
            )
        played = Played(script, result, tuple(wrong), inside)
        if then is not None:
            then(theatre, played)
    return played


def _look_back(script: Script, ledger: Path) -> None:
    """Refuse a script that expects something of a tag which left on an earlier day."""
    if not script.expects or not ledger.exists():
        return
    with LedgerReader(ledger) as reader:
        gone = reader.gone_epcs()
    for step in script.steps:
        for epc in step.epcs:
            if step.do in CARRIES and epc in gone:
                raise StageError(f"{script.path}:{step.line}: {epc} {GONE}; {OTHER}")


@contextmanager
def directory_for(state: Path | None) -> Iterator[Path]:
    """Yield the directory of a play: the one that was named, kept, or a fresh one, removed.

    A fresh one stays when a process died: its log is there.
    """
    if state is not None:
        yield state.resolve()
        return
    fresh = Path(tempfile.mkdtemp(prefix="kiosk-play-"))
    try:
        yield fresh
    except ProcessError:
        raise
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(fresh, ignore_errors=True)
