"""Tags that were heard become rows of the shop's spreadsheet."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kiosk.core.epc import parse
from kiosk.hub.items import FORMULA
from kiosk.keyfiles import write_over
from kiosk.stage.errors import StageError

COLUMNS: Final = ("gtin", "epc", "name", "price")


def add(path: Path, epcs: Sequence[str], name: str, price: str) -> int:
    """Add what is not there yet, and return how many rows that were.

    A tag with a GTIN is a row by GTIN, since every item of it has the same name and price.

    Raises:
        StageError: The file has other columns, or is no CSV file; nothing was changed.
        KeyFileError: It cannot be written; nothing was changed.
    """
    known = _known(path)
    rows: list[tuple[str, str, str, str]] = []
    for epc in epcs:
        gtin = parse(bytes.fromhex(epc)).gtin
        key = gtin or epc
        if key not in known:
            known.add(key)
            rows.append((gtin, "" if gtin else epc, _guarded(name), _guarded(price)))
    held = path.read_bytes() if path.exists() else b""
    if held and not held.endswith(b"\n"):
        held += b"\n"  # an editor left the last row open
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(rows if held else [COLUMNS, *rows])
    write_over(path, held + out.getvalue().encode())
    return len(rows)


def _known(path: Path) -> set[str]:
    if not path.exists():
        return set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            known = {row.get("gtin") or row.get("epc") or "" for row in reader}
    except (UnicodeDecodeError, csv.Error) as error:
        raise StageError(f"{path}: not a CSV file in UTF-8; choose another file") from error
    if columns != COLUMNS:
        wanted = ",".join(COLUMNS)
        raise StageError(f"{path}: its columns are not {wanted}; choose another file")
    return known


def _guarded(cell: str) -> str:
    """Return the cell so that a spreadsheet shows it instead of running it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
