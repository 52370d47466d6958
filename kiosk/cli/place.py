"""Where a command finds its kiosk: `--config FILE`, `--state DIR`, or the usual place.

Every verb of a kiosk takes both and means the same by them.
"""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from kiosk.cli.ending import USAGE, EndingError
from kiosk.cli.spelling import spelled

VARIABLE: Final = "KIOSK_CONFIG"
USUAL: Final = Path("/etc/kiosk/kiosk.toml")
CONFIG_FILE: Final = "kiosk.toml"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The kiosk's configuration.",
        show_default=f"${VARIABLE}, else {USUAL}",
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="In place of --config: the kiosk's directory, as kiosk init or play --state made it.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


class NoPlaceError(EndingError):
    """Nothing says which kiosk is meant."""


def config_path(config: Path | None, state: Path | None, usual: Path = USUAL) -> Path:
    """Return the configuration that the two options mean; `--state DIR` means DIR/kiosk.toml.

    Raises:
        typer.BadParameter: Both are given.
        NoPlaceError: Neither is, nor the variable, and the usual place is empty.
    """
    if config is not None and state is not None:
        raise typer.BadParameter("give --config FILE or --state DIR, not both")
    if state is not None:
        return _directory(state) / CONFIG_FILE
    named = config or os.environ.get(VARIABLE)
    if named is not None:
        return Path(named)
    try:
        usual.stat()
    except FileNotFoundError as error:
        raise NoPlaceError(
            f"{usual}: not there; name the kiosk with --config FILE or --state DIR, "
            f"or make one: {spelled()} init DIR",
            USAGE,
        ) from error
    except OSError:
        pass  # it is there for another account; whoever reads it says so
    return usual


def state_dir(config: Path | None, state: Path | None) -> Path:
    """Return where the kiosk keeps its ledger and sockets; `--state` needs no configuration."""
    path = config_path(config, state)
    if state is not None:
        return state
    from kiosk.settings import load

    return load(path).kiosk.state_dir


def _directory(state: Path) -> Path:
    """Return what `--state` named; typer.BadParameter when it is a file."""
    if state.is_file():
        raise typer.BadParameter(
            f"--state {state}: is a file; give its directory, or --config for a configuration"
        )
    return state


def ledger_path(config: Path | None, state: Path | None) -> Path:
    """Return where the kiosk's ledger is."""
    from kiosk.ledger.schema import LEDGER_FILE

    return state_dir(config, state) / LEDGER_FILE
