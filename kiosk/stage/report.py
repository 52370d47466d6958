"""A play's result as people read it: one line for each try to come in, and the proofs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kiosk.core.money import plain

COLUMNS: Final = (
    ("customer", 14),
    ("answer", 10),
    ("why", 18),
    ("way", 9),
    ("outcome", 12),
    ("owed", 0),
)


def lines_of(result: Mapping[str, Any], currency: str) -> Iterator[str]:
    """Yield the lines of a report."""
    yield from _table([_row(visit, currency) for visit in result["visits"]])
    for loss in result["anonymous"]:
        yield f"left with nobody known, pinned on nobody: {loss['epc']}"
    ledger, hub = result["ledger"], result["hub"]
    verified = "verified" if ledger["verified"] else "NOT VERIFIED"
    yield f"ledger: {ledger['size']} events, {verified}, root {ledger['root']}"
    yield f"hub:    {hub['size']} events, root {hub['root']}"


def _row(visit: Mapping[str, Any], currency: str) -> list[str]:
    owed = plain(visit["unpaid_minor"], currency) if visit["unpaid_minor"] else ""
    keys = ("customer", "decision", "reason", "way", "outcome")
    return [*(str(visit[key] or "-") for key in keys), owed]


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows under their heads; a column is as wide as its longest word needs."""
    widths = [
        max([least, *(len(row[at]) + 1 for row in rows)]) for at, (_, least) in enumerate(COLUMNS)
    ]
    for row in [[head for head, _ in COLUMNS], *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "".join(cells).rstrip()
