"""Where a command finds the kiosk's files: `--state DIR`, or the configuration that names it."""

from pathlib import Path
from typing import Annotated

import typer

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="The kiosk's state directory, where its ledger is."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The kiosk's configuration, which names the state directory."),
]


def ledger_path(state: Path | None, config: Path | None) -> Path:
    """Return where the ledger is; typer.BadParameter unless exactly one of the two is given."""
    from kiosk.ledger.schema import LEDGER_FILE

    if state is not None and config is None:
        return state / LEDGER_FILE
    if config is None or state is not None:
        raise typer.BadParameter("give either --state DIR or --config FILE")
    from kiosk.settings import load

    return load(config).kiosk.state_dir / LEDGER_FILE
