"""The time to pay late: it begins at an unpaid exit and ends once, as paid or as expired.

A late payment never changes an outcome: it settles lines. Deadlines run on the hub's own clock,
from when the hub learned of the exit, and only while that clock is known: in the customer's favour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from kiosk.core.basket import cover, unpaid_minor
from kiosk.core.policy import Policy, parse_policy
from kiosk.core.signing import b64encode
from kiosk.core.values import ClockSync, Epc, Json, Line, Moment, Outcome, Payment, VisitId
from kiosk.hub.documents import payload_of
from kiosk.hub.outbox import queue
from kiosk.hub.store.base import Store, Transaction
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.payments import PaymentRow
from kiosk.hub.store.visits import LineRow, VisitRow

GRACE_S: Final = 86_400  # a day, as in a policy that says nothing else


def after_exit(tx: Transaction, row: VisitRow, at: Moment) -> None:
    """Begin the grace of an unpaid exit, then apply what was paid since the kiosk looked."""
    if row.outcome == Outcome.UNPAID:
        _start(tx, row, at)
    settle(tx, row, at)


def settle(tx: Transaction, row: VisitRow, at: Moment) -> None:
    """Apply every payment that the visit has and neither the kiosk nor the hub counted yet."""
    fresh = [
        payment
        for payment in tx.payments.of_visit(row.kiosk, row.visit)
        if payment.number > row.settled_through
    ]
    if not fresh:
        return
    for payment in fresh:
        row = _apply(tx, row, payment, at)
    lines = tx.visits.lines(row.kiosk, row.visit)
    grace = tx.graces.find(row.kiosk, row.visit)
    if grace is not None and grace.state == "running" and not unpaid_minor(as_lines(lines)):
        tx.graces.end(grace, "paid", at.wall_ms)
        amount: dict[str, Json] = {"amount": grace.amount_minor, "currency": grace.currency}
        _say(tx, "grace.paid", row, amount, at)


def expire(store: Store, at: Moment) -> int:
    """End every grace whose time has passed; return how many. Nothing ends by an unknown clock."""
    if at.sync is ClockSync.NONE:
        return 0
    with store.read() as tx:
        if not tx.graces.due(at.wall_s) and not tx.graces.undated():
            return 0
    with store.write() as tx:
        for grace in tx.graces.undated():
            row = _whose(tx, grace)
            _date(tx, row, grace, at)
        late = tx.graces.due(at.wall_s)
        for grace in late:
            row = _whose(tx, grace)
            owed = unpaid_minor(as_lines(tx.visits.lines(row.kiosk, row.visit)))
            tx.graces.end(grace, "expired", at.wall_ms)
            amount: dict[str, Json] = {"amount": owed, "currency": grace.currency}
            _say(tx, "grace.expired", row, amount, at)
    return len(late)


def policy_of(tx: Transaction, version: int) -> Policy | None:
    """Return the policy of this version, else the latest one, else None."""
    document = tx.documents.at("policy", version) or tx.documents.latest("policy")
    return parse_policy(payload_of(document.envelope)) if document else None


def as_lines(rows: Sequence[LineRow]) -> tuple[Line, ...]:
    """Return the lines in the words of the core."""
    return tuple(Line(Epc(r.epc), r.gtin, r.name, r.price_minor, r.paid) for r in rows)


def _start(tx: Transaction, row: VisitRow, at: Moment) -> None:
    owed = unpaid_minor(as_lines(tx.visits.lines(row.kiosk, row.visit)))
    if not owed:
        return
    policy = policy_of(tx, row.policy)
    length_s = policy.grace_s if policy else GRACE_S
    currency = row.currency or (policy.currency if policy else "")
    started = GraceRow(row.kiosk, row.visit, owed, currency, at.wall_ms, length_s, None)
    tx.graces.start(started)
    if at.sync is not ClockSync.NONE:
        _date(tx, row, started, at)


def _date(tx: Transaction, row: VisitRow, grace: GraceRow, at: Moment) -> None:
    due_s = at.wall_s + grace.grace_s
    tx.graces.date(grace, due_s)
    amount: dict[str, Json] = {
        "amount": grace.amount_minor,
        "currency": grace.currency,
        "due": due_s,
    }
    _say(tx, "grace.started", row, amount, at)


def _apply(tx: Transaction, row: VisitRow, payment: PaymentRow, at: Moment) -> VisitRow:
    before = as_lines(tx.visits.lines(row.kiosk, row.visit))
    money = Payment(
        payment.number,
        VisitId(row.visit),
        tuple(Epc(epc) for epc in payment.epcs),
        row.credit_minor + payment.amount_minor,
        payment.currency,
        payment.key,
    )
    after, credit = cover(before, [money])
    settled = [line.epc for line, old in zip(after, before, strict=True) if line.paid != old.paid]
    rows = [LineRow(x.epc, x.gtin, x.name, x.price_minor, x.paid) for x in after]
    tx.visits.put_lines(row.kiosk, row.visit, rows)
    row = replace(row, credit_minor=credit, settled_through=payment.number)
    tx.visits.put(row)
    facts: dict[str, Json] = {
        "number": payment.number,
        "epcs": settled,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "method": payment.method,
        "credit_minor": credit,
        "unpaid_minor": unpaid_minor(after),
    }
    _say(tx, f"payment.settled/{payment.number}", row, facts, at)
    return row


def _say(tx: Transaction, key: str, row: VisitRow, facts: Mapping[str, Json], at: Moment) -> None:
    """Queue an office event that cites the exit it is about."""
    cited: dict[str, Json] = {
        "origin": row.exit_origin,
        "index": row.exit_index,
        "leaf": b64encode(row.exit_leaf),
    }
    queue(tx, f"{key}/{row.kiosk}/{row.visit}", {**cited, **facts}, at, row.visit)


def _whose(tx: Transaction, grace: GraceRow) -> VisitRow:
    return tx.visits.find(grace.kiosk, grace.visit) or VisitRow(grace.kiosk, grace.visit)
