"""Tags that were heard become rows of the shop's spreadsheet."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kiosk.core.epc import parse
from kiosk.hub.items import FORMULA
from kiosk.stage.errors import StageError

COLUMNS: Final = ("gtin", "epc", "name", "price")


def add(path: Path, epcs: Sequence[str], name: str, price: str) -> int:
    """Add what is not there yet, and return how many rows that were.

    A tag with a GTIN is a row by GTIN, since every item of it has the same name and price.

    Raises:
        StageError: The file has other columns; nothing was changed.
    """
    known = _known(path)
    rows: list[tuple[str, str, str, str]] = []
    for epc in epcs:
        gtin = parse(bytes.fromhex(epc)).gtin
        key = gtin or epc
        if key not in known:
            known.add(key)
            rows.append((gtin, "" if gtin else epc, _guarded(name), _guarded(price)))
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        elif rows and not path.read_bytes().endswith(b"\n"):
            file.write("\n")  # an editor left the last row open
        writer.writerows(rows)
    return len(rows)


def _known(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            wanted = ",".join(COLUMNS)
            raise StageError(f"{path}: its columns are not {wanted}; choose another file")
        return {row["gtin"] or row["epc"] for row in reader}


def _guarded(cell: str) -> str:
    """Return the cell so that a spreadsheet shows it instead of running it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
