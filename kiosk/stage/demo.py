"""The shipped day, and the pages that stay up after it."""

import sys
import time
from importlib import resources
from pathlib import Path
from typing import Final

from kiosk.ledger.schema import LEDGER_FILE
from kiosk.stage.errors import StageError
from kiosk.stage.narrator import duration
from kiosk.stage.play import Played
from kiosk.stage.report import lines_of
from kiosk.stage.theatre import Theatre

SCRIPT: Final = "demo.toml"
LOOK_S: Final = 0.1


def shipped_script() -> Path:
    """Return the day that is shipped: beside the packages of a checkout, or with them.

    Raises:
        StageError: It is in neither place.
    """
    return script_in(Path(str(resources.files("kiosk"))))


def script_in(package: Path) -> Path:
    """Return the day that is shipped with this package; StageError when it is not there."""
    for folder in (package.parent / "config", package / "config"):
        if (folder / SCRIPT).is_file():
            return folder / SCRIPT
    raise StageError(f"config/{SCRIPT} is not there; give a script with --script FILE")


def tell(played: Played) -> None:
    """Print how the day came out; what is wrong goes to standard error."""
    for line in lines_of(played):
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    for wrong in played.wrong:
        sys.stderr.write(f"{wrong}\n")


def fresh(state: Path | None) -> Path | None:
    """Return the directory of a demo.

    Raises:
        StageError: A day was played there already; what left then is not charged again.
    """
    if state is not None and (state / LEDGER_FILE).exists():
        raise StageError(
            f"{state}: a day was played here, or still is; give --state another directory"
        )
    return state


def clock_line(ahead_s: float) -> str:
    """Return what to say of pages whose clock is ahead of the machine's."""
    if ahead_s < 1:
        return ""
    return f"Their clock is {duration(round(ahead_s))} ahead of yours: waits were skipped.\n"


def stay_up(theatre: Theatre, played: Played) -> None:
    """Say how the day came out and where its pages are, and wait for Ctrl-C.

    Raises:
        ProcessError: One of the processes ended meanwhile.
    """
    tell(played)
    sys.stdout.write(
        f"\nThe owner's pages (the link signs in once): {theatre.services.login_url()}\n"
        f"{clock_line(theatre.ahead_s)}Ctrl-C ends the demo.\n"
    )
    sys.stdout.flush()
    while not theatre.ending.asked:
        theatre.check()
        time.sleep(LOOK_S)
