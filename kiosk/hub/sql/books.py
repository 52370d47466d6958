"""Documents, payments, graces and the office outbox in the database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_once

from kiosk.hub.sql.schema import DOCUMENT, GRACE, OFFICE, PAYMENT, VISIT
from kiosk.hub.sql.visits import many
from kiosk.hub.store.documents import DocumentRow
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.office import OfficeRow
from kiosk.hub.store.payments import LOOKED_AT, PaymentRow
from kiosk.hub.store.visits import VisitKey


class SqlDocuments:
    """Signed documents of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, kind: str) -> DocumentRow | None:
        """Return the highest version, None before the first."""
        newest = select(DOCUMENT).where(DOCUMENT.c.kind == kind).order_by(DOCUMENT.c.version.desc())
        row = self._connection.execute(newest.limit(1)).first()
        return DocumentRow(*row) if row else None

    def at(self, kind: str, version: int) -> DocumentRow | None:
        """Return this version, None when it was never published here."""
        row = self._connection.execute(
            select(DOCUMENT).where(DOCUMENT.c.kind == kind, DOCUMENT.c.version == version)
        ).first()
        return DocumentRow(*row) if row else None

    def all(self, kind: str) -> Sequence[DocumentRow]:
        """Return every version, oldest first."""
        rows = select(DOCUMENT).where(DOCUMENT.c.kind == kind).order_by(DOCUMENT.c.version)
        return [DocumentRow(*row) for row in self._connection.execute(rows)]

    def add(self, row: DocumentRow) -> None:
        """Add a version."""
        self._connection.execute(insert(DOCUMENT).values(asdict(row)))


class SqlPayments:
    """Payments of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_key(self, key: str) -> PaymentRow | None:
        """Return the payment of this idempotency key."""
        found = self._connection.execute(select(PAYMENT).where(PAYMENT.c.key == key))
        row = found.mappings().first()
        return _payment(row) if row else None

    def add(self, row: PaymentRow) -> int:
        """Add a payment and return its number; the row's own number is not read."""
        values = asdict(row) | {"epcs": json.dumps(row.epcs)}
        del values["number"]
        done = self._connection.execute(insert(PAYMENT).values(values).returning(PAYMENT.c.number))
        return int(done.scalar_one())

    def after(self, kiosk: str, number: int, limit: int) -> Sequence[PaymentRow]:
        """Return the kiosk's payments beyond `number`, oldest first."""
        wanted = select(PAYMENT).where(PAYMENT.c.kiosk == kiosk, PAYMENT.c.number > number)
        rows = self._connection.execute(wanted.order_by(PAYMENT.c.number).limit(limit))
        return [_payment(row) for row in rows.mappings()]

    def of_visit(self, kiosk: str, visit: str) -> Sequence[PaymentRow]:
        """Return the payments for one visit, oldest first."""
        wanted = select(PAYMENT).where(PAYMENT.c.kiosk == kiosk, PAYMENT.c.visit == visit)
        rows = self._connection.execute(wanted.order_by(PAYMENT.c.number))
        return [_payment(row) for row in rows.mappings()]

    def astray(self, since_s: int, limit: int) -> Sequence[PaymentRow]:
        """Return payments for visits on which nobody came in, as far as is known; newest first."""
        newest = select(PAYMENT).order_by(PAYMENT.c.number.desc()).limit(LOOKED_AT).subquery()
        same = (VISIT.c.kiosk == newest.c.kiosk) & (VISIT.c.visit == newest.c.visit)
        unknown, unused = VISIT.c.visit.is_(None), VISIT.c.way.is_(None)
        nobody = VISIT.c.outcome.is_(None) & (unknown | unused | VISIT.c.ended_ms.is_not(None))
        wanted = select(newest).join_from(newest, VISIT, same, isouter=True)
        rows = wanted.where(newest.c.at_s >= since_s, nobody).order_by(newest.c.number.desc())
        return [_payment(row) for row in self._connection.execute(rows.limit(limit)).mappings()]


