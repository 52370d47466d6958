"""A shop without devices, for `kiosk init --simulate`: all of them are simulated."""

from pathlib import Path
from typing import Any, Final

from kiosk.keyfiles import write_new

ITEMS: Final = "items.csv"
EPC: Final = "3034257BF40C0E40{number:08X}"
"""Tags of the item that is sold; each thing has a number of its own."""
WAYS: Final = ("vouched", "voucher", "group", "leave")
_SOLD: Final = "gtin,name,price,tax\n00614141123452,Trail mix,5.99,\n"
_PUBLIC: Final = 0o644


def devices(place: Path) -> dict[str, dict[str, Any] | list[dict[str, Any]]]:
    """Return the changes to a configuration that leave no device in it."""
    no_pin = {"kind": "sim", "pin": None}
    buttons = [{"name": f"choose-{way}", "way": way, **no_pin} for way in WAYS]
    return {
        "lock": no_pin,
        "door": no_pin,
        "exit": no_pin,
        "button": buttons,
        "indicator": {"kind": "sim", "pins": None},
        "camera": {"kind": "sim", "device": None, "width": 640, "height": 480},
        "reader": [{"port": f"sim:{place / 'tty-exit'}"}],
        "screen": {"kind": "sim", "path": None},
        "sim": {"socket": str(place / "sim.sock")},
        "clock": {"trust": "always"},
    }


def items(place: Path) -> None:
    """Write what the shop sells, for `kiosk item import`."""
    write_new(place / ITEMS, _SOLD.encode(), _PUBLIC)
