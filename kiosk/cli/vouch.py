"""`kiosk vouch`: the list of customers whom staff vouch for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

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

DAY: Final = "a day as in 2026-12-31"
TIME: Final = "a time with its offset from UTC as in 2026-12-31T18:00:00Z"

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
        typer.Option(help=f"Their last day, in UTC: {DAY}; or {TIME}."),
    ],
    by: Annotated[str, typer.Option(help="Who vouches; kiosk vouch list tells.")],
    file: ListFile = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Vouch for a customer; who is on the list already gets this date and name instead.

    It counts at the next check; nothing needs a restart.

    Example: kiosk vouch add customer-7 --until 2026-12-31 --by Ann

    Exit 2 when the date is none or is over already; the list stays as it was.
    """
    from kiosk.core.values import CustomerRef
    from kiosk.remote.providers.allow_list import AllowList, Vouch, parse_until

    if not by.strip():
        raise EndingError("--by: want the name of who vouches", USAGE)
    end = parse_until(until)
    if end is None:
        raise EndingError(f"--until {until!a}: want {DAY} or {TIME}", USAGE)
    vouch = Vouch(CustomerRef(customer), end, by)
    if not vouch.holds(_now_s()):
        remedy = "give a later one, or take them off: kiosk vouch remove"
        raise EndingError(f"--until {until!a}: that is over already; {remedy}", USAGE)
    path = _list(file, config, state)
    AllowList(path).add(vouch)
    typer.echo(f"{path}: vouched for until {_spoken(end)}")


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
    from kiosk.remote.providers.allow_list import AllowList

    now_s = _now_s()
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
        typer.echo(f"{one.customer}  until {_spoken(one.until)}  by {one.by}{over}")


def _spoken(end: datetime) -> str:
    """Return the end of a validity; the end of a day, in UTC, as that day."""
    end = end.astimezone(UTC)
    last = end - timedelta(microseconds=1)
    return f"{last:%Y-%m-%d} UTC, all of it" if last.date() != end.date() else end.isoformat()


def _now_s() -> int:
    """Return the Unix second that it is."""
    from kiosk.clock import Clock

    clock = Clock.from_environment()
    try:
        return clock.wall_s()
    finally:
        clock.close()


def _list(file: Path | None, config: Path | None, state: Path | None) -> Path:
    """Return the list that is named, or that the kiosk's configuration names."""
    from kiosk.settings import load

    return file or load(config_path(config, state)).allow_list
