"""`kiosk hub`: receive logs, publish rules, record payments, show the owner's pages."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def _take_file(context: typer.Context, path: Path | None) -> Path | None:
    """Let the file say what neither options nor the environment do."""
    if path is not None:
        from kiosk.settings import load_hub

        section = load_hub(path).hub
        context.default_map = {
            "owner_key": section.owner_key,
            "state": str(section.state_dir),
            "listen": section.listen,
            "shop": section.shop,
            "enrol": list(section.enrol),
            "host_name": list(section.host_names),
            "next_after_s": section.next_after_s,
        }
    return path


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        help="A commented file like config/hub.toml; the other options go before it.",
        is_eager=True,
        callback=_take_file,
    ),
]
OwnerKeyOption = Annotated[
    str,
    typer.Option(
        help="The owner's public key, base64url: only documents signed by it are published.",
        envvar="KIOSK_HUB_OWNER_KEY",
    ),
]
StateOption = Annotated[
    Path,
    typer.Option(help="Where everything is kept; made at the first start, readable by us only."),
]
ListenOption = Annotated[
    str,
    typer.Option(help="Address and port; port 0 takes a free one and prints it."),
]
ShopOption = Annotated[
    str | None,
    typer.Option(help="Name of the shop, as in its policy; needed at the first start only."),
]
EnrolOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Verifier key of a kiosk's log to believe, NAME+HASH+KEY; may be given again."
    ),
]
HostNameOption = Annotated[
    list[str] | None,
    typer.Option(help="Host name of the pages beside localhost and IP addresses."),
]
NextAfterOption = Annotated[
    int,
    typer.Option(help="Seconds that kiosks linger before they upload again.", min=1, max=3600),
]
LoginCodeOption = Annotated[
    bool,
    typer.Option("--login-code", help="Print a one-time sign-in link at this start too."),
]
TrustClockOption = Annotated[
    bool,
    typer.Option(
        "--trust-clock",
        help="Believe the time though the kernel does not call it synchronised, as in containers.",
    ),
]
LogLevelOption = Annotated[
    Literal["debug", "info", "warning", "error"],
    typer.Option(
        help="The least that is logged, to standard error: plain lines on a terminal, else JSON."
    ),
]


def command(
    *,
    config: ConfigOption = None,
    owner_key: OwnerKeyOption,
    state: StateOption = Path("hub"),
    listen: ListenOption = "127.0.0.1:8080",
    shop: ShopOption = None,
    enrol: EnrolOption = None,
    host_name: HostNameOption = None,
    next_after_s: NextAfterOption = 60,
    login_code: LoginCodeOption = False,
    trust_clock: TrustClockOption = False,
    log_level: LogLevelOption = "info",
) -> None:
    """Run the hub until SIGTERM.

    It prints `ready http://127.0.0.1:PORT` once it listens, and writes the same address to
    hub.url in its state directory. The first start makes there staff.token, for whoever signs in
    at the pages and records payments, and kiosk.token, for every kiosk; and prints a link that
    signs in at the pages once. Later starts name the file with the token.

    A kiosk's log is believed once it is enrolled by its verifier key, one line that `kiosk init`
    prints and `kiosk ledger export` writes to log.vkey: give it as --enrol, or as enrol in the
    file of --config, and start the hub again. Enrolling a log twice changes nothing.

    Example: kiosk hub --config /etc/kiosk/hub.toml

    Exit 2 when it cannot start: the port is taken, a newer version wrote the state.
    """
    from kiosk import logs
    from kiosk.clock import Clock
    from kiosk.hub.context import Options
    from kiosk.hub.server import Settings, run
    from kiosk.serving import parse_address, parse_owner

    del config  # its values have come in as the other options
    logs.configure(log_level)
    host, port = parse_address(listen)
    owner = parse_owner(owner_key)
    options = Options(frozenset(host_name or ()), next_after_s)
    settings = Settings(state, host, port, owner, shop, enrol or (), login_code, options)
    clock = Clock(None, "always") if trust_clock else Clock.from_environment()
    try:
        run(settings, clock, typer.echo)
    finally:
        clock.close()