def _payment(row: RowMapping) -> PaymentRow:
    return PaymentRow(**{**row, "epcs": tuple(json.loads(row["epcs"]))})


class SqlGraces:
    """Graces of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, kiosk: str, visit: str) -> GraceRow | None:
        """Return the grace of one visit."""
        row = self._connection.execute(
            select(GRACE).where(GRACE.c.kiosk == kiosk, GRACE.c.visit == visit)
        ).first()
        return GraceRow(*row) if row else None

    def of_visits(self, visits: Sequence[VisitKey]) -> Mapping[VisitKey, GraceRow]:
        """Return the graces of many visits at once; a visit without one is left out."""
        found: dict[VisitKey, GraceRow] = {}
        for kiosk, ids in many(visits):
            rows = select(GRACE).where(GRACE.c.kiosk == kiosk, GRACE.c.visit.in_(ids))
            graces = [GraceRow(*row) for row in self._connection.execute(rows)]
            found.update({(grace.kiosk, grace.visit): grace for grace in graces})
        return found

    def start(self, row: GraceRow) -> None:
        """Begin a grace; a visit has one."""
        self._connection.execute(insert(GRACE).values(asdict(row)))

    def end(self, row: GraceRow, state: str, at_ms: int) -> None:
        """End a running grace as paid or expired."""
        self._change(row, {"state": state, "ended_ms": at_ms})

    def date(self, row: GraceRow, due_s: int) -> None:
        """Say when a grace ends that had no end yet."""
        self._change(row, {"due_s": due_s})

    def undated(self) -> Sequence[GraceRow]:
        """Return running graces that have no end yet."""
        rows = select(GRACE).where(GRACE.c.state == "running", GRACE.c.due_s.is_(None))
        return [GraceRow(*row) for row in self._connection.execute(rows)]

    def due(self, now_s: int) -> Sequence[GraceRow]:
        """Return running graces whose time has passed."""
        late = select(GRACE).where(GRACE.c.state == "running", GRACE.c.due_s <= now_s)
        return [GraceRow(*row) for row in self._connection.execute(late.order_by(GRACE.c.due_s))]

    def _change(self, row: GraceRow, values: Mapping[str, object]) -> None:
        running = update(GRACE).where(GRACE.c.state == "running")
        self._connection.execute(
            running.where(GRACE.c.kiosk == row.kiosk, GRACE.c.visit == row.visit).values(values)
        )


class SqlOffice:
    """The outbox of the office log, of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: OfficeRow) -> None:
        """Queue an event; a known key changes nothing, the row's own number is not read."""
        values = asdict(row)
        del values["number"]
        values["idx"] = values.pop("index")
        self._connection.execute(insert_once(OFFICE).values(values).on_conflict_do_nothing())

    def waiting(self, limit: int) -> Sequence[OfficeRow]:
        """Return events that are not in the log yet, oldest first."""
        rows = select(OFFICE).where(OFFICE.c.idx.is_(None)).order_by(OFFICE.c.number).limit(limit)
        return [OfficeRow(*row) for row in self._connection.execute(rows)]

    def written(self, number: int, index: int) -> None:
        """Note that the event stands in the log at this index."""
        self._connection.execute(update(OFFICE).where(OFFICE.c.number == number).values(idx=index))

    def size(self) -> int:
        """Return how many entries of the log are accounted for."""
        last = self._connection.execute(select(func.max(OFFICE.c.idx))).scalar()
        return 0 if last is None else int(last) + 1

    def of_visit(self, visit: str) -> Sequence[OfficeRow]:
        """Return the office events of one visit, oldest first."""
        rows = select(OFFICE).where(OFFICE.c.visit == visit).order_by(OFFICE.c.number)
        return [OfficeRow(*row) for row in self._connection.execute(rows)]
