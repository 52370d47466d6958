"""`kiosk id`: make, show and verify identity tokens."""

import io
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Final

import typer

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
    str, typer.Option(help="Who it is made out to: the shop, or shop/kiosk.", show_default=False)
]
KeyOption = Annotated[
    Path, typer.Option(help="Private key that mints it: an issuer's, a device's or a voucher's.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ISSUER_KEY: Final = Path("issuer.key")

Mint = Callable[[], tuple[str, int]]
"""Returns a fresh token and the second in which it expires."""

DAY_S: Final = 86_400
QUIET_ZONE: Final = 4  # ISO/IEC 18004 section 6.3.8: four modules
PIXELS: Final = 8  # 0.7 mm a module at 300 dpi
RENEW_S: Final = 10  # a token that is scanned must still live when the kiosk looks at it
HOME: Final = "\x1b[H\x1b[J"
WHITE_ON_BLACK: Final = "\x1b[97;40m"  # the blocks are light modules, in any theme
PLAIN: Final = "\x1b[0m"
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
    audience: AudienceOption,
    key: KeyOption = ISSUER_KEY,
    ttl_s: Annotated[int, typer.Option(help="Seconds it lives; kiosks take 120 at most.")] = 90,
    voucher: Annotated[
        bool, typer.Option("--voucher", help="A voucher for whoever holds it, on paper.")
    ] = False,
    days: Annotated[int, typer.Option(help="Days a voucher lives.", min=1, max=366)] = 30,
    png: Annotated[Path | None, typer.Option(help="Write its QR to this picture too.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a token; with --png, write its QR as a picture.

    It mints what it is told, so that a kiosk can be tried with tokens that it must refuse.

    Example: kiosk id make customer-1 --audience corner --key issuer.key --png id.png
    """
    if voucher == (customer is not None):
        raise typer.BadParameter("give either a customer or --voucher")
    name = customer or f"voucher:{secrets.token_hex(4)}"
    text, expires_s = _minter(name, audience, key, days * DAY_S if voucher else ttl_s)()
    if png is not None:
        _save(text, png)
    if as_json:
        facts = {"text": text, "customer": name, "audience": audience, "expires_s": expires_s}
        typer.echo(json.dumps(facts, indent=2))
    else:
        typer.echo(text)


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="Reference of the customer, as in customer-1.")],
    *,
    audience: AudienceOption,
    key: KeyOption = ISSUER_KEY,
    ttl_s: Annotated[int, typer.Option(help="Seconds each one lives.", min=2, max=120)] = 60,
    once: Annotated[bool, typer.Option("--once", help="Show one and end.")] = False,
) -> None:
    """Show an ID QR in the terminal, a fresh one before each expires; Ctrl-C ends.

    Hold the screen before the kiosk's camera. Each code opens a door once.
    """
    mint = _minter(customer, audience, key, ttl_s)
    every_s = ttl_s - min(RENEW_S, ttl_s // 2)
    is_terminal = sys.stdout.isatty()
    with suppress(KeyboardInterrupt):
        while True:
            if is_terminal and not once:
                typer.echo(HOME, nl=False)
            typer.echo(_blocks(mint()[0], coloured=is_terminal))
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
    audience: Annotated[
        list[str], typer.Option(help="A name the kiosk goes by; may be given again.")
    ],
    key_list: Annotated[
        Path | None, typer.Option(help="Signed key list, such as keys.json; with --owner-key.")
    ] = None,
    owner_key: Annotated[
        str, typer.Option(help="The owner's public key, or a file that holds or makes it.")
    ] = "owner.key",
    key: Annotated[
        str | None,
        typer.Option(help="A single key in place of a list: base64url, or a file as above."),
    ] = None,
    role: Annotated[str, typer.Option(help="Role of --key: issuer, device or voucher.")] = "issuer",
    customer: Annotated[str, typer.Option(help="Whose device --key is.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Say whether a kiosk would take this token, or the exact reason why not.

    Whether it was used before is not asked: only the kiosk's ledger knows.

    Exit 1 when it would not be taken.
    """
    from kiosk.clock import Clock
    from kiosk.core.identity import TokenFault
    from kiosk.core.identity import verify as judge
    from kiosk.core.values import ClockSync

    if (key is None) == (key_list is None):
        raise typer.BadParameter("give either --key-list or --key")
    keys = _listed(key_list, owner_key) if key_list else _single(str(key), role, customer)
    shown = sys.stdin.readline().rstrip("\r\n") if text == "-" else text
    # The machine's time is believed as it is: no door opens by this answer.
    now = replace(Clock.from_environment().now(), sync=ClockSync.NTP)
    found = judge(shown, keys, frozenset(audience), now)
    if isinstance(found, TokenFault):
        _say(
            {"valid": False, "fault": str(found)},
            f"not valid: {found}: {REMEDIES[found]}",
            as_json=as_json,
        )
        raise typer.Exit(1)
    facts = {"valid": True, "customer": found.customer, "tier": str(found.tier)}
    _say(facts, f"valid: {found.customer}, {found.tier}", as_json=as_json)


def _minter(customer: str, audience: str, key: Path, life_s: int) -> Mint:
    """Return what mints this customer's tokens; key and clock are opened once."""
    from kiosk.clock import Clock
    from kiosk.core.identity import NONCE_BYTES, mint
    from kiosk.core.signing import kid_of, public_of
    from kiosk.keyfiles import load_private

    private = load_private(key)
    kid = kid_of(public_of(private))
    clock = Clock.from_environment()

    def fresh() -> tuple[str, int]:
        """Return a token made now, and when it ends."""
        now_s, nonce = clock.wall_s(), secrets.token_bytes(NONCE_BYTES)
        return mint(customer, audience, now_s, life_s, nonce, private, kid), now_s + life_s

    return fresh


def _save(text: str, png: Path) -> None:
    import segno

    code = segno.make_qr(text, error="L", mode="alphanumeric", boost_error=False)
    code.save(str(png), kind="png", scale=PIXELS, border=QUIET_ZONE)


def _blocks(text: str, *, coloured: bool) -> str:
    """Return the QR in half blocks, two rows of modules to a line; the blocks are the light."""
    import segno

    out = io.StringIO()
    code = segno.make_qr(text, error="L", mode="alphanumeric", boost_error=False)
    code.terminal(out, border=QUIET_ZONE, compact=True)
    lines = out.getvalue().splitlines()
    if coloured:
        lines = [f"{WHITE_ON_BLACK}{line}{PLAIN}" for line in lines]
    return "\n".join(lines)


def _listed(key_list: Path, owner_key: str) -> Mapping[str, Any]:
    """Return the keys of a list that the owner signed."""
    from kiosk.core.keylist import parse_keys
    from kiosk.core.signing import VerifyKey, kid_of, open_envelope
    from kiosk.keyfiles import read_public

    owner = read_public(owner_key)
    trusted = VerifyKey(kid_of(owner), owner, "owner")
    return parse_keys(open_envelope("keys", key_list.read_bytes(), {trusted.kid: trusted}))


def _single(key: str, role: str, customer: str) -> Mapping[str, Any]:
    from kiosk.core.signing import VerifyKey, kid_of
    from kiosk.keyfiles import read_public

    public = read_public(key)
    return {kid_of(public): VerifyKey(kid_of(public), public, role, customer)}


def _say(facts: Mapping[str, object], words: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(facts, indent=2) if as_json else words)
