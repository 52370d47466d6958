"""`kiosk scores`: the reference score provider; answers yes, no or unknown and never a number."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import typer

from kiosk.cli.ending import UNREACHABLE, USAGE, EndingError

app = typer.Typer(invoke_without_command=True, subcommand_metavar="[seed ...]")

OwnerKeyOption = Annotated[
    str | None,
    typer.Option(
        help="Required. The owner's public key, base64url: only a policy signed by it counts.",
        envvar="KIOSK_SCORES_OWNER_KEY",
    ),
]
StateOption = Annotated[
    Path,
    typer.Option(help="Where everything is kept; made at the first start, readable by us only."),
]
ListenOption = Annotated[
    str, typer.Option(help="Address and port; port 0 takes a free one and prints it.")
]
PolicyUrlOption = Annotated[
    str,
    typer.Option(
        help="Address of the hub that publishes the policy.", envvar="KIOSK_SCORES_POLICY_URL"
    ),
]
PolicyFileOption = Annotated[
    Path | None, typer.Option(help="A file with the signed policy, in place of the hub.")
]
RateOption = Annotated[
    int, typer.Option(help="Checks a minute of one customer, whichever kiosks ask.", min=1)
]
LogLevelOption = Annotated[
    Literal["debug", "info", "warning", "error"],
    typer.Option(
        help="The least that is logged, to standard error: plain lines on a terminal, else JSON."
    ),
]
STATE = Path("scores")


@app.callback()
def serve(
    context: typer.Context,
    *,
    owner_key: OwnerKeyOption = None,
    state: StateOption = STATE,
    listen: ListenOption = "127.0.0.1:8090",
    policy_url: PolicyUrlOption = "http://127.0.0.1:8080",
    policy_file: PolicyFileOption = None,
    rate: RateOption = 30,
    log_level: LogLevelOption = "info",
) -> None:
    """Run the reference score provider until SIGTERM.

    It answers whether a customer meets thresholds that the owner's policy registers. A kiosk may go
    on with an answer for five minutes, also while this service is away. It prints
    `ready http://127.0.0.1:PORT` once it listens, and writes the same address to scores.url in its
    state directory. The first start makes there: scores.pub, the key to list as "provider" in the
    owner's key list; kiosk.token, for every kiosk that may ask; admin.token, for test facts
    (`kiosk scores seed`).

    Example: kiosk scores --owner-key KEY --state scores (KEY from: kiosk keys show owner.key)

    Exit 2 when it cannot start: the port is taken, a newer version wrote the state.
    """
    if context.invoked_subcommand is not None:
        return
    if owner_key is None:
        raise typer.BadParameter(
            "Missing option '--owner-key' (kiosk keys show owner.key prints it)"
        )
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


@app.command()
def seed(
    customer: Annotated[str, typer.Argument(help="Reference of the customer, as in customer-1.")],
    points: Annotated[int, typer.Argument(min=0, max=800, help="What the score begins with.")],
    *,
    state: Annotated[
        Path, typer.Option(help="State directory of the running score service.")
    ] = STATE,
) -> None:
    """Give a test customer a score, to try a shop out; nothing else makes scores by hand.

    Example: kiosk scores seed customer-1 720 --state scores

    Exit 4 when no score service runs there.
    """
    from kiosk.remote.http import Ask, HttpClient

    client = HttpClient(_held(state, "scores.url"), _held(state, "admin.token"))
    body = json.dumps({"points": points}).encode()
    path = f"/v1/facts/{quote(customer, safe='')}"
    try:
        reply = client.call(Ask("PUT", path, body, {"Content-Type": "application/json"}))
    finally:
        client.close()
    if reply.status != HTTPStatus.NO_CONTENT:
        raise typer.BadParameter(f"CUSTOMER: refused ({reply.status}); want A-Z a-z 0-9 _ . : -")
    typer.echo(f"{customer} begins with {points} points")


def _held(state: Path, name: str) -> str:
    """Return a line that the running service wrote."""
    try:
        return (state / name).read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        if (state / STATE / name).exists():
            line = f"{state}: is not the score service's; give --state {state / STATE}"
            raise EndingError(line, USAGE) from error
        line = f"{state / name}: not there; is kiosk scores running?"
        raise EndingError(line, UNREACHABLE) from error
