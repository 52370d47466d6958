"""`kiosk vouch`: the list of customers whom staff vouch for."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kiosk.cli.ending import FINDING, USAGE, EndingError
from kiosk.cli.place import ConfigOption, JsonOption, StateOption, config_path

app = typer.Typer(
    help=(
        "Keep the list of customers whom staff vouch for: a way in without a score.\n\n"
        "The list is the one that the kiosk's configuration names, vouched.toml in its state "
        "directory if it names none."
    ),
    no_args_is_help=True,
)

Customer = Annotated[
    str, typer.Argument(help="Reference from the customer's token or fob.", show_default=False)
]
ListFile = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="Another list; no configuration is read then.",
        envvar="KIOSK_ALLOW_LIST",
        show_default="provider.allow_list",
    ),
]


@app.command()
def add(
    customer: Customer,
    *,
    until: Annotated[
        str,
        typer.Option(
            help="Last day (2026-12-31, in UTC) or time with its offset (2026-12-31T18:00:00Z)."
        ),
    ],
    by: Annotated[str, typer.Option(help="Who vouches; the owner sees it.")],
    file: ListFile = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Vouch for a customer, in place of an older word for them.

    It counts at the next check; nothing needs a restart.

    Example: kiosk vouch add customer-7 --until 2026-12-31 --by Ann
    """
    from kiosk.core.values import CustomerRef
    from kiosk.remote.providers.allow_list import AllowList, Vouch, parse_until

    end = parse_until(until)
    if end is None:
        raise EndingError(f"--until {until!a}: want a day or a time with its offset", USAGE)
    path = _list(file, config, state)
    AllowList(path).add(Vouch(CustomerRef(customer), end, by))
    typer.echo(f"{path}: vouched for until {end.isoformat()}")


@app.command()
def remove(
    customer: Customer,
    *,
    file: ListFile = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Take a customer off the list; exit 1 when they were not on it.

    Example: kiosk vouch remove customer-7
    """
    from kiosk.core.values import CustomerRef
    from kiosk.remote.providers.allow_list import AllowList

    path = _list(file, config, state)
    if not AllowList(path).remove(CustomerRef(customer)):
        raise EndingError(f"{path}: this customer is not on the list", FINDING)
    typer.echo(f"{path}: taken off")


@app.command(name="list")
def list_(
    *,
    file: ListFile = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """List whom staff vouch for, those whose time is over included.

    Example: kiosk vouch list --json
    """
    from kiosk.clock import Clock
    from kiosk.remote.providers.allow_list import AllowList

    clock = Clock.from_environment()
    now_s = clock.wall_s()
    clock.close()
    vouched = AllowList(_list(file, config, state)).read()
    if as_json:
        rows = [
            {
                "customer": one.customer,
                "until": one.until.isoformat(),
                "by": one.by,
                "holds": one.holds(now_s),
            }
            for one in vouched
        ]
        typer.echo(json.dumps({"vouched": rows}))
        return
    if not vouched:
        typer.echo("nobody is vouched for")
    for one in vouched:
        over = "" if one.holds(now_s) else "  (over)"
        typer.echo(f"{one.customer}  until {one.until.isoformat()}  by {one.by}{over}")


def _list(file: Path | None, config: Path | None, state: Path | None) -> Path:
    """Return the list that is named, or that the kiosk's configuration names."""
    from kiosk.settings import load

    return file or load(config_path(config, state)).allow_list
