"""The hub's copy of a log is the log: resends, gaps, lost replies and kills change nothing."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from kiosk.core.values import Moment
from kiosk.hub import ingest
from kiosk.hub.entries import Batch, Entry, read_batch
from kiosk.hub.errors import RefusalError
from kiosk.hub.ingest import ForkError, GapError, Project, receive
from kiosk.hub.sql.store import SqlStore
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.logs import EntryRow, LogRow
from kiosk.ledger.checkpoint import parse_vkey
from kiosk.ledger.merkle import Frontier
from tests.hub.worlds import KioskLog, moment

AT: Final = moment()


class KilledError(Exception):
    """Stands for the process ending in the middle of a transaction."""


def ignore(_: Transaction, __: LogRow, ___: Sequence[Entry], ____: Moment) -> None:
    """Project nothing."""


def enrolled(store: SqlStore, log: KioskLog) -> None:
    with store.write() as tx:
        tx.logs.enrol(log.row())


def batch(log: KioskLog, start: int, end: int | None = None) -> Batch:
    return read_batch(log.upload(start, end), start, parse_vkey(log.vkey))


def send(store: SqlStore, log: KioskLog, start: int, end: int | None = None) -> int:
    return receive(store, log.name, batch(log, start, end), AT, ignore).size


def copy_of(store: SqlStore, log: KioskLog) -> tuple[int, bytes, list[bytes]]:
    """The hub's size, the root over the leaves it stored, and those leaves."""
    with store.read() as tx:
        row = tx.logs.find(log.name)
        assert row is not None
        leaves = list(tx.logs.leaves(log.name, 0, row.size + 10))
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert frontier.to_bytes() == row.frontier
    return row.size, frontier.root(), leaves


def grow(log: KioskLog, count: int) -> KioskLog:
    for _ in range(count):
        log.add("door.held", {"salted": log.now_ms})
    return log


@pytest.fixture
def log(sql_store: SqlStore) -> KioskLog:
    log = grow(KioskLog(), 10)
    enrolled(sql_store, log)
    return log


def test_what_was_sent_is_held_byte_for_byte(sql_store: SqlStore, log: KioskLog) -> None:
    assert send(sql_store, log, 0, 4) == 4
    assert send(sql_store, log, 4) == 10
    assert copy_of(sql_store, log)[:2] == (10, log.root())
    with sql_store.read() as tx:
        entry = tx.logs.entry(log.name, 3)
        row = tx.logs.find(log.name)
    assert entry is not None
    assert row is not None
    assert (entry.salt, entry.body) == log.bodies[3]
    assert row.note == log.note(10)
    assert row.seen_ms == AT.wall_ms


def test_a_resend_of_known_entries_is_taken_as_done(sql_store: SqlStore, log: KioskLog) -> None:
    send(sql_store, log, 0)
    assert send(sql_store, log, 0) == 10
    assert send(sql_store, log, 2, 7) == 10, "a checkpoint that was never stored is computed"
    assert send(sql_store, log, 10, 10) == 10, "a checkpoint alone says that the kiosk lives"
    grow(log, 3)
    assert send(sql_store, log, 5) == 13, "an overlap brings only what is new"
    assert copy_of(sql_store, log)[:2] == (13, log.root())


def test_each_new_entry_is_projected_once(sql_store: SqlStore, log: KioskLog) -> None:
    seen: list[int] = []

    def note(_: Transaction, __: LogRow, entries: Sequence[Entry], ___: Moment) -> None:
        seen.extend(entry.index for entry in entries)

    for start, end in ((0, 4), (0, 4), (2, 9), (0, 10)):
        receive(sql_store, log.name, batch(log, start, end), AT, note)
    assert seen == list(range(10))


def test_a_gap_says_where_to_go_on_and_stores_nothing(sql_store: SqlStore, log: KioskLog) -> None:
    send(sql_store, log, 0, 4)
    with pytest.raises(GapError) as gap:
        send(sql_store, log, 6)
    assert gap.value.size == 4
    assert copy_of(sql_store, log)[0] == 4


def test_an_unknown_log_is_refused(sql_store: SqlStore) -> None:
    stranger = grow(KioskLog("shop/k9"), 1)
    with pytest.raises(RefusalError) as refused:
        send(sql_store, stranger, 0)
    assert refused.value.status == 401


def test_entries_that_do_not_lead_to_the_signed_root_are_refused(
    sql_store: SqlStore, log: KioskLog
) -> None:
    good = batch(log, 0)
    swapped = (*good.entries[:4], replace(good.entries[4], leaf=b"x" * 32), *good.entries[5:])
    with pytest.raises(RefusalError) as refused:
        receive(sql_store, log.name, replace(good, entries=swapped), AT, ignore)
    assert (refused.value.status, refused.value.kind) == (422, "root")
    assert copy_of(sql_store, log)[0] == 0


def test_a_log_from_an_older_disk_is_a_fork_with_both_leaves(
    sql_store: SqlStore, log: KioskLog
) -> None:
    send(sql_store, log, 0)
    restored = grow(log.fork_at(6), 2)
    with pytest.raises(ForkError) as fork:
        send(sql_store, restored, 5)
    assert fork.value.fork.index == 6
    assert fork.value.fork.ours == log.leaf(6)
    assert fork.value.fork.theirs == restored.leaf(6)
    with sql_store.read() as tx:
        (kept,) = tx.logs.forks()
        row = tx.logs.find(log.name)
    assert kept == fork.value.fork
    assert row is not None
    assert row.trouble
    assert copy_of(sql_store, log)[:2] == (10, log.root()), "the hub keeps its branch"
    with pytest.raises(ForkError):
        send(sql_store, restored, 5)
    with sql_store.read() as tx:
        assert len(tx.logs.forks()) == 1


