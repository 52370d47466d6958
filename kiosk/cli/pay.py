"""`kiosk pay`: record at the counter that a visit was paid."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    visit: Annotated[
        str, typer.Argument(help="The visit, as kiosk ledger tail or the pages show it.")
    ],
    *,
    token_file: Annotated[Path, typer.Option(help="File with the staff's token.")],
    epc: Annotated[
        list[str] | None, typer.Option(help="An item that is paid; may be given again.")
    ] = None,
    amount_minor: Annotated[
        int, typer.Option(help="Or an amount in cents: it covers whole items in the order read.")
    ] = 0,
    method: Annotated[str, typer.Option(help="cash, card, voucher or transfer.")] = "cash",
    key: Annotated[
        str, typer.Option(help="Repeat it with the same key if you do not know whether it worked.")
    ] = "",
    state: Annotated[Path, typer.Option(help="State directory of the running kiosk.")] = Path(
        "/var/lib/kiosk"
    ),
) -> None:
    """Record a payment for a visit, before the exit or within the grace after it.

    Before the exit it pays the items; after it, it settles what is owed. It never changes what an
    exit was. The same key records once, however often it is sent.
    """
    import secrets

    from kiosk.daemon.caller import ask

    key = key or secrets.token_hex(8)
    answer = ask(
        state,
        {
            "do": "pay",
            "visit": visit,
            "epcs": [each.upper() for each in epc or []],
            "amount_minor": amount_minor,
            "method": method,
            "key": key,
            "token": token_file.read_text(encoding="ascii").strip(),
        },
    )
    if not answer.get("ok"):
        typer.echo(f"kiosk: not recorded (key {key}): {answer.get('error')}", err=True)
        raise typer.Exit(4)
    typer.echo(f"recorded as payment {answer['number']} (key {key})")
