"""`kiosk outbox`: what still waits to be uploaded, and sending it now."""

import json
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from kiosk.cli.state import ConfigOption, StateOption, ledger_path

app = typer.Typer(
    help=(
        "See what still waits to be uploaded; send it now.\n\n"
        "Nothing waits in a queue of its own: the outbox is how far the hub has acknowledged."
    ),
    no_args_is_help=True,
)

ANSWER_S = 10.0


@app.command()
def show(
    *,
    state: StateOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show how many events the hub does not have yet, and since when the oldest waits."""
    from kiosk.ledger.outbox import HUB
    from kiosk.ledger.reader import LedgerReader

    with LedgerReader(ledger_path(state, config)) as reader:
        acked, size = reader.cursor(HUB), reader.size()
        waiting = reader.events(acked, acked + 1)
    pending, since = max(0, size - acked), waiting[0].time if waiting else None
    if as_json:
        row = {"pending": pending, "size": size, "acked": acked, "oldest": since}
        typer.echo(json.dumps(row))
    elif pending:
        typer.echo(f"{pending} of {size} events are not uploaded yet, the oldest of {since}")
        typer.echo("do not reset this kiosk: they exist here only")
    else:
        typer.echo(f"all {size} events are uploaded")


@app.command()
def flush(*, state: StateOption = None, config: ConfigOption = None) -> None:
    """Ask the running kiosk to upload now instead of waiting for company.

    Exit 4 when no kiosk runs there.
    """
    place = ledger_path(state, config).with_name("control.sock")
    try:
        answer = _ask(place, {"do": "flush"})
    except OSError as error:
        why = error.strerror or "no answer"
        typer.echo(f"kiosk: {place}: {why}; is the kiosk running? (kiosk run)", err=True)
        raise typer.Exit(4) from None
    if not answer.get("ok"):
        typer.echo(f"kiosk: {answer.get('error', 'the kiosk refused')}", err=True)
        raise typer.Exit(4)
    typer.echo("uploading now")


def _ask(place: Path, question: dict[str, str]) -> dict[str, Any]:
    """Send one line to the daemon's control socket; return its answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_S)
        line.connect(str(place))
        line.sendall(json.dumps(question).encode() + b"\n")
        with line.makefile("rb") as answers:
            answer = answers.readline()
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"error": "the kiosk gave no answer"}
