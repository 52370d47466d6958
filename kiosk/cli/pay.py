"""`kiosk pay`: record at the counter that a visit was paid."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from kiosk.cli.ending import UNREACHABLE, USAGE, EndingError
from kiosk.cli.place import ConfigOption, StateOption, state_dir

EXAMPLE: Final = "019ab0c4-7f3e-7c1d-9f0e-2b6f3d5a8c11"
SHOWN: Final = 40  # of a wrong id or amount
MOST_DIGITS: Final = 13  # of an amount: kiosk/core/money.py takes no more
STAFF_TOKEN: Final = Path("hub", "staff.token")  # where init and play put the hub

VisitArgument = Annotated[
    str, typer.Argument(help="The visit's id, as the owner's page or kiosk ledger tail shows it.")
]


def _cents(given: object) -> int:
    """Return an amount, also the default; typer.BadParameter for no whole number of cents."""
    text = str(given)
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS:
        raise typer.BadParameter(f"{text[:SHOWN]!a} is no amount: want cents, 599 for 5.99")
    return int(text)


TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        help="File with the staff's token: the hub made staff.token in its state directory.",
        envvar="KIOSK_STAFF_TOKEN_FILE",
        show_default=f"{STAFF_TOKEN} in the kiosk's directory",
    ),
]
EpcOption = Annotated[
    list[str] | None, typer.Option(help="An item that is paid; may be given again.")
]
AmountOption = Annotated[
    int,
    typer.Option(
        parser=_cents,
        metavar="CENTS",
        help="Or an amount in cents: it covers whole items in read order.",
    ),
]
MethodOption = Annotated[
    Literal["cash", "card", "voucher", "transfer"], typer.Option(help="How it was paid.")
]
KeyOption = Annotated[
    str, typer.Option(help="Repeat it with the same key if you do not know whether it worked.")
]


def command(
    visit: VisitArgument,
    *,
    token_file: TokenFileOption = None,
    epc: EpcOption = None,
    amount_minor: AmountOption = 0,
    method: MethodOption = "cash",
    key: KeyOption = "",
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Record a payment for a visit, before the exit or within the grace after it.

    Before the exit it pays the items; after it, it settles what is owed, and what covers no whole
    item is kept as credit. It never changes what an exit was. The same key records once, however
    often it is sent. What is said of the visit is what the hub knows by then.

    What was paid late is in the hub's own log, not in the kiosk's: kiosk ledger tail --state
    DIR/hub/office shows it (/var/lib/kiosk-hub/office where systemd runs the hub).

    Example: kiosk pay VISIT --amount-minor 599 --token-file /var/lib/kiosk-hub/staff.token

    Exit 2 when no visit can have this id or the hub refuses it, 4 when no kiosk runs there or its
    hub is away.
    """
    from kiosk.daemon.caller import ask

    visit = _visit(visit)
    place, key = state_dir(config, state), key or secrets.token_hex(8)
    if bool(epc) == bool(amount_minor):
        raise typer.BadParameter("give either --epc or --amount-minor")
    question = {
        "do": "pay",
        "visit": visit,
        "epcs": [each.upper() for each in epc or []],
        "amount_minor": amount_minor,
        "method": method,
        "key": key,
        "token": _token(token_file or place / STAFF_TOKEN),
    }
    answer = ask(place, question)
    if not answer.get("ok"):
        code = USAGE if answer.get("exit_code") == USAGE else UNREACHABLE
        raise EndingError(f"not recorded (key {key}): {answer.get('error')}", code)
    typer.echo(f"recorded as payment {answer['number']} (key {key})")
    typer.echo(_standing(visit, answer.get("visit"), answer["currency"]))


def _visit(text: str) -> str:
    """Return the id of a visit; typer.BadParameter when no visit can have it."""
    from kiosk.core.values import VISIT_ID

    visit = text.strip().lower()
    if VISIT_ID.fullmatch(visit) is None:
        raise typer.BadParameter(
            f"{text[:SHOWN]!a} is no visit: want its id from the owner's page, as in {EXAMPLE}"
        )
    return visit


def _standing(visit: str, standing: Mapping[str, Any] | None, currency: str) -> str:
    """Return what the payment came to, as far as the hub knows the visit."""
    from kiosk.core.money import plain

    look = "it stands under Payments for no visit on the owner's page"
    if standing is None:
        return f"the hub has not yet seen visit {visit}; if it never comes, {look}"
    if standing["state"] == "open":
        return "the visit goes on: the payment counts when they leave"
    if standing["state"] == "outside":
        return f"nobody has come in on visit {visit}: if nobody does, {look}"
    paid, owed, credit = (
        plain(standing[name], currency) for name in ("paid_minor", "owed_minor", "credit_minor")
    )
    rest = f"{owed} still owed" if standing["owed_minor"] else "nothing is owed"
    told = f"of this visit {paid} is paid and {rest}"
    more = f"{credit} covers no item and is kept as credit: if it was too much, give it back"
    return f"{told}; {more}" if standing["credit_minor"] else told


def _token(file: Path) -> str:
    """Return the token in a file; typer.BadParameter when the file holds none."""
    try:
        token = file.read_bytes()[:1000].decode("ascii").strip()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}; name it with --token-file") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file}: holds no token") from error
    if not token.isprintable() or not token or " " in token:
        raise typer.BadParameter(f"{file}: holds no token")
    return token
