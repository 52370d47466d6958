"""What owner and scripts see of visits; no customer is part of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from kiosk.core.basket import unpaid_minor
from kiosk.core.values import Json, Outcome
from kiosk.hub.entries import read_event
from kiosk.hub.grace import as_lines
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.visits import LineRow, VisitRow
from kiosk.ledger.checkpoint import parse, root_text

MAX_ANONYMOUS = 1000


def kiosk_view(tx: Transaction, kiosk: str) -> Mapping[str, Json]:
    """Return the visits, losses and logs of one kiosk, with late payments applied."""
    rows = tx.visits.of_kiosk(kiosk)
    keys = [row.key for row in rows]
    lines, graces = tx.visits.lines_of(keys), tx.graces.of_visits(keys)
    return {
        "visits": [visit_view(row, lines[row.key], graces.get(row.key)) for row in rows],
        "anonymous": [{"epc": row.epc} for row in tx.visits.anonymous(kiosk, MAX_ANONYMOUS)],
        "logs": [
            {
                "log": row.log,
                "size": row.size,
                "root": root_text(parse(row.note).root) if row.note else None,
            }
            for row in tx.logs.all()
            if row.kiosk == kiosk
        ],
    }


def visit_view(
    row: VisitRow, lines: Sequence[LineRow], grace: GraceRow | None
) -> Mapping[str, Json]:
    """Return one visit."""
    return {
        "id": row.visit,
        "decision": row.decision,
        "reason": row.reason,
        "way": row.way,
        "outcome": row.outcome,
        "lines": [_line(line) for line in lines],
        "unpaid_minor": owed_minor(row, lines),
        "credit_minor": row.credit_minor,
        "grace": grace.state if grace else None,
        "grace_until_s": grace.due_s if grace else None,
        "opened_at": _seconds(row.opened_ms),
        "ended_at": _seconds(row.ended_ms),
    }


def standing(row: VisitRow, lines: Sequence[LineRow]) -> Mapping[str, Json]:
    """Return how a visit stands for whoever paid for it.

    `state` is its outcome, "open" while it goes on, "outside" while nobody has come in on it.
    """
    under_way = row.way is not None and row.ended_ms is None
    return {
        "state": row.outcome or ("open" if under_way else "outside"),
        "paid_minor": sum(line.price_minor for line in lines if line.paid),
        "owed_minor": owed_minor(row, lines),
        "credit_minor": row.credit_minor,
    }


def owed_minor(row: VisitRow, lines: Sequence[LineRow]) -> int:
    """Return what is owed: only an unpaid exit owes anything, an unresolved one owes nothing."""
    return unpaid_minor(as_lines(lines)) if row.outcome == Outcome.UNPAID else 0


def data_of(tx: Transaction, log: str, index: int) -> Mapping[str, Any]:
    """Return what an entry of a log says; nothing when there is none, or it was forgotten."""
    entry = tx.logs.entry(log, index)
    if entry is None or entry.body is None:
        return {}
    return read_event(entry.body).data


def exit_of(tx: Transaction, row: VisitRow) -> Mapping[str, Any]:
    """Return what the kiosk's record of an exit says beside the lines; nothing before it."""
    return data_of(tx, row.exit_origin.replace("/", "~"), row.exit_index)


def _line(line: LineRow) -> Mapping[str, Json]:
    return {
        "epc": line.epc,
        "gtin": line.gtin,
        "name": line.name,
        "price_minor": line.price_minor,
        "paid": line.paid,
    }


def _seconds(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms // 1000
