"""The catalogue as a spreadsheet: rows in, every wrong one named; rows out, no formula in them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from kiosk.core import money
from kiosk.core.catalogue import Article, Catalogue, parse_catalogue
from kiosk.core.document import DocumentError
from kiosk.core.printable import printable
from kiosk.core.values import Json
from kiosk.hub.errors import ItemsError

COLUMNS: Final = ("gtin", "epc", "name", "price", "price_minor", "tax")
GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})  # GS1 General Specifications, section 3
MAX_BYTES: Final = 32 << 20
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\x00")
"""What makes a spreadsheet run a cell; ASVS 5.0 V1.2.10."""
_SHORT: Final = 40


@dataclass(frozen=True, slots=True)
class Merged:
    """A catalogue's next version and what the list changed in it."""

    payload: Mapping[str, Json]
    new: int
    changed: int
    kept: int
    removed: int

    @property
    def differs(self) -> bool:
        """Whether there is anything to publish."""
        return bool(self.new or self.changed or self.removed)


def read_items(data: bytes, name: str, currency: str) -> tuple[Article, ...]:
    """Return the articles in a CSV file.

    Columns: gtin or epc, name, price (as 5.99) or price_minor (as 599), tax; separated by commas,
    semicolons or tabs, with a line of headings.

    Raises:
        ItemsError: Every row that is wrong, as `name:line: column: what is wrong`.
    """
    found: dict[str, tuple[int, Article]] = {}
    problems = []
    for number, cells in _table(_text(data, name), name):
        try:
            article = _article(cells, currency)
        except ValueError as error:
            problems.append(f"{name}:{number}: {error}")
            continue
        first, _ = found.setdefault(identity(article), (number, article))
        if first != number:
            problems.append(f"{name}:{number}: the same item as in line {first}; keep one of them")
    if not problems and not found:
        problems.append(f"{name}: no items; want a line for each below the headings")
    if problems:
        raise ItemsError("\n".join(problems))
    return tuple(article for _, article in found.values())


def merge(
    current: Catalogue | None, articles: Sequence[Article], currency: str, *, replace: bool
) -> Merged:
    """Return the next version: the list over what is there, or in its place."""
    before = {identity(article): article for article in _all(current)}
    listed = {identity(article): article for article in articles}
    after = listed if replace else {**before, **listed}
    payload: dict[str, Json] = {
        "version": current.version + 1 if current else 1,
        "currency": currency,
        "items": [asdict(article) for article in after.values()],
        "sold": sorted(current.sold) if current else [],
    }
    return Merged(
        payload,
        new=len(after.keys() - before.keys()),
        changed=sum(1 for key in after.keys() & before.keys() if after[key] != before[key]),
        kept=sum(1 for key in after.keys() & before.keys() if after[key] == before[key]),
        removed=len(before.keys() - after.keys()),
    )


def write_items(catalogue: Catalogue) -> str:
    """Return the catalogue as CSV that `read_items` reads back and no spreadsheet runs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["gtin", "epc", "name", "price", "tax"])
    for article in _all(catalogue):
        price = plain_price(article.price_minor, catalogue.currency)
        cells = (article.gtin, article.epc, article.name, price, article.tax)
        writer.writerow([_guarded(cell) for cell in cells])
    return out.getvalue()


def plain_price(minor: int, currency: str) -> str:
    """Return an amount as the price column writes it, "5.99"."""
    return money.number(minor, currency)


def identity(article: Article) -> str:
    """Return what an article is known by: its EPC, or else its GTIN."""
    return article.epc or article.gtin


def _all(catalogue: Catalogue | None) -> tuple[Article, ...]:
    if catalogue is None:
        return ()
    return (*catalogue.by_gtin.values(), *catalogue.by_epc.values())


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise ItemsError(f"{name}: longer than {MAX_BYTES} bytes; split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ItemsError(f"{name}:{line}: not UTF-8; save it as CSV UTF-8") from error


def _table(text: str, name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row that is not empty with the number of its first line."""
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        _check_columns(columns, name)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, _row(columns, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ItemsError(f"{name}:{reader.line_num}: {error}; check the quotes") from error


def _check_columns(columns: Sequence[str], name: str) -> None:
    strange = [column for column in columns if column not in COLUMNS]
    if strange:
        known = ", ".join(COLUMNS)
        raise ItemsError(f"{name}:1: column {_shown(strange[0])} is not one of {known}")
    if len(set(columns)) != len(columns):
        raise ItemsError(f"{name}:1: a column is there twice")
    if "name" not in columns or not {"gtin", "epc"} & set(columns):
        raise ItemsError(f"{name}:1: want the columns name and gtin or epc")
    if len({"price", "price_minor"} & set(columns)) != 1:
        raise ItemsError(f"{name}:1: want one of the columns price and price_minor")


def _row(columns: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    row = {column: _opened(cell.strip()) for column, cell in zip(columns, cells, strict=False)}
    if len(cells) != len(columns):
        row["cells"] = f"{len(cells)} cells under {len(columns)} headings"
    return row


def _article(cells: Mapping[str, str], currency: str) -> Article:
    if "cells" in cells:
        raise ValueError(f"{cells['cells']}; put texts with separators in quotes")
    item: dict[str, Json] = {
        "gtin": _gtin(cells.get("gtin", "")),
        "epc": cells.get("epc", "").upper(),
        "name": cells.get("name", ""),
        "price_minor": _price(cells, currency),
        "tax": cells.get("tax", ""),
    }
    one: dict[str, Json] = {"version": 1, "currency": currency, "items": [item], "sold": []}
    try:
        found = parse_catalogue(one)
    except DocumentError as error:
        raise ValueError(str(error).removeprefix("catalogue.items[0].")) from error
    return _all(found)[0]


def _gtin(text: str) -> str:
    if "e+" in text.lower():
        raise ValueError("gtin: a spreadsheet rounded it; format the column as text and type it")
    if text and (not text.isdigit() or len(text) not in GTIN_LENGTHS):
        raise ValueError(f"gtin: {_shown(text)} is not 8, 12, 13 or 14 digits")
    return text.zfill(14) if text else ""


def _price(cells: Mapping[str, str], currency: str) -> int:
    column = "price" if "price" in cells else "price_minor"
    text = cells.get(column, "")
    digits = money.digits_of(currency) if column == "price" else 0
    try:
        return money.parse(text, digits)
    except ValueError as error:
        raise ValueError(f"{column}: {_shown(text)}: {error}") from error


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith((*FORMULA, "'")) else cell


def _opened(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA, "'")) else cell


def _shown(text: str) -> str:
    shown = f"'{printable(text)}'"
    return shown if len(shown) <= _SHORT else f"{shown[: _SHORT - 3]}..."
