"""`kiosk id`: make, show and verify identity tokens."""

import json
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Annotated, Final, Literal

import typer

from kiosk.cli.place import ConfigOption, JsonOption, StateOption, config_path

app = typer.Typer(
    help=(
        "Make, show and verify identity tokens: what the ID QR carries.\n\n"
        "A token names a customer by a reference that means nothing elsewhere, lives two minutes "
        "at most and opens a door once. A customer's phone makes them; these verbs are for trying "
        "a kiosk out, and for vouchers on paper."
    ),
    no_args_is_help=True,
)

AudienceOption = Annotated[
    str | None,
    typer.Option(
        help="Who it is made out to: the shop, or shop/kiosk.", show_default="the kiosk's shop"
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        help="Private key that mints it: an issuer's, a device's or a voucher's.",
        show_default="issuer.key beside the configuration, voucher.key for --voucher",
    ),
]

DAY_S: Final = 86_400
RENEW_S: Final = 10  # a token that is scanned must still live when the kiosk looks at it
HOME: Final = "\x1b[H\x1b[J"
REMEDIES: Final = {
    "malformed": "it is no token, or was cut; scan it again",
    "unknown-key": "no known key of a minting role signed it; see kiosk keys list add",
    "bad-signature": "it was changed, or its key may not speak for this customer",
    "wrong-audience": "it is made out to another shop or kiosk",
    "too-long-lived": "it lives longer than its key may say",
    "clock-unknown": "this machine does not know the time",
    "not-yet-valid": "it begins later; set the clocks right",
    "expired": "it is too old; make a fresh one",
}


@app.command()
def make(
    customer: Annotated[
        str | None,
        typer.Argument(help="Reference of the customer, as in customer-1; not with --voucher."),
    ] = None,
    *,
    audience: AudienceOption = None,
    key: KeyOption = None,
    ttl_s: Annotated[
        int, typer.Option(min=1, max=DAY_S, help="Seconds it lives; kiosks take 120 at most.")
    ] = 90,
    voucher: Annotated[
        bool, typer.Option("--voucher", help="A voucher for whoever holds it, on paper.")
    ] = False,
    days: Annotated[int, typer.Option(help="Days a voucher lives.", min=1, max=366)] = 30,
    png: Annotated[Path | None, typer.Option(help="Write its QR to this picture too.")] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a token; with --png, write its QR as a picture.

    It mints what it is told, so that a kiosk can be tried with tokens that it must refuse.

    Example: kiosk id make customer-1 --audience corner --key issuer.key --png id.png
    """
    from kiosk.cli.id_mint import minter, save

    if voucher == (customer is not None):
        raise typer.BadParameter("give either a customer or --voucher")
    name = customer or f"voucher:{secrets.token_hex(4)}"
    role = "voucher" if voucher else "issuer"
    audience, key = _minting(audience, key, role, config, state)
    text, expires_s = minter(name, audience, key, days * DAY_S if voucher else ttl_s)()
    if png is not None:
        save(text, png)
    facts = {"text": text, "customer": name, "audience": audience, "expires_s": expires_s}
    _say(facts, text, as_json=as_json)


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="Reference of the customer, as in customer-1.")],
    *,
    audience: AudienceOption = None,
    key: KeyOption = None,
    ttl_s: Annotated[int, typer.Option(help="Seconds each one lives.", min=2, max=120)] = 60,
    once: Annotated[bool, typer.Option("--once", help="Show one and end.")] = False,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Show an ID QR in the terminal, a fresh one before each expires; Ctrl-C ends.

    Hold the screen before the kiosk's camera. Each code opens a door once.

    Example: kiosk id show customer-1 --state DIR
    """
    from kiosk.cli.id_mint import blocks, minter

    audience, key = _minting(audience, key, "issuer", config, state)
    mint = minter(customer, audience, key, ttl_s)
    every_s = ttl_s - min(RENEW_S, ttl_s // 2)
    is_terminal = sys.stdout.isatty()
    with suppress(KeyboardInterrupt):
        while True:
            if is_terminal and not once:
                typer.echo(HOME, nl=False)
            typer.echo(blocks(mint()[0], coloured=is_terminal))
            if once:
                return
            typer.echo(f"{customer} at {audience}; a fresh one every {every_s} s. Ctrl-C ends.")
            sys.stdout.flush()
            Event().wait(every_s)


@app.command()
def verify(
    text: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token's text, or - to read it from input.")
    ],
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    audience: Annotated[
        list[str] | None,
        typer.Option(
            help="A name the kiosk goes by; may be given again.", show_default="the kiosk's names"
        ),
    ] = None,
    key_list: Annotated[
        Path | None,
        typer.Option(
            help="A signed key list, such as keys.json.",
            show_default="what the kiosk holds, or keys.json beside its configuration",
        ),
    ] = None,
    owner_key: Annotated[
        str | None,
        typer.Option(
            help="Who must have signed --key-list: a public key, or a file that holds or makes it.",
            show_default="the configuration's hub.owner_key",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="A single key in place of a list: base64url, or a file as above."),
    ] = None,
    role: Annotated[
        Literal["issuer", "device", "voucher"], typer.Option(help="Role of --key.")
    ] = "issuer",
    customer: Annotated[str, typer.Option(help="Whose device --key is.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Say whether a kiosk would take this token, or the exact reason why not.

    Names and keys are those of the kiosk that --config or --state means; --audience with
    --key-list or --key asks without any configuration. Whether the token was used before is not
    asked: only the kiosk's ledger knows. A code is taken for 5 s beyond its life.

    Example: kiosk id verify 'K1:...' --state DIR (a code holds spaces and $: single quotes keep it)

    Exit 1 when it would not be taken.
    """
    from kiosk.cli.id_trust import held, listed, single
    from kiosk.clock import Clock
    from kiosk.core.identity import TokenFault
    from kiosk.core.identity import verify as judge
    from kiosk.core.values import ClockSync
    from kiosk.settings import load

    if key is not None and key_list is not None:
        raise typer.BadParameter("give --key-list or --key, not both")
    if key is not None:
        keys = single(key, role, customer)
    elif key_list is not None:
        keys = listed(key_list, owner_key or load(config_path(config, state)).owner_key)
    else:
        keys = held(config, state)
    names = frozenset(audience or load(config_path(config, state)).audiences)
    shown = sys.stdin.readline().rstrip("\r\n") if text == "-" else text
    # The machine's time is believed as it is: no door opens by this answer.
    now = replace(Clock.from_environment().now(), sync=ClockSync.NTP)
    found = judge(shown, keys, names, now)
    if isinstance(found, TokenFault):
        words = f"not valid: {found}: {REMEDIES[found]}"
        _say({"valid": False, "fault": str(found)}, words, as_json=as_json)
        raise typer.Exit(1)
    facts = {"valid": True, "customer": found.customer, "tier": str(found.tier)}
    _say(facts, f"valid: {found.customer}, {found.tier}", as_json=as_json)


def _minting(
    audience: str | None, key: Path | None, role: str, config: Path | None, state: Path | None
) -> tuple[str, Path]:
    """Return audience and key; what was not given comes from the kiosk's configuration."""
    if audience is None:
        from kiosk.settings import load

        audience = load(config_path(config, state)).kiosk.shop
    return audience, key or config_path(config, state).with_name(f"{role}.key")


def _say(facts: Mapping[str, object], words: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(facts, indent=2) if as_json else words)
