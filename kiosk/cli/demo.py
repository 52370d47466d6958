"""`kiosk demo`: one day in a simulated shop, with its pages."""

from pathlib import Path
from typing import Annotated

import typer

from kiosk.cli.spelling import spelled


def command(
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the day instead of leaving the pages up.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option(help="Directory of the day, kept; see it with kiosk ledger.")
    ] = None,
    script: Annotated[
        Path | None, typer.Option(help="Another day than the one that is shipped.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live view.")] = False,
) -> None:
    """Play one day in a simulated shop on real bytes, and say how every visit came out.

    Nothing needs a camera, a reader or the network. Afterwards the owner's pages stay up until
    Ctrl-C; --once ends at once. Exit 1 when a visit did not come out as it should.
    """
    from kiosk.stage.demo import fresh, shipped_script, stay_up, tell
    from kiosk.stage.play import directory_for, play
    from kiosk.stage.report import kept
    from kiosk.stage.script import load
    from kiosk.stage.view import View

    day = load(script or shipped_script())
    with directory_for(fresh(state)) as directory:
        played = play(day, directory, View(quiet=quiet), None if once else stay_up)
    if once:
        tell(played)
    if state is not None:
        typer.echo(kept(state, spelled()))
    if played.wrong:
        raise typer.Exit(1)
    if once:
        typer.echo("Every visit came out as the script expects.")
