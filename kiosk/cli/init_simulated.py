"""What a shop sells that has no devices, for `kiosk init --simulate`."""

from pathlib import Path
from typing import Final

from kiosk.keyfiles import write_new

ITEMS: Final = "items.csv"
EPC: Final = "3034257BF40C0E40{number:08X}"
"""Tags of the item that is sold; each thing has a number of its own."""
_SOLD: Final = "gtin,name,price,tax\n00614141123452,Trail mix,5.99,\n"
_PUBLIC: Final = 0o644


def items(place: Path) -> None:
    """Write what the shop sells, for `kiosk item import`."""
    write_new(place / ITEMS, _SOLD.encode(), _PUBLIC)
