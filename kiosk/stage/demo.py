"""The shipped day, and the pages that stay up after it."""

import signal
import sys
from contextlib import suppress
from importlib import resources
from pathlib import Path

from kiosk.stage.errors import StageError
from kiosk.stage.play import Played
from kiosk.stage.report import lines_of
from kiosk.stage.theatre import Theatre

SCRIPT = "demo.toml"


def shipped_script() -> Path:
    """Return the day that is shipped: beside the packages of a checkout, or with them.

    Raises:
        StageError: It is in neither place.
    """
    package = Path(str(resources.files("kiosk")))
    for folder in (package.parent / "config", package / "config"):
        if (folder / SCRIPT).is_file():
            return folder / SCRIPT
    raise StageError(f"config/{SCRIPT} is not there; give a script with --script FILE")


def stay_up(theatre: Theatre, played: Played) -> None:
    """Say how the day came out and where its pages are, and wait for Ctrl-C."""
    for line in lines_of(played.result):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"\nThe owner's pages: {theatre.login_url()}\nCtrl-C ends the demo.\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        while True:
            signal.pause()
