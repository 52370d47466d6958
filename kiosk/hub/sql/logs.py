"""Logs, entries, checkpoints and forks in the database."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_once

from kiosk.hub.sql.schema import BODY, CHECKPOINT, ENTRY, FORK, LOG
from kiosk.hub.store.logs import EntryRow, ForkRow, LogRow


class SqlLogs:
    """Logs of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, log: str) -> LogRow | None:
        """Return the log, None when it is not enrolled."""
        row = self._connection.execute(select(LOG).where(LOG.c.log == log)).mappings().first()
        return LogRow(**row) if row else None

    def of_kiosk(self, kiosk: str) -> LogRow | None:
        """Return the log that the kiosk of this name writes."""
        row = self._connection.execute(select(LOG).where(LOG.c.kiosk == kiosk)).mappings().first()
        return LogRow(**row) if row else None

    def all(self) -> Sequence[LogRow]:
        """Return every enrolled log by name."""
        rows = self._connection.execute(select(LOG).order_by(LOG.c.log)).mappings()
        return [LogRow(**row) for row in rows]

    def enrol(self, row: LogRow) -> None:
        """Add a log; its name, origin and kiosk are new."""
        self._connection.execute(insert(LOG).values(asdict(row)))

    def append(self, row: LogRow, entries: Sequence[EntryRow], root: bytes) -> None:
        """Add entries, make `row` the new head and keep its checkpoint under its root."""
        if entries:
            leaves = [{"log": row.log, "idx": e.index, "leaf": e.leaf} for e in entries]
            self._connection.execute(insert(ENTRY), leaves)
            bodies = [
                {"log": row.log, "idx": e.index, "salt": e.salt, "body": e.body, "sealed": e.sealed}
                for e in entries
            ]
            self._connection.execute(insert(BODY), bodies)
            kept = {"log": row.log, "size": row.size, "root": root, "note": row.note}
            self._connection.execute(insert(CHECKPOINT).values(kept))
        head = {k: v for k, v in asdict(row).items() if k != "log"}
        self._connection.execute(update(LOG).where(LOG.c.log == row.log).values(head))

    def note_trouble(self, log: str, trouble: str) -> None:
        """Keep why the last upload of this log was refused."""
        self._connection.execute(update(LOG).where(LOG.c.log == log).values(trouble=trouble))

    def leaves(self, log: str, start: int, count: int) -> Sequence[bytes]:
        """Return the leaves from `start` on, at most `count`."""
        wanted = select(ENTRY.c.leaf).where(
            ENTRY.c.log == log, ENTRY.c.idx >= start, ENTRY.c.idx < start + count
        )
        return self._connection.execute(wanted.order_by(ENTRY.c.idx)).scalars().all()

    def entry(self, log: str, index: int) -> EntryRow | None:
        """Return one entry with what is left of it."""
        joined = ENTRY.outerjoin(BODY, (ENTRY.c.log == BODY.c.log) & (ENTRY.c.idx == BODY.c.idx))
        row = self._connection.execute(
            select(ENTRY.c.idx, ENTRY.c.leaf, BODY.c.salt, BODY.c.body, BODY.c.sealed)
            .select_from(joined)
            .where(ENTRY.c.log == log, ENTRY.c.idx == index)
        ).first()
        return EntryRow(*row) if row else None

    def root_at(self, log: str, size: int) -> bytes | None:
        """Return the root of an accepted checkpoint of exactly this size."""
        return self._connection.execute(
            select(CHECKPOINT.c.root).where(CHECKPOINT.c.log == log, CHECKPOINT.c.size == size)
        ).scalar()

    def add_fork(self, fork: ForkRow) -> None:
        """Keep the proof of a fork; the same one again changes nothing."""
        values = asdict(fork) | {"idx": fork.index}
        del values["index"]
        self._connection.execute(insert_once(FORK).values(values).on_conflict_do_nothing())

    def forks(self) -> Sequence[ForkRow]:
        """Return every fork that was seen, oldest first."""
        f = FORK.c
        rows = select(f.log, f.idx, f.what, f.ours, f.theirs, f.note, f.seen_ms)
        found = self._connection.execute(rows.order_by(f.seen_ms, f.log))
        return [ForkRow(*row) for row in found]
