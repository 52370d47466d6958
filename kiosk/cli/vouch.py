"""`kiosk vouch`: the list of customers whom staff vouch for."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Keep the list of customers whom staff vouch for: a way in without a score.",
    no_args_is_help=True,
)

Customer = Annotated[
    str, typer.Argument(help="Reference from the customer's token or fob.", show_default=False)
]
ListFile = Annotated[
    Path,
    typer.Option(
        "--file",
        help="The list: provider.allow_list of the kiosk's configuration.",
        envvar="KIOSK_ALLOW_LIST",
    ),
]


@app.command()
def add(
    customer: Customer,
    file: ListFile,
    until: Annotated[
        str,
        typer.Option(
            help="Last day (2026-12-31, in UTC) or time with its offset (2026-12-31T18:00:00Z)."
        ),
    ],
    by: Annotated[str, typer.Option(help="Who vouches; the owner sees it.")],
) -> None:
    """Vouch for a customer, in place of an older word for them.

    It counts at the next check; nothing needs a restart.

    Example: kiosk vouch add customer-7 --until 2026-12-31 --by Ann --file vouched.toml
    """
    from kiosk.core.values import CustomerRef
    from kiosk.remote.providers.allow_list import AllowList, Vouch, parse_until

    end = parse_until(until)
    if end is None:
        typer.echo(f"kiosk: --until {until}: want a day or a time with its offset", err=True)
        raise typer.Exit(2)
    AllowList(file).add(Vouch(CustomerRef(customer), end, by))


@app.command()
def remove(customer: Customer, file: ListFile) -> None:
    """Take a customer off the list; exit 1 when they were not on it."""
    from kiosk.core.values import CustomerRef
    from kiosk.remote.providers.allow_list import AllowList

    if not AllowList(file).remove(CustomerRef(customer)):
        typer.echo(f"kiosk: {file}: this customer is not on the list", err=True)
        raise typer.Exit(1)


@app.command(name="list")
def list_(
    file: ListFile,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List whom staff vouch for, those whose time is over included."""
    from kiosk.clock import Clock
    from kiosk.remote.providers.allow_list import AllowList

    clock = Clock.from_environment()
    now_s = clock.wall_s()
    clock.close()
    vouched = AllowList(file).read()
    if json_:
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
    for one in vouched:
        over = "" if one.holds(now_s) else "  (over)"
        typer.echo(f"{one.customer}  until {one.until.isoformat()}  by {one.by}{over}")
