"""`kiosk bench`: how fast and well ours works beside others, and whether each limit is kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help=(
        "Measure how fast and how well it works on this machine, beside other programs.\n\n"
        "Every figure that matters has a limit; exit 1 when one is missed."
    ),
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def qr(
    directory: Annotated[
        Path, typer.Argument(help="Photos, each with a .txt of the text that is expected.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Read photos of codes with the kiosk's own reading and with two other programs."""
    from kiosk.stage.bench_qr import run

    if directory.is_dir():
        _begin("a minute or two")
    _show(run(directory), as_json=as_json)


@app.command()
def rfid(as_json: JsonOption = False) -> None:
    """Decode what an RFID reader sends, and compare with how fast its cable can send it."""
    from kiosk.stage.bench_rfid import run

    _begin("some ten seconds")
    _show(run(), as_json=as_json)


@app.command()
def scan(as_json: JsonOption = False) -> None:
    """Measure how long it takes from a code that was read until the lock is switched."""
    from kiosk.stage.bench_scan import run

    _begin("some ten seconds")
    _show(run(), as_json=as_json)


@app.command()
def ledger(as_json: JsonOption = False) -> None:
    """Write to a ledger and check it, beside the same bytes in a plain database."""
    from kiosk.stage.bench_ledger import run

    _begin("half a minute")
    _show(run(), as_json=as_json)


@app.command()
def start(as_json: JsonOption = False) -> None:
    """Measure how long the kiosk and its help take to start, and how much memory they need."""
    from kiosk.stage.bench_start import run

    _begin("a minute")
    _show(run(), as_json=as_json)


def _begin(takes: str) -> None:
    """Say on standard error that it goes on, and for how long."""
    typer.echo(f"measuring: takes {takes}", err=True)


def _show(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result; exit 1 when a limit is missed."""
    import json

    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        for row in result["rows"]:
            figures = "  ".join(f"{name} {value}" for name, value in row.items() if name != "what")
            typer.echo(f"{row['what']}: {figures}")
        for bar in result["bars"]:
            met = "ok" if bar["ok"] else "MISSED"
            side = "at most" if bar["ok"] == (bar["value"] <= bar["bar"]) else "at least"
            typer.echo(f"{bar['what']}: {bar['value']} (want {side} {bar['bar']}) {met}")
    if not all(bar["ok"] for bar in result["bars"]):
        raise typer.Exit(1)
