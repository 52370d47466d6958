"""`kiosk doctor`: looks over this machine and says what to fix."""

from pathlib import Path
from typing import Annotated

import typer

CONFIG = Path("/etc/kiosk/kiosk.toml")


def command(
    config: Annotated[
        Path | None, typer.Option(help="The configuration of this kiosk; checked when given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Look over this machine: libraries, code readers, ports, pins, clock, disk, hub, provider.

    Every finding says what to do. Exit 0 when nothing needs doing, 1 when something does, 2 when
    the configuration is wrong.
    """
    import json

    from kiosk.cli.checkup import look_over

    config = config or (CONFIG if CONFIG.exists() else None)
    findings = list(look_over(config))
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{finding.mark:<5}{finding.what:<20}{finding.detail}")
            if finding.remedy:
                typer.echo(f"{'':<25}-> {finding.remedy}")
    if any(finding.mark == "FIX" for finding in findings):
        raise typer.Exit(1)
