"""Visits, lines, timelines, anonymous losses and devices in the database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, Table, delete, exists, func, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_over

from kiosk.core.values import Outcome
from kiosk.hub.sql.schema import ANONYMOUS, DEVICE, LINE, MARK, OPENING, READING, VISIT
from kiosk.hub.store.visits import (
    AnonymousRow,
    DeviceRow,
    LineRow,
    MarkRow,
    OpeningRow,
    Owed,
    ReadingRow,
    VisitKey,
    VisitRow,
)

DAY_MS: Final = 86_400_000
AT_ONCE: Final = 1000  # SQLite takes 32,766 parameters in one statement


class SqlVisits:
    """The projection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, kiosk: str, visit: str) -> VisitRow | None:
        """Return one visit."""
        row = self._connection.execute(
            select(VISIT).where(VISIT.c.kiosk == kiosk, VISIT.c.visit == visit)
        ).first()
        return VisitRow(*row) if row else None

    def put(self, row: VisitRow) -> None:
        """Write a visit, new or known."""
        self._over(VISIT, asdict(row))

    def of_kiosk(self, kiosk: str) -> Sequence[VisitRow]:
        """Return the kiosk's visits in the order in which they began."""
        first = select(MARK.c.idx).where(MARK.c.kiosk == kiosk, MARK.c.visit == VISIT.c.visit)
        began = first.order_by(MARK.c.idx).limit(1).scalar_subquery()
        rows = select(VISIT).where(VISIT.c.kiosk == kiosk).order_by(began, VISIT.c.visit)
        return [VisitRow(*row) for row in self._connection.execute(rows)]

    def since(self, start_ms: int) -> Sequence[VisitRow]:
        """Return the visits that began at or after this time, newest first."""
        rows = select(VISIT).where(VISIT.c.opened_ms >= start_ms)
        newest = rows.order_by(VISIT.c.opened_ms.desc(), VISIT.c.visit)
        return [VisitRow(*row) for row in self._connection.execute(newest)]

    def with_outcome(self, outcome: str, limit: int) -> Sequence[VisitRow]:
        """Return visits with this outcome, newest first."""
        rows = select(VISIT).where(VISIT.c.outcome == outcome).limit(limit)
        newest = rows.order_by(VISIT.c.ended_ms.desc(), VISIT.c.visit)
        return [VisitRow(*row) for row in self._connection.execute(newest)]

    def owed(self) -> Owed:
        """Return how many visits `owing` has without a limit, and what they owe."""
        same = (LINE.c.kiosk == VISIT.c.kiosk) & (LINE.c.visit == VISIT.c.visit)
        of_one = select(func.sum(LINE.c.price_minor).label("minor")).join_from(VISIT, LINE, same)
        unpaid = of_one.where(VISIT.c.outcome == Outcome.UNPAID.value, LINE.c.paid == 0)
        each = unpaid.group_by(VISIT.c.kiosk, VISIT.c.visit).subquery()
        count, total = func.count(), func.coalesce(func.sum(each.c.minor), 0)
        return Owed(*self._connection.execute(select(count, total).select_from(each)).one())

    def owing(self, limit: int) -> Sequence[VisitRow]:
        """Return unpaid visits with a line that is still not paid, newest first."""
        unpaid = exists().where(
            LINE.c.kiosk == VISIT.c.kiosk, LINE.c.visit == VISIT.c.visit, LINE.c.paid == 0
        )
        rows = select(VISIT).where(VISIT.c.outcome == Outcome.UNPAID.value, unpaid).limit(limit)
        newest = rows.order_by(VISIT.c.ended_ms.desc(), VISIT.c.visit)
        return [VisitRow(*row) for row in self._connection.execute(newest)]

    def by_id(self, visit: str) -> Sequence[VisitRow]:
        """Return the visits of this id; more than one only if two kiosks used it."""
        rows = select(VISIT).where(VISIT.c.visit == visit).order_by(VISIT.c.kiosk)
        return [VisitRow(*row) for row in self._connection.execute(rows)]

    def lines(self, kiosk: str, visit: str) -> Sequence[LineRow]:
        """Return the visit's lines in read order."""
        rows = select(LINE).where(LINE.c.kiosk == kiosk, LINE.c.visit == visit)
        found = self._connection.execute(rows.order_by(LINE.c.position))
        return [LineRow(r.epc, r.gtin, r.name, r.price_minor, bool(r.paid)) for r in found]

    def lines_of(self, visits: Sequence[VisitKey]) -> Mapping[VisitKey, Sequence[LineRow]]:
        """Return the lines of many visits at once, in read order; () for one without lines."""
        found: dict[VisitKey, list[LineRow]] = {key: [] for key in visits}
        for kiosk, ids in many(visits):
            rows = select(LINE).where(LINE.c.kiosk == kiosk, LINE.c.visit.in_(ids))
            for r in self._connection.execute(rows.order_by(LINE.c.position)):
                line = LineRow(r.epc, r.gtin, r.name, r.price_minor, bool(r.paid))
                found[r.kiosk, r.visit].append(line)
        return found

    def put_lines(self, kiosk: str, visit: str, lines: Sequence[LineRow]) -> None:
        """Replace the visit's lines."""
        self._connection.execute(delete(LINE).where(LINE.c.kiosk == kiosk, LINE.c.visit == visit))
        if lines:
            rows = [
                asdict(line) | {"kiosk": kiosk, "visit": visit, "position": n}
                for n, line in enumerate(lines)
            ]
            self._connection.execute(insert(LINE), rows)

    def mark(self, rows: Sequence[MarkRow]) -> None:
        """Put events on their visits' timelines."""
        if rows:
            values = [
                {
                    "kiosk": r.kiosk,
                    "visit": r.visit,
                    "idx": r.index,
                    "type": r.type,
                    "at_ms": r.at_ms,
                }
                for r in rows
            ]
            self._connection.execute(insert(MARK), values)

    def marks(self, kiosk: str, visit: str) -> Sequence[MarkRow]:
        """Return the visit's timeline, oldest first."""
        rows = select(MARK).where(MARK.c.kiosk == kiosk, MARK.c.visit == visit)
        return [MarkRow(*row) for row in self._connection.execute(rows.order_by(MARK.c.idx))]

    def add_anonymous(self, row: AnonymousRow) -> None:
        """Keep an item that left with nobody to name."""
        values = asdict(row) | {"idx": row.index}
        del values["index"]
        self._connection.execute(insert_over(ANONYMOUS).values(values).on_conflict_do_nothing())

    def anonymous(self, kiosk: str | None, limit: int) -> Sequence[AnonymousRow]:
        """Return such items of one kiosk or of all, oldest first."""
        rows = select(ANONYMOUS)
        if kiosk is not None:
            rows = rows.where(ANONYMOUS.c.kiosk == kiosk)
        newest = rows.order_by(ANONYMOUS.c.at_ms.desc(), ANONYMOUS.c.idx.desc()).limit(limit)
        found = [AnonymousRow(*row) for row in self._connection.execute(newest)]
        return sorted(found, key=lambda row: (row.at_ms, row.index))

    def put_device(self, row: DeviceRow) -> None:
        """Keep the last word about a device."""
        self._over(DEVICE, asdict(row))

    def devices(self) -> Sequence[DeviceRow]:
        """Return every device that was ever spoken of, by kiosk and name."""
        rows = select(DEVICE).order_by(DEVICE.c.kiosk, DEVICE.c.device)
        return [DeviceRow(*row) for row in self._connection.execute(rows)]

    def add_opening(self, row: OpeningRow) -> None:
        """Keep that staff had the door opened."""
        values = asdict(row) | {"idx": row.index}
        del values["index"]
        self._connection.execute(insert(OPENING), [values])

    def openings(self, since_ms: int, limit: int) -> Sequence[OpeningRow]:
        """Return the openings by staff at or after this time, newest first."""
        rows = select(OPENING).where(OPENING.c.at_ms >= since_ms).limit(limit)
        newest = rows.order_by(OPENING.c.at_ms.desc(), OPENING.c.idx.desc())
        return [OpeningRow(*row) for row in self._connection.execute(newest)]

    def count_reading(self, kiosk: str, at_ms: int, *, unread: bool) -> None:
        """Count an exit that was read, on its day."""
        row = {"kiosk": kiosk, "day": at_ms // DAY_MS, "exits": 1, "unread": int(unread)}
        added = {"exits": READING.c.exits + 1, "unread": READING.c.unread + int(unread)}
        keys = [READING.c.kiosk, READING.c.day]
        counted = insert_over(READING).values(row)
        self._connection.execute(counted.on_conflict_do_update(index_elements=keys, set_=added))

    def readings(self, since_ms: int) -> Sequence[ReadingRow]:
        """Return the counts of each kiosk since the day of this time, by kiosk."""
        exits, unread = func.sum(READING.c.exits), func.sum(READING.c.unread)
        rows = select(READING.c.kiosk, exits, unread).where(READING.c.day >= since_ms // DAY_MS)
        found = rows.group_by(READING.c.kiosk).order_by(READING.c.kiosk)
        return [ReadingRow(*row) for row in self._connection.execute(found)]

    def _over(self, table: Table, values: dict[str, object]) -> None:
        keys = [column.name for column in table.primary_key]
        rest = {name: value for name, value in values.items() if name not in keys}
        statement = insert_over(table).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def many(visits: Sequence[VisitKey]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield kiosk and visit ids in portions that one statement can name and an index can find."""
    by_kiosk: dict[str, list[str]] = {}
    for kiosk, visit in visits:
        by_kiosk.setdefault(kiosk, []).append(visit)
    for kiosk, ids in by_kiosk.items():
        for start in range(0, len(ids), AT_ONCE):
            yield kiosk, ids[start : start + AT_ONCE]
