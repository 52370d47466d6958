"""`kiosk outbox`: what still waits to be uploaded, and sending it now."""

import json

import typer

from kiosk.cli.ending import UNREACHABLE, EndingError
from kiosk.cli.place import ConfigOption, JsonOption, StateOption, ledger_path, state_dir

app = typer.Typer(
    help=(
        "See what still waits to be uploaded; send it now.\n\n"
        "What the hub has not confirmed stays in the ledger, and is sent again until it has."
    ),
    no_args_is_help=True,
)


@app.command()
def show(
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many events the hub does not have yet, and since when the oldest waits.

    Example: kiosk outbox show --json
    """
    from kiosk.ledger.outbox import HUB
    from kiosk.ledger.reader import LedgerReader

    with LedgerReader(ledger_path(config, state)) as reader:
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
def flush(*, config: ConfigOption = None, state: StateOption = None) -> None:
    """Ask the running kiosk to upload now instead of waiting for company.

    Example: kiosk outbox flush

    Exit 4 when no kiosk runs there.
    """
    from kiosk.daemon.caller import ask

    answer = ask(state_dir(config, state), {"do": "flush"})
    if not answer.get("ok"):
        raise EndingError(str(answer.get("error", "the kiosk refused")), UNREACHABLE)
    typer.echo(f"uploading now: {answer['pending']} events")
