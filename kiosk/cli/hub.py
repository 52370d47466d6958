"""`kiosk hub`: receive logs, publish rules, record payments, show the owner's pages."""

from pathlib import Path
from typing import Annotated

import typer


def command(  # noqa: PLR0917 - every option of a command is a parameter
    owner_key: Annotated[
        str,
        typer.Option(
            help="The owner's public key, base64url: only documents signed by it are published.",
            envvar="KIOSK_HUB_OWNER_KEY",
        ),
    ],
    state: Annotated[
        Path,
        typer.Option(
            help="Where everything is kept; made at the first start, readable by us only."
        ),
    ] = Path("hub"),
    listen: Annotated[
        str,
        typer.Option(help="Address and port; port 0 takes a free one and prints it."),
    ] = "127.0.0.1:8080",
    shop: Annotated[
        str | None,
        typer.Option(help="Name of the shop, as in its policy; needed at the first start only."),
    ] = None,
    enrol: Annotated[
        list[str] | None,
        typer.Option(help="Verifier key of a kiosk's log to believe; may be given again."),
    ] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(help="Host name of the pages beside localhost and IP addresses."),
    ] = None,
    next_after_s: Annotated[
        int,
        typer.Option(help="Seconds that kiosks linger before they upload again.", min=1, max=3600),
    ] = 60,
    login_code: Annotated[
        bool,
        typer.Option("--login-code", help="Print a one-time sign-in link at this start too."),
    ] = False,
) -> None:
    """Run the hub until SIGTERM.

    It prints `ready http://127.0.0.1:PORT` once it listens, and writes the same address to
    hub.url in its state directory. The first start makes tokens for staff and kiosks there and
    prints a link to sign in.

    Exit 2 when it cannot start: the port is taken, a newer version wrote the state.
    """
    from kiosk.clock import Clock
    from kiosk.hub.context import Options
    from kiosk.hub.server import Settings, parse_address, parse_owner, run

    host, port = parse_address(listen)
    settings = Settings(
        state=state,
        host=host,
        port=port,
        owner=parse_owner(owner_key),
        shop=shop,
        enrol=enrol or (),
        login_code=login_code,
        options=Options(frozenset(host_name or ()), next_after_s),
    )
    clock = Clock.from_environment()
    try:
        run(settings, clock, typer.echo)
    finally:
        clock.close()
