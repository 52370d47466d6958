"""Take a batch into the hub's copy of a log: all of it, or nothing with the reason.

Position is the idempotency key. A leaf is compared before it is stored, the root after; a fork is
only claimed when the kiosk's own signature proves it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kiosk.core.signing import b64encode
from kiosk.core.values import Json, Moment
from kiosk.hub.entries import Batch, Entry
from kiosk.hub.errors import RefusalError
from kiosk.hub.store.base import Store, Transaction
from kiosk.hub.store.logs import EntryRow, ForkRow, LogRow
from kiosk.ledger.merkle import Frontier

Project = Callable[[Transaction, LogRow, Sequence[Entry], Moment], None]
"""What else entries mean; called with each new entry once, in the transaction that stores it."""


class GapError(RefusalError):
    """The batch begins beyond the hub's size; the kiosk resumes there."""

    def __init__(self, size: int) -> None:
        super().__init__(409, "gap", f"the hub has {size} entries; send from there", {"size": size})
        self.size = size


class ForkError(RefusalError):
    """The log signed two different trees; the hub keeps its own."""

    def __init__(self, fork: ForkRow) -> None:
        detail = f"{fork.what} {fork.index}: the log signed another one before; open a new epoch"
        proof: dict[str, Json] = {
            "index": fork.index,
            "what": fork.what,
            "ours": b64encode(fork.ours),
            "theirs": b64encode(fork.theirs),
        }
        super().__init__(409, "fork", detail, proof)
        self.fork = fork


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the hub holds now, and how many entries were new."""

    size: int
    new: int


def receive(store: Store, log: str, batch: Batch, at: Moment, project: Project) -> Accepted:
    """Append what is new of `batch` in one transaction.

    Raises:
        GapError: It begins beyond what the hub has.
        ForkError: It contradicts what the log signed before; the proof is kept.
        RefusalError: 401 unknown log, 422 when entries and checkpoint do not fit.
    """
    try:
        with store.write() as tx:
            return _take(tx, find_log(tx, log), batch, at, project)
    except ForkError as error:
        with store.write() as tx:
            tx.logs.add_fork(error.fork)
            tx.logs.note_trouble(log, error.detail)
        raise


def find_log(tx: Transaction, log: str) -> LogRow:
    """Return the enrolled log of this name; RefusalError 401 when there is none."""
    row = tx.logs.find(log)
    if row is None:
        raise RefusalError(401, "unknown-log", f"log {log!r} is not enrolled; enrol its key first")
    return row


def _take(tx: Transaction, row: LogRow, batch: Batch, at: Moment, project: Project) -> Accepted:
    if batch.start > row.size:
        raise GapError(row.size)
    _compare_known(tx, row, batch, at)
    if batch.checkpoint.size <= row.size:
        _compare_root(tx, row, batch, at)
        tx.logs.append(replace(row, seen_ms=at.wall_ms, trouble=""), (), b"")
        return Accepted(row.size, 0)
    fresh = batch.entries[row.size - batch.start :]
    frontier = Frontier.from_bytes(row.size, row.frontier)
    for entry in fresh:
        frontier.append(entry.leaf)
    if frontier.root() != batch.checkpoint.root:
        detail = f"entry {row.size}: from here on the entries do not lead to the signed root"
        raise RefusalError(422, "root", detail, {"index": row.size})
    head = replace(
        row,
        size=frontier.size,
        frontier=frontier.to_bytes(),
        note=batch.note,
        seen_ms=at.wall_ms,
        trouble="",
    )
    kept = [EntryRow(e.index, e.leaf, e.salt, e.body, e.sealed) for e in fresh]
    tx.logs.append(head, kept, batch.checkpoint.root)
    project(tx, head, fresh, at)
    return Accepted(head.size, len(fresh))


def _compare_known(tx: Transaction, row: LogRow, batch: Batch, at: Moment) -> None:
    """Refuse a batch whose entries differ from those that the hub has at the same places."""
    ours = tx.logs.leaves(row.log, batch.start, len(batch.entries))
    for entry, leaf in zip(batch.entries, ours, strict=False):
        if entry.leaf == leaf:
            continue
        before = Frontier()
        for known in tx.logs.leaves(row.log, 0, batch.start):
            before.append(known)
        for sent in batch.entries:
            before.append(sent.leaf)
        if before.root() == batch.checkpoint.root:
            raise ForkError(
                ForkRow(row.log, entry.index, "leaf", leaf, entry.leaf, batch.note, at.wall_ms)
            )
        detail = f"entry {entry.index}: another one is here, and the signed root is of neither"
        raise RefusalError(422, "entry", detail, {"index": entry.index})


def _compare_root(tx: Transaction, row: LogRow, batch: Batch, at: Moment) -> None:
    """Refuse a checkpoint of a size that the hub has when it is of another tree."""
    signed = batch.checkpoint
    root = tx.logs.root_at(row.log, signed.size)
    if root is None:
        frontier = Frontier()
        for leaf in tx.logs.leaves(row.log, 0, signed.size):
            frontier.append(leaf)
        root = frontier.root()
    if root != signed.root:
        raise ForkError(
            ForkRow(row.log, signed.size, "root", root, signed.root, batch.note, at.wall_ms)
        )
