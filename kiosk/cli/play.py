"""`kiosk play`: a script against the real processes."""

from pathlib import Path
from typing import Annotated

import typer

from kiosk.cli.spelling import spelled


def command(
    script: Annotated[Path, typer.Argument(help="The script, in TOML; see docs/script.md.")],
    state: Annotated[
        Path | None,
        typer.Option(help="Directory of the play, kept; without it a fresh one is removed."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live view.")] = False,
) -> None:
    """Play a script: hub, scores and kiosk run as real processes, the devices are simulated.

    The live view goes to standard error, the result to standard output. Exit 1 when something
    that the script expects is not so, one line each; exit 2 when the script has mistakes, or
    expects something of a tag that left on an earlier day in the same directory.
    """
    import json

    from kiosk.stage.play import directory_for, play
    from kiosk.stage.report import kept, lines_of
    from kiosk.stage.script import load
    from kiosk.stage.view import View

    day = load(script)
    if not day.steps:
        typer.echo(f"{script}: no step in it; docs/script.md says how to write one", err=True)
    with directory_for(state) as directory:
        played = play(day, directory, View(quiet=quiet))
    if as_json:
        typer.echo(json.dumps(played.result, ensure_ascii=False, indent=2))
    else:
        for line in lines_of(played):
            typer.echo(line)
        if state is not None:
            typer.echo(kept(state, spelled()))
    for wrong in played.wrong:
        typer.echo(wrong, err=True)
    if played.wrong:
        raise typer.Exit(1)
