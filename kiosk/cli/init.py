"""`kiosk init`: the keys, first rules and configurations of a new kiosk and its hub."""

import re
from pathlib import Path
from typing import Annotated

import typer


def command(
    directory: Annotated[Path, typer.Argument(help="A new directory for all of it.")],
    *,
    name: Annotated[str, typer.Option(help="This kiosk, unique in its shop.")] = "door-1",
    shop: Annotated[str, typer.Option(help="The shop.")] = "corner",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of its prices.")] = "EUR",
    threshold: Annotated[
        int, typer.Option(min=0, max=800, help="Points that open the door.")
    ] = 600,
    hub: Annotated[str, typer.Option(help="Address of the hub.")] = "http://127.0.0.1:8080",
    scores: Annotated[
        str, typer.Option(help="Address of the score service; none: nobody is asked.")
    ] = "http://127.0.0.1:8090",
    simulate: Annotated[
        bool, typer.Option("--simulate", help="A shop that needs no device, to try things.")
    ] = False,
    services: Annotated[
        bool, typer.Option("--services", help="With the paths that the systemd units have.")
    ] = False,
) -> None:
    """Make the keys, the first signed rules and the configurations, then say what comes next.

    Nothing is overwritten: where one of these files is already, nothing is made at all. Nothing
    is written outside the directory.

    The owner's key is made here because it must be made somewhere. It signs the rules of the
    shop, so in the end it should not stay on a machine at the door.

    Example: kiosk init shop --simulate
    """
    from babel.numbers import is_currency

    from kiosk.cli.init_files import Wish, make
    from kiosk.cli.init_simulated import items
    from kiosk.cli.init_steps import steps
    from kiosk.settings.values import NAME, NAME_RULE

    if simulate and services:
        raise typer.BadParameter("give --simulate or --services, not both")
    if NAME.fullmatch(shop) is None:
        raise typer.BadParameter(f"--shop {shop!a}: want {NAME_RULE}")
    if re.fullmatch("[A-Z]{3}", currency) and not is_currency(currency):
        raise typer.BadParameter(f"--currency {currency}: is no currency of ISO 4217")
    place = directory.absolute()
    if not str(place).isprintable():
        raise typer.BadParameter("DIRECTORY: want a name of printable characters")
    wish = Wish(
        place=place,
        name=name,
        shop=shop,
        currency=currency,
        threshold=threshold,
        hub=hub.rstrip("/"),
        scores=scores.rstrip("/"),
        services=services,
        simulated=simulate,
    )
    made = make(wish, items if simulate else lambda _: None)
    typer.echo(steps(wish, made), nl=False)
