"""`kiosk pay`: record at the counter that a visit was paid."""

import secrets
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from kiosk.cli.ending import UNREACHABLE, EndingError
from kiosk.cli.place import ConfigOption, StateOption, state_dir

STAFF_TOKEN: Final = Path("hub", "staff.token")  # where init and play put the hub

VisitArgument = Annotated[
    str, typer.Argument(help="The visit, as kiosk ledger tail or the pages show it.")
]
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
    int, typer.Option(min=0, help="Or an amount in cents: it covers whole items in read order.")
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

    Before the exit it pays the items; after it, it settles what is owed. It never changes what an
    exit was. The same key records once, however often it is sent.

    Example: kiosk pay VISIT --amount-minor 599 --token-file /var/lib/kiosk-hub/staff.token

    Exit 4 when it was not recorded: no kiosk runs there, or the hub refused.
    """
    from kiosk.daemon.caller import ask

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
        raise EndingError(f"not recorded (key {key}): {answer.get('error')}", UNREACHABLE)
    typer.echo(f"recorded as payment {answer['number']} (key {key})")


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
