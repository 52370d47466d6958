"""`kiosk status`: what the running kiosk is doing."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    state: Annotated[Path, typer.Option(help="State directory of the running kiosk.")] = Path(
        "/var/lib/kiosk"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask the running kiosk how it is: gate, devices, ledger, upload, clock.

    Nothing about a customer is in it. Exit 0 when all is well, 1 when something needs a person,
    4 when no kiosk runs on this state directory.
    """
    import json

    from kiosk.daemon.caller import ask

    status = ask(state, {"do": "status"})
    if as_json:
        typer.echo(json.dumps(status, indent=2))
    else:
        _print(status)
    upload = status["upload"]
    if status["lost"] or (isinstance(upload, dict) and upload["trouble"]):
        raise typer.Exit(1)


def _print(status: dict[str, object]) -> None:
    from typing import Any, cast

    told = cast("dict[str, Any]", status)
    pending = told["ledger"]["size"] - told["upload"]["acked"]
    door = "open" if told["door_open"] else "closed"
    lock = "unlocked" if told["unlocked"] else "locked"
    typer.echo(f"{told['kiosk']}: entry {told['entry']}, exit {told['exit']}")
    typer.echo(f"inside:  {told['inside']} visits; door {door}, lock {lock}")
    typer.echo(f"ledger:  {told['ledger']['size']} events, {pending} not yet at the hub")
    if told["upload"]["trouble"]:
        typer.echo(f"upload:  {told['upload']['trouble']}")
    typer.echo(f"clock:   {told['clock']['sync']}")
    for name, device in told["devices"].items():
        typer.echo(f"device:  {name}: {'ok' if device['ok'] else 'NOT OK'}, {device['detail']}")
