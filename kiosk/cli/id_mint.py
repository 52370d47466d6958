"""Minting for `kiosk id`: a fresh token at each call, and its QR as blocks or a picture."""

import io
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

import segno

from kiosk.cli.ending import USAGE, EndingError

QUIET_ZONE: Final = 4  # ISO/IEC 18004 section 6.3.8: four modules
PIXELS: Final = 8  # 0.7 mm a module at 300 dpi
WHITE_ON_BLACK: Final = "\x1b[97;40m"  # the blocks are light modules, in any theme
PLAIN: Final = "\x1b[0m"

Mint = Callable[[], tuple[str, int]]
"""Returns a fresh token and the second in which it expires."""


def minter(customer: str, audience: str, key: Path, life_s: int) -> Mint:
    """Return what mints this customer's tokens; key and clock are opened once."""
    from kiosk.clock import Clock
    from kiosk.core.identity import NONCE_BYTES, mint
    from kiosk.core.signing import kid_of, public_of
    from kiosk.keyfiles import load_private

    for what in (customer, audience):
        if not what or not what.isprintable():
            raise EndingError(f"{what!a}: want printable text that is not empty", USAGE)
    private = load_private(key)
    kid = kid_of(public_of(private))
    clock = Clock.from_environment()

    def fresh() -> tuple[str, int]:
        """Return a token made now, and when it ends."""
        now_s, nonce = clock.wall_s(), secrets.token_bytes(NONCE_BYTES)
        return mint(customer, audience, now_s, life_s, nonce, private, kid), now_s + life_s

    return fresh


def save(text: str, png: Path) -> None:
    """Write the token's QR as a picture, whole or not at all; KeyFileError when it cannot be."""
    from kiosk.keyfiles import write_over

    out = io.BytesIO()
    _code(text).save(out, kind="png", scale=PIXELS, border=QUIET_ZONE)
    write_over(png, out.getvalue())


def blocks(text: str, *, coloured: bool) -> str:
    """Return the QR in half blocks, two rows of modules to a line; the blocks are the light."""
    out = io.StringIO()
    _code(text).terminal(out, border=QUIET_ZONE, compact=True)
    lines = out.getvalue().splitlines()
    if coloured:
        lines = [f"{WHITE_ON_BLACK}{line}{PLAIN}" for line in lines]
    return "\n".join(lines)


def _code(text: str) -> segno.QRCode:
    """Return the token's QR as kiosks read it best; EndingError when the text has no room."""
    try:
        return segno.make_qr(text, error="L", mode="alphanumeric", boost_error=False)
    except segno.DataOverflowError as error:
        raise EndingError(
            "customer and audience are too long for a QR; shorten them", USAGE
        ) from error
