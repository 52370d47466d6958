"""The owner's first page: what needs somebody, who was here today, whether the machines live."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from kiosk.core.values import Epc
from kiosk.hub.context import hub_of
from kiosk.hub.documents import catalogue_now
from kiosk.hub.pages import words
from kiosk.hub.pages.guard import check_host, check_signed_in
from kiosk.hub.pages.render import Show, page, show_of
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.logs import ForkRow, LogRow
from kiosk.hub.store.payments import PaymentRow
from kiosk.hub.store.visits import AnonymousRow, DeviceRow, LineRow, OpeningRow, Owed, VisitRow
from kiosk.hub.views import exit_of, owed_minor

QUEUE: Final = 100
WEEK_S: Final = 7 * 86_400

router = APIRouter(
    dependencies=[Depends(check_host), Depends(check_signed_in)], include_in_schema=False
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A visit as a row of a table."""

    row: VisitRow
    lines: Sequence[LineRow]
    grace: GraceRow | None

    @property
    def owed_minor(self) -> int:
        """What is owed for it."""
        return owed_minor(self.row, self.lines)

    @property
    def result(self) -> str:
        """How it came out, or goes on."""
        return words.outcome(self.row, self.owed_minor)

    @property
    def items(self) -> str:
        """Names of what left, "" when nothing did."""
        return ", ".join(line.name for line in self.lines)

    @property
    def worth_minor(self) -> int:
        """What the items that left cost."""
        return sum(line.price_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Unclear:
    """An exit that is not clear, and why."""

    visit: Shown
    cause: str


@dataclass(frozen=True, slots=True)
class Loss:
    """An item that left with nobody known; `name` is "" when the catalogue does not know it."""

    row: AnonymousRow
    name: str


@dataclass(frozen=True, slots=True)
class Today:
    """Everything on the page.

    Attributes:
        owing: Unpaid exits, as many as a list shows; `owed` counts all of them.
        missing: First steps that are still to do, in plain words.
    """

    visits: Sequence[Shown]
    owing: Sequence[Shown]
    owed: Owed
    unresolved: Sequence[Unclear]
    losses: Sequence[Loss]
    openings: Sequence[OpeningRow]
    logs: Sequence[LogRow]
    forks: Sequence[ForkRow]
    faults: Sequence[DeviceRow]
    astray: Sequence[PaymentRow]
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
        return not (
            self.owing or self.unresolved or self.losses or self.faults or self.forks or self.astray
        )

    def count(self, rows: Sequence[object]) -> str:
        """Return how many a list has, when it may have been cut off."""
        return f"{QUEUE} or more" if len(rows) >= QUEUE else str(len(rows))

    @property
    def kiosks(self) -> int:
        """How many kiosks there are; with one, no row names it."""
        return len({each.kiosk for each in self.logs})


@router.get("/")
async def today(request: Request) -> Response:
    """Show today."""
    hub = hub_of(request)
    now_ms = hub.clock.now().wall_ms

    def view(tx: Transaction) -> tuple[Show, Today]:
        """Return the day as it is now."""
        show = show_of(tx, now_ms)
        return show, look(tx, show)

    show, found = await hub.read(view)
    return page(request, "today.html", show=show, today=found)


def look(tx: Transaction, show: Show) -> Today:
    """Return what the page shows."""
    return Today(
        visits=_shown(tx, tx.visits.since(show.midnight_ms())),
        owing=_shown(tx, tx.visits.owing(QUEUE)),
        owed=tx.visits.owed(),
        unresolved=_unclear(tx),
        losses=_losses(tx),
        openings=tx.visits.openings(show.midnight_ms(), QUEUE),
        logs=tx.logs.all(),
        forks=tx.logs.forks(),
        faults=[row for row in tx.visits.devices() if row.state == "fault"],
        astray=tx.payments.astray(show.now_ms // 1000 - WEEK_S, QUEUE),
        missing=_missing(tx),
    )


def _shown(tx: Transaction, rows: Sequence[VisitRow]) -> list[Shown]:
    keys = [row.key for row in rows]
    lines, graces = tx.visits.lines_of(keys), tx.graces.of_visits(keys)
    return [Shown(row, lines[row.key], graces.get(row.key)) for row in rows]


def _unclear(tx: Transaction) -> list[Unclear]:
    found = _shown(tx, tx.visits.with_outcome("unresolved", QUEUE))
    return [Unclear(each, words.cause(exit_of(tx, each.row))) for each in found]


def _losses(tx: Transaction) -> list[Loss]:
    rows = tx.visits.anonymous(None, QUEUE)
    catalogue = catalogue_now(tx) if rows else None
    found = [(row, catalogue.find(Epc(row.epc)) if catalogue else None) for row in reversed(rows)]
    return [Loss(row, article.name if article else "") for row, article in found]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _missing(tx: Transaction) -> list[str]:
    steps = []
    if tx.documents.latest("policy") is None:
        steps.append(
            "Publish the shop's policy, which says who may come in and by which ways:"
            " kiosk keys publish policy.json keys.json"
        )
    if tx.documents.latest("catalogue") is None:
        steps.append("Import what you sell: kiosk item import items.csv")
    if not tx.logs.all():
        steps.append("Enrol a kiosk: start this hub with --enrol and the key that kiosk init gave.")
    return steps
