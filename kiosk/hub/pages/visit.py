"""One visit: its lines, what was paid, its timeline, and a form to record a payment."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from kiosk.core.values import Outcome
from kiosk.hub.context import Hub, hub_of
from kiosk.hub.errors import RefusalError
from kiosk.hub.pages import words
from kiosk.hub.pages.guard import MAX_FORM_BYTES, check_form, check_host, check_signed_in
from kiosk.hub.pages.render import Show, page, show_of
from kiosk.hub.payments import Asked, check, record
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.payments import PaymentRow
from kiosk.hub.store.visits import LineRow, VisitRow
from kiosk.hub.views import data_of, exit_of, owed_minor

KEY_BYTES: Final = 16
SENT_BEFORE: Final = (
    "this form was sent before with another amount or way of paying, and that payment stands below."
    " If money came in a second time, send the form once more."
)

router = APIRouter(
    prefix="/visits",
    dependencies=[Depends(check_host), Depends(check_signed_in)],
    include_in_schema=False,
)


OFFICE: Final = "log of the hub,"
"""Where the hub writes what no kiosk saw, such as a late payment."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the timeline; `log` says whose log keeps it."""

    at_ms: int
    words: str
    log: str
    index: int | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One visit in full."""

    row: VisitRow
    lines: Sequence[LineRow]
    grace: GraceRow | None
    payments: Sequence[PaymentRow]
    owed_minor: int
    left: Mapping[str, Any]
    timeline: Sequence[Mark]

    @property
    def result(self) -> str:
        """How it came out, or goes on."""
        return words.outcome(self.row, self.owed_minor)

    @property
    def cause(self) -> str:
        """Why it is not clear what left, "" when it is."""
        return words.cause(self.left) if self.row.outcome == Outcome.UNRESOLVED else ""

    @property
    def over(self) -> tuple[str, ...]:
        """What left beyond the limits of the tier."""
        return words.over(self.left)

    @property
    def door(self) -> str:
        """What the gate answered, and why."""
        return words.door(self.row)

    @property
    def way(self) -> str:
        """By which way the customer was let in."""
        return words.way(self.row)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the payment form, and what is wrong with it."""

    kiosk: str = ""
    amount: str = ""
    method: str = "cash"
    problem: str = ""


@router.get("/{visit}")
async def show(request: Request, visit: str, paid: int = 0) -> Response:
    """Show the visit; two kiosks that used one id show both."""
    return await _page(request, visit, Typed(), paid=paid)


@router.post("/{visit}/payments", dependencies=[Depends(check_form)], max_body_size=MAX_FORM_BYTES)
async def pay(
    request: Request,
    visit: str,
    kiosk: Annotated[str, Form(max_length=100)],
    key: Annotated[str, Form(max_length=100)],
    amount: Annotated[str, Form(max_length=40)],
    method: Annotated[str, Form(max_length=20)],
) -> Response:
    """Record a payment of an amount for the visit, once however often the form is sent."""
    hub = hub_of(request)
    try:
        writes = await hub.read(lambda tx: show_of(tx, 0))
        minor = writes.minor(amount)
        asked = check(Asked(key, kiosk, visit, writes.currency, method, (), minor))
        done = await hub.write(lambda tx, at: record(_fitting(tx, asked, writes), asked, at))
    except (ValueError, RefusalError) as error:
        used = isinstance(error, RefusalError) and error.kind == "key-used"
        problem = SENT_BEFORE if used else str(error)
        return await _page(request, visit, Typed(kiosk, amount, method, problem), status=422)
    hub.paid.ring()
    return RedirectResponse(f"/visits/{visit}?paid={done.number}", 303)


def look(tx: Transaction, visit: str) -> list[Detail]:
    """Return the visits of this id."""
    return [_detail(tx, row) for row in tx.visits.by_id(visit)]


async def _page(
    request: Request, visit: str, typed: Typed, *, paid: int = 0, status: int = 200
) -> Response:
    hub: Hub = hub_of(request)
    now_ms = hub.clock.now().wall_ms

    def view(tx: Transaction) -> tuple[Show, list[Detail]]:
        """Return the visit as it is now, once for each kiosk."""
        return show_of(tx, now_ms), look(tx, visit)

    writes, details = await hub.read(view)
    if not details:
        status = 404
    return page(
        request,
        "visit.html",
        status,
        show=writes,
        visit=visit,
        details=details,
        typed=typed,
        paid=next((p for d in details for p in d.payments if p.number == paid), None),
        key=secrets.token_urlsafe(KEY_BYTES),
        methods=words.METHODS,
        graces=words.GRACES,
        begun=not details or any(each.row.way for each in details),
    )


def _fitting(tx: Transaction, asked: Asked, writes: Show) -> Transaction:
    """Refuse money for no visit, and more than is owed: nothing that was recorded is undone.

    What a visit without an outcome owes is not known yet, what an unresolved one took never is.
    """
    row = tx.visits.find(asked.kiosk, asked.visit)
    if row is None:
        raise RefusalError(404, "no-visit", "there is no such visit")
    owed = owed_minor(row, tx.visits.lines(*row.key))
    is_known = row.outcome in {Outcome.UNPAID, Outcome.PAID, Outcome.EMPTY}
    if is_known and asked.amount_minor > owed and not tx.payments.by_key(asked.key):
        detail = f"this visit owes {writes.money(owed, row.currency)}, not more"
        raise RefusalError(422, "too-much", detail)
    return tx


def _detail(tx: Transaction, row: VisitRow) -> Detail:
    lines = tx.visits.lines(row.kiosk, row.visit)
    log = tx.logs.of_kiosk(row.kiosk)
    name = log.log if log else ""
    marks = [
        Mark(
            mark.at_ms,
            words.event(mark.type, data_of(tx, name, mark.index)),
            row.kiosk,
            mark.index,
        )
        for mark in tx.visits.marks(row.kiosk, row.visit)
    ]
    marks += [
        Mark(said.at_ms, words.event(said.type), OFFICE, said.index)
        for said in tx.office.of_visit(row.visit)
    ]
    return Detail(
        row,
        lines,
        tx.graces.find(row.kiosk, row.visit),
        tx.payments.of_visit(row.kiosk, row.visit),
        owed_minor(row, lines),
        exit_of(tx, row),
        marks,  # in the order of cause: clocks differ, and the office speaks after the exit
    )
