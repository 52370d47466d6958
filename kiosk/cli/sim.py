"""`kiosk sim`: the people of a simulated shop, one act at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kiosk.cli.place import ConfigOption, StateOption, config_path

app = typer.Typer(
    help=(
        "Be a customer in a simulated shop, as kiosk init --simulate makes it.\n\n"
        "Its kiosk must run. Each verb tells what the customer reads, and a refusal is an answer; "
        "exit 1 when the door or the gate does not do what was tried, 4 when no kiosk runs."
    ),
    no_args_is_help=True,
)


@app.command()
def show(
    token: Annotated[
        str,
        typer.Argument(
            help="Text of an ID or a voucher, from kiosk id make; pasted, put it in single quotes."
        ),
    ],
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Hold a code to the camera until the gate has answered, and take it away again.

    Example: kiosk sim show "$(kiosk id make customer-1 --state DIR)" --state DIR
    """
    if not token.strip():
        raise typer.BadParameter("TOKEN is empty: see what kiosk id make says")
    with _shop(config, state) as shop:
        typer.echo(shop.show(token))


@app.command()
def choose(
    way: Annotated[
        Literal["voucher", "vouched", "leave", "group"],
        typer.Argument(help="The button: a way in, going away, or others who come in too."),
    ],
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Press a button at the gate.

    group: after the own code, before going in. The door stays unlocked for 30 s, and everybody
    goes in by a kiosk sim enter of their own. All of it is one visit: see kiosk sim exit.

    Example: kiosk sim choose vouched --state DIR
    """
    with _shop(config, state) as shop:
        typer.echo(shop.choose(way))


@app.command()
def enter(config: ConfigOption = None, state: StateOption = None) -> None:
    """Pull the unlocked door, go in, and let it fall shut.

    Example: kiosk sim enter --state DIR
    """
    with _shop(config, state) as shop:
        shop.enter()
    typer.echo("went in")


@app.command("exit")
def leave(
    epcs: Annotated[
        list[str] | None, typer.Argument(metavar="EPC", help="Tags of what is carried out.")
    ] = None,
    *,
    code: Annotated[
        str, typer.Option(metavar="TOKEN", help="What is held to the exit camera: a fresh ID.")
    ] = "",
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Leave by the button inside and the door, past the exit reader.

    An EPC is the number in a tag. What left once is not the shop's again: take another one the next
    time, with a last digit that was not there yet.

    Where the rules let several in at once (max_inside), --code says who of them leaves. An exit
    without it is nobody's then: what is carried out is unresolved.

    A group leaves by one exit with all that it carries, once the door is locked again: before,
    somebody else may pass the same open door, and the exit is unresolved. After it somebody of
    the group may be inside yet, for a quarter of an hour: what leaves in that time is unresolved
    too, and held against nobody. kiosk status says how long.

    Example: kiosk sim exit 3034257BF40C0E4000000001 --state DIR
    """
    from kiosk.core.epc import parse
    from kiosk.core.values import CoreError

    for epc in epcs or ():
        try:
            parse(bytes.fromhex(epc))
        except (ValueError, CoreError) as error:
            raise typer.BadParameter(f"{epc!a}: no EPC: kiosk rfid decode says more") from error
    with _shop(config, state) as shop:
        typer.echo(shop.leave(epcs or (), code))


@contextmanager
def _shop(config: Path | None, state: Path | None) -> Iterator[Any]:
    """Yield the running shop that the options mean."""
    from kiosk.settings import load
    from kiosk.stage.shop import Shop

    shop = Shop(load(config_path(config, state)))
    try:
        yield shop
    finally:
        shop.close()
