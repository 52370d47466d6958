"""A shop without devices, for `kiosk init --simulate`: a folder as camera, a file as screen."""

import io
from pathlib import Path
from typing import Any, Final

import segno

from kiosk.keyfiles import write_new

FOLDER: Final = "shown"
PICTURE: Final = "id.png"
SCREEN: Final = "screen.txt"
_PIXELS: Final = 8
_PUBLIC: Final = 0o644


def devices(place: Path) -> dict[str, dict[str, Any]]:
    """Return the changes to a configuration that leave no device in it."""
    no_pin = {"kind": "sim", "pin": None}
    return {
        "lock": no_pin,
        "door": no_pin,
        "exit": no_pin,
        "button": no_pin,
        "indicator": {"kind": "sim", "pins": None},
        "camera": {"kind": "folder", "device": str(place / FOLDER)},
        "reader": {"port": "sim:tty-exit"},
        "screen": {"path": str(place / SCREEN)},
        "sim": {"socket": str(place / "sim.sock")},
        "clock": {"trust": "always"},
    }


def pictures(place: Path) -> None:
    """Make the folder that is the camera, with a picture that is no ID; others take its place."""
    folder = place / FOLDER
    folder.mkdir(exist_ok=True)
    out = io.BytesIO()
    segno.make_qr("SHOW YOUR ID").save(out, kind="png", scale=_PIXELS)
    write_new(folder / PICTURE, out.getvalue(), _PUBLIC)
