"""A play's result as people read it: one line for each try to come in, and the proofs."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kiosk.clock import OFFSET_VARIABLE
from kiosk.core.money import plain
from kiosk.core.reasons import Reason
from kiosk.settings import load
from kiosk.stage.narrator import Narrator
from kiosk.stage.play import Played
from kiosk.stage.props import CONFIG

COLUMNS: Final = (
    ("customer", 12),
    ("answer", 10),
    ("why", 17),
    ("way in", 10),
    ("outcome", 13),
    ("owed", 0),
)


def lines_of(played: Played) -> Iterator[str]:
    """Yield the lines of a report."""
    result, narrator = played.result, Narrator(played.script)
    yield from _table([_row(played, visit) for visit in result["visits"]])
    for loss in result["anonymous"]:
        epc = loss["epc"]
        yield f"Nobody known was inside when {narrator.name(epc)} ({epc}) went out: nobody owes it."
    ledger, hub = result["ledger"], result["hub"]
    verified = "verified" if ledger["verified"] else "NOT VERIFIED"
    yield f"ledger: {ledger['size']} entries, {verified}, root {ledger['root']}"
    same = " (the same)" if hub == {"size": ledger["size"], "root": ledger["root"]} else ""
    yield f"hub:    {hub['size']} entries, root {hub['root']}{same}"


def kept(directory: Path, kiosk: str) -> str:
    """Return what to say of a directory that stays: how to look at it, and to record payments.

    Args:
        kiosk: How the program was called.
    """
    place = directory.absolute()
    settings = load(place / CONFIG)
    hub = shlex.join(
        [
            *("hub", "--state", str(place / "hub"), "--owner-key", settings.owner_key),
            *("--listen", urlsplit(settings.hub.url).netloc, "--login-code"),
        ]
    )
    clock = shlex.quote(str(place / "clock"))
    return (
        f"Kept: {directory} ({kiosk} ledger verify --state {shlex.quote(str(place))})\n"
        "Late payments are recorded on its pages: start its hub again and open its link:\n"
        f"  {OFFSET_VARIABLE}={clock} {kiosk} {hub}"
    )


def _row(played: Played, visit: Mapping[str, Any]) -> list[str]:
    why = "threshold met" if visit["reason"] == Reason.MET else visit["reason"]
    return [
        visit["customer"] or "-",
        visit["decision"] or "-",
        why.replace("-", " ") if why else "-",
        visit["way"] or "-",
        _outcome(played, visit),
        _owed(visit, played.script.currency),
    ]


def _outcome(played: Played, visit: Mapping[str, Any]) -> str:
    if visit["outcome"] is None and visit["way"]:
        return "still inside" if visit["id"] in played.inside else "not entered"
    return visit["outcome"] or "-"


def _owed(visit: Mapping[str, Any], currency: str) -> str:
    if visit["unpaid_minor"]:
        return plain(visit["unpaid_minor"], currency)
    return "paid late" if visit["outcome"] == "unpaid" else ""


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows under their heads; a column is as wide as its longest word needs."""
    widths = [
        max([least, *(len(row[at]) + 1 for row in rows)]) for at, (_, least) in enumerate(COLUMNS)
    ]
    for row in [[head for head, _ in COLUMNS], *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "".join(cells).rstrip()
