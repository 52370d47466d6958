"""The owner's first page: what needs somebody, who was here today, whether the machines live."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from kiosk.hub.context import hub_of
from kiosk.hub.pages import words
from kiosk.hub.pages.guard import check_host, check_signed_in
from kiosk.hub.pages.render import Show, page, show_of
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.logs import ForkRow, LogRow
from kiosk.hub.store.visits import AnonymousRow, DeviceRow, LineRow, VisitRow
from kiosk.hub.views import owed_minor

QUEUE: Final = 100

router = APIRouter(
    dependencies=[Depends(check_host), Depends(check_signed_in)], include_in_schema=False
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A visit as a row of a table."""

    row: VisitRow
    lines: Sequence[LineRow]
    grace: GraceRow | None
    owed_minor: int
    result: str

    @property
    def items(self) -> str:
        """Names of what left, "nothing" when nothing did."""
        return ", ".join(line.name for line in self.lines) or "nothing"


@dataclass(frozen=True, slots=True)
class Today:
    """Everything on the page.

    Attributes:
        missing: First steps that are still to do, in plain words.
    """

    show: Show
    visits: Sequence[Shown]
    owing: Sequence[Shown]
    unresolved: Sequence[Shown]
    anonymous: Sequence[AnonymousRow]
    logs: Sequence[LogRow]
    forks: Sequence[ForkRow]
    faults: Sequence[DeviceRow]
    missing: Sequence[str]

    @property
    def summary(self) -> str:
        """How many visits came out how, in one line."""
        if not self.visits:
            return "No visits yet today."
        begun = [each for each in self.visits if each.row.way is not None]
        counts = Counter(each.result for each in begun)
        parts = [f"{count} {result.lower()}" for result, count in counts.most_common()]
        attempts = len(self.visits) - len(begun)
        if attempts:
            parts.append(f"and {_count(attempts, 'attempt')} that let nobody in")
        return f"{_count(len(begun), 'visit')} today: {', '.join(parts)}."

    @property
    def calm(self) -> bool:
        """Nothing needs anybody."""
        return not (self.owing or self.unresolved or self.anonymous or self.faults or self.forks)


@router.get("/")
async def today(request: Request) -> Response:
    """Show today."""
    hub = hub_of(request)
    now_ms = hub.clock.now().wall_ms
    return page(request, "today.html", today=await hub.read(lambda tx: look(tx, now_ms)))


def look(tx: Transaction, now_ms: int) -> Today:
    """Return what the page shows."""
    show = show_of(tx, now_ms)
    return Today(
        show=show,
        visits=[_shown(tx, row) for row in tx.visits.since(show.midnight_ms())],
        owing=[_shown(tx, row) for row in tx.visits.owing(QUEUE)],
        unresolved=[_shown(tx, row) for row in tx.visits.with_outcome("unresolved", QUEUE)],
        anonymous=list(reversed(tx.visits.anonymous(None, QUEUE))),
        logs=tx.logs.all(),
        forks=tx.logs.forks(),
        faults=[row for row in tx.visits.devices() if row.state == "fault"],
        missing=_missing(tx),
    )


def _shown(tx: Transaction, row: VisitRow) -> Shown:
    lines = tx.visits.lines(row.kiosk, row.visit)
    return Shown(
        row,
        lines,
        tx.graces.find(row.kiosk, row.visit),
        owed_minor(row, lines),
        words.outcome(row),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _missing(tx: Transaction) -> list[str]:
    steps = []
    if tx.documents.latest("policy") is None:
        steps.append("Publish the shop's policy: who may come in, and by which ways.")
    if tx.documents.latest("catalogue") is None:
        steps.append("Import what you sell: kiosk item import items.csv.")
    if not tx.logs.all():
        steps.append("Enrol a kiosk: its log key is shown by kiosk status.")
    return steps
