"""`kiosk scores`: the reference score provider; answers yes, no or unknown and never a number."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def command(
    *,
    owner_key: Annotated[
        str,
        typer.Option(
            help="The owner's public key, base64url: only a policy signed by it counts.",
            envvar="KIOSK_SCORES_OWNER_KEY",
        ),
    ],
    state: Annotated[
        Path,
        typer.Option(
            help="Where everything is kept; made at the first start, readable by us only."
        ),
    ] = Path("scores"),
    listen: Annotated[
        str,
        typer.Option(help="Address and port; port 0 takes a free one and prints it."),
    ] = "127.0.0.1:8090",
    policy_url: Annotated[
        str,
        typer.Option(
            help="Address of the hub that publishes the policy.", envvar="KIOSK_SCORES_POLICY_URL"
        ),
    ] = "http://127.0.0.1:8080",
    policy_file: Annotated[
        Path | None,
        typer.Option(help="A file with the signed policy, in place of the hub."),
    ] = None,
    rate: Annotated[
        int,
        typer.Option(help="Checks a minute that one kiosk may ask about one customer.", min=1),
    ] = 30,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option(help="The least that is logged, to standard error, one JSON object a line."),
    ] = "info",
) -> None:
    """Run the reference score provider until SIGTERM.

    It answers whether a customer meets thresholds that the owner's policy registers. It prints
    `ready http://127.0.0.1:PORT` once it listens, and writes the same address to scores.url in its
    state directory. The first start makes there: scores.pub, the key to list as "provider" in the
    owner's key list; kiosk.token, for every kiosk that may ask; admin.token, for test facts
    (`PUT /v1/facts/CUSTOMER {"points": 0..800}`).

    Exit 2 when it cannot start: the port is taken, a newer version wrote the state.
    """
    from kiosk import logs
    from kiosk.clock import Clock
    from kiosk.scoring.server import Settings, run
    from kiosk.serving import parse_address, parse_owner

    logs.configure(log_level)
    host, port = parse_address(listen)
    settings = Settings(
        state=state,
        host=host,
        port=port,
        owner=parse_owner(owner_key),
        policy_url=policy_url,
        policy_file=policy_file,
        rate=rate,
    )
    clock = Clock.from_environment()
    try:
        run(settings, clock, typer.echo)
    finally:
        clock.close()
