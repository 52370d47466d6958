"""`kiosk bench`: ours beside the reference, in one run, against the bars."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Measure ours beside the reference, against the bars.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def qr(
    directory: Annotated[
        Path, typer.Argument(help="Photos, each with a .txt of the text that is expected.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Read photos of codes with our ladder, with plain pyzbar and with bare zxing-cpp."""
    from kiosk.stage.bench_qr import run

    _show(run(directory), as_json=as_json)


@app.command()
def rfid(as_json: JsonOption = False) -> None:
    """Decode reader bytes, against the line rate; one byte at a time must give the same tags."""
    from kiosk.stage.bench_rfid import run

    _show(run(), as_json=as_json)


@app.command()
def scan(as_json: JsonOption = False) -> None:
    """Go from a decoded token to the edge on the lock's pin, with the provider on loopback."""
    from kiosk.stage.bench_scan import run

    _show(run(), as_json=as_json)


@app.command()
def ledger(as_json: JsonOption = False) -> None:
    """Append and scrub, beside a bare SQLite insert and bare SHA-256 of the same bytes."""
    from kiosk.stage.bench_ledger import run

    _show(run(), as_json=as_json)


@app.command()
def start(as_json: JsonOption = False) -> None:
    """Start the daemon and the help, beside importing the same libraries; see their memory."""
    from kiosk.stage.bench_start import run

    _show(run(), as_json=as_json)


def _show(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result; exit 1 when a bar falls short."""
    import json

    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        for row in result["rows"]:
            figures = "  ".join(f"{name} {value}" for name, value in row.items() if name != "what")
            typer.echo(f"{row['what']}: {figures}")
        for bar in result["bars"]:
            met = "ok" if bar["ok"] else "FALLS SHORT"
            typer.echo(f"{bar['what']}: {bar['value']} (bar {bar['bar']}) {met}")
    if not all(bar["ok"] for bar in result["bars"]):
        raise typer.Exit(1)