def test_two_signed_trees_of_one_size_are_a_fork_even_when_the_leaves_agree(
    sql_store: SqlStore, log: KioskLog
) -> None:
    send(sql_store, log, 0)
    other = log.fork_at(3)
    other.add("door.forced")
    other.bodies.extend(log.bodies[4:])
    with pytest.raises(ForkError) as fork:
        send(sql_store, other, 6)
    assert (fork.value.fork.what, fork.value.fork.index) == ("root", 10)


def test_a_leaf_that_nobody_signed_is_no_fork(sql_store: SqlStore, log: KioskLog) -> None:
    send(sql_store, log, 0)
    good = batch(log, 0)
    damaged = (replace(good.entries[0], leaf=b"x" * 32), *good.entries[1:])
    with pytest.raises(RefusalError) as refused:
        receive(sql_store, log.name, replace(good, entries=damaged), AT, ignore)
    assert (refused.value.status, refused.value.kind) == (422, "entry")
    with sql_store.read() as tx:
        assert not tx.logs.forks()


Take = Callable[[SqlStore, str, Batch, Project], int]


def real(
    store: SqlStore,
    log: str,
    sent: Batch,
    project: Project,
) -> int:
    return receive(store, log, sent, AT, project).size


@dataclass
class Chaos:
    """A faulty uploader, what it believes, and what was seen to go wrong.

    It resends what it is not sure of, sometimes skips ahead, loses replies and meets a hub that is
    killed before its commit. Now and then its disk is put back to an older state.
    """

    store: SqlStore
    take: Take
    log: KioskLog
    chance: random.Random
    acked: int = 0
    wrong: list[str] = field(default_factory=list)

    def held(self) -> int:
        """How many entries the hub has."""
        return copy_of(self.store, self.log)[0]

    def upload(self) -> None:
        """Send from somewhere, sometimes into a hub that dies."""
        held, kill_at = self.held(), self.chance.choice([-1, -1, -1, self.log.size - 2])
        back = max(0, self.acked - self.chance.randint(0, 9))
        start = self.chance.choice([self.acked, self.acked, back, self.log.size])

        def die(_: Transaction, __: LogRow, entries: Sequence[Entry], ___: Moment) -> None:
            if any(entry.index == kill_at for entry in entries):
                raise KilledError

        try:
            size = self.take(self.store, self.log.name, batch(self.log, start), die)
        except KilledError:
            self.expect(self.held() == held, "a killed transaction left something")
        except GapError as gap:
            self.acked = gap.size
            self.expect(start > held, "a gap where there was none")
        else:
            self.expect(self.held() >= size, "acknowledged but not held")
            lost = self.chance.random() < 0.1
            self.acked = self.acked if lost else size

    def restore(self) -> None:
        """Let an older copy of the disk go on and upload from where it thinks it was."""
        at = self.chance.randint(0, self.held() - 1)
        old = grow(self.log.fork_at(at), self.chance.randint(1, 8))
        try:
            self.take(self.store, self.log.name, batch(old, self.chance.randint(0, at)), ignore)
        except ForkError:
            return
        except RefusalError as refused:
            self.wrong.append(f"a fork was called {refused.kind}")
        else:
            self.wrong.append("a fork was taken")

    def expect(self, fact: object, otherwise: str) -> None:
        """Note what went wrong unless `fact` holds."""
        if not fact:
            self.wrong.append(otherwise)


def chaos(store: SqlStore, seed: int, take: Take) -> list[str]:
    """Feed one log by a faulty uploader; return what went wrong."""
    world = Chaos(store, take, KioskLog(f"shop/c{seed}"), random.Random(seed))
    enrolled(store, world.log)
    for _ in range(30):
        grow(world.log, world.chance.randint(0, 6))
        if world.held() > 1 and world.chance.random() < 0.15:
            world.restore()
        else:
            world.upload()
    size, root, _ = copy_of(store, world.log)
    world.expect(root == world.log.root(size), "the hub's copy is another tree")
    return world.wrong


@pytest.mark.parametrize("seed", range(12))
def test_no_chaos_on_the_way_makes_a_wrong_copy(sql_store: SqlStore, seed: int) -> None:
    assert chaos(sql_store, seed, real) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_no_chaos_on_the_way_makes_a_wrong_copy_in_many_worlds(
    sql_store: SqlStore, seed: int
) -> None:
    assert chaos(sql_store, seed, real) == []


def without_root_check(
    store: SqlStore,
    log: str,
    sent: Batch,
    project: Project,
) -> int:
    """Take a batch as `receive` does, but believe any root and any known leaf."""
    with store.write() as tx:
        row = ingest.find_log(tx, log)
        if sent.start > row.size:
            raise GapError(row.size)
        fresh = sent.entries[row.size - sent.start :]
        frontier = Frontier.from_bytes(row.size, row.frontier)
        for entry in fresh:
            frontier.append(entry.leaf)
        head = replace(row, size=frontier.size, frontier=frontier.to_bytes(), note=sent.note)
        rows = [EntryRow(e.index, e.leaf, e.salt, e.body, e.sealed) for e in fresh]
        tx.logs.append(head, rows, frontier.root())
        project(tx, head, fresh, AT)
    return head.size


def acknowledge_first(
    store: SqlStore,
    log: str,
    sent: Batch,
    project: Project,
) -> int:
    """Say that everything is held, whatever became of it."""
    with suppress(KilledError):
        real(store, log, sent, project)
    return sent.checkpoint.size


@pytest.mark.parametrize("mutant", [without_root_check, acknowledge_first])
def test_a_weaker_ingest_is_caught_by_the_same_chaos(sql_store: SqlStore, mutant: Take) -> None:
    assert any(chaos(sql_store, seed, mutant) for seed in range(12))
