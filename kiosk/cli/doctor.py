"""`kiosk doctor`: looks over this machine and says what to fix."""

import json
from pathlib import Path

import typer

from kiosk.cli.place import ConfigOption, JsonOption, NoPlaceError, StateOption, config_path


def command(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Look over this machine: libraries, pins, ports, cameras, clock, disk, hub, provider.

    What the configuration does not ask for is not asked here. Each line is OK, NOTE (works, but
    could be better) or FIX, with what to do about it. Nothing is opened, so it may look beside a
    running kiosk. Look as the account that runs it: sudo -u kiosk /opt/kiosk/.venv/bin/kiosk doctor

    Example: kiosk doctor --config /etc/kiosk/kiosk.toml --json

    Exit 1 when anything is to be fixed.
    """
    from kiosk.cli.doctor_round import look_over, table

    try:
        path: Path | None = config_path(config, state)
    except NoPlaceError:
        path = None
    findings = list(look_over(path))
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        typer.echo(table(findings))
    if any(finding.mark == "FIX" for finding in findings):
        raise typer.Exit(1)
