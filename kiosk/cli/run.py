"""`kiosk run`: the daemon that owns the gate."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT = Path("/etc/kiosk/kiosk.toml")


def command(
    config: Annotated[Path, typer.Option(help="The configuration of this kiosk.")] = DEFAULT,
) -> None:
    """Serve the gate until SIGTERM: camera and readers in, lock out, every visit recorded.

    A second daemon on the same state directory ends at once and touches no pin. Visits that a
    crash or a power cut left open are taken to a safe state first: see `kiosk ledger tail`.

    Exit 2 when the configuration is wrong, 3 when a device is missing, 4 when there are no signed
    rules yet and the hub cannot give them.
    """
    from kiosk.daemon.app import run
    from kiosk.logs import configure
    from kiosk.settings import load

    settings = load(config)
    configure(settings.log.level)
    run(settings)
