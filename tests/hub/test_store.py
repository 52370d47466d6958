"""What every backend of the hub's store promises; a new backend joins `BACKENDS` and passes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from kiosk.hub.sql.migrate import migrate
from kiosk.hub.sql.store import SqlStore, open_engine
from kiosk.hub.store.base import Store, Transaction
from kiosk.hub.store.documents import DocumentRow
from kiosk.hub.store.graces import GraceRow
from kiosk.hub.store.logs import EntryRow, ForkRow, LogRow
from kiosk.hub.store.office import OfficeRow
from kiosk.hub.store.payments import PaymentRow
from kiosk.hub.store.visits import (
    AnonymousRow,
    DeviceRow,
    LineRow,
    MarkRow,
    Owed,
    ReadingRow,
    VisitRow,
)


class StoppedError(Exception):
    """Ends a transaction in its middle."""


def sqlite(tmp_path: Path) -> Store:
    engine = open_engine(tmp_path / "hub.db")
    migrate(engine)
    return SqlStore(engine)


BACKENDS: Final[Mapping[str, Callable[[Path], Store]]] = {"sqlite": sqlite}
LOG: Final = LogRow("s~k", "s/k", "k", "vkey")


@pytest.fixture(params=sorted(BACKENDS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = BACKENDS[request.param](tmp_path)
    yield store
    store.close()


def entries(start: int, count: int) -> list[EntryRow]:
    return [
        EntryRow(n, b"leaf%d" % n, b"salt", b"body%d" % n, b"s" if n % 2 else None)
        for n in range(start, start + count)
    ]


def payment(key: str, kiosk: str = "k", visit: str = "v") -> PaymentRow:
    return PaymentRow(0, key, b"digest", kiosk, visit, ("AB", "CD"), 0, "EUR", "cash", 7)


def stopped_after(store: Store, work: Callable[[Transaction], object]) -> None:
    """Do some work in a transaction that then fails."""
    with suppress(StoppedError), store.write() as tx:
        work(tx)
        raise StoppedError


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    def work(tx: Transaction) -> None:
        tx.logs.enrol(LOG)
        tx.documents.add(DocumentRow("policy", 1, b"x", 0))

    stopped_after(store, work)
    with store.read() as tx:
        assert tx.logs.all() == []
        assert tx.documents.latest("policy") is None


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.read() as before:
        assert before.logs.all() == []
        with store.write() as tx:
            tx.logs.enrol(LOG)
        assert before.logs.all() == []
    with store.read() as after:
        assert after.logs.all() == [LOG]


def test_a_log_is_found_by_name_and_by_kiosk(store: Store) -> None:
    other = LogRow("s~a", "s/a", "a", "vkey2")
    with store.write() as tx:
        tx.logs.enrol(LOG)
        tx.logs.enrol(other)
        assert (tx.logs.find("s~k"), tx.logs.of_kiosk("a")) == (LOG, other)
        assert (tx.logs.find("s~x"), tx.logs.of_kiosk("x")) == (None, None)
        assert list(tx.logs.all()) == [other, LOG]


def test_entries_are_kept_in_order_with_their_checkpoint(store: Store) -> None:
    head = replace(LOG, size=3, frontier=b"f", note="note 3", seen_ms=5)
    with store.write() as tx:
        tx.logs.enrol(LOG)
        tx.logs.note_trouble(LOG.log, "bad")
        tx.logs.append(head, entries(0, 3), b"root3")
    with store.write() as tx:
        more = replace(head, size=5, note="note 5")
        tx.logs.append(more, entries(3, 2), b"root5")
    with store.write() as tx:
        tx.logs.append(replace(more, seen_ms=9), (), b"")
    with store.read() as tx:
        assert tx.logs.find(LOG.log) == replace(more, seen_ms=9)
        assert list(tx.logs.leaves(LOG.log, 1, 3)) == [b"leaf1", b"leaf2", b"leaf3"]
        assert list(tx.logs.leaves(LOG.log, 4, 9)) == [b"leaf4"]
        assert tx.logs.entry(LOG.log, 2) == entries(2, 1)[0]
        assert tx.logs.entry(LOG.log, 5) is None
        assert [tx.logs.root_at(LOG.log, n) for n in (3, 4, 5)] == [b"root3", None, b"root5"]


def test_a_fork_is_kept_once(store: Store) -> None:
    fork = ForkRow(LOG.log, 4, "leaf", b"a", b"b", "note", 1)
    with store.write() as tx:
        tx.logs.add_fork(fork)
        tx.logs.add_fork(replace(fork, seen_ms=2))
        tx.logs.add_fork(replace(fork, theirs=b"c", seen_ms=3))
        assert [each.theirs for each in tx.logs.forks()] == [b"b", b"c"]
        assert tx.logs.forks()[0] == fork


def test_every_version_of_a_document_stays(store: Store) -> None:
    first, second = DocumentRow("keys", 1, b"1", 5), DocumentRow("keys", 12, b"12", 6)
    with store.write() as tx:
        tx.documents.add(first)
        tx.documents.add(second)
        tx.documents.add(DocumentRow("policy", 40, b"p", 7))
        assert tx.documents.latest("keys") == second
        assert tx.documents.at("keys", 1) == first
        assert tx.documents.at("keys", 2) is None
        assert tx.documents.all("keys") == [first, second]


def test_payments_are_numbered_in_the_order_of_commits(store: Store) -> None:
    with store.write() as tx:
        numbers = [tx.payments.add(payment(key)) for key in "abc"]
        other = tx.payments.add(payment("d", kiosk="k2", visit="w"))
    assert [*numbers, other] == [1, 2, 3, 4]
    with store.read() as tx:
        assert tx.payments.by_key("b") == replace(payment("b"), number=2)
        assert tx.payments.by_key("z") is None
        assert [p.number for p in tx.payments.after("k", 1, 10)] == [2, 3]
        assert [p.number for p in tx.payments.after("k", 0, 2)] == [1, 2]
        assert [p.number for p in tx.payments.of_visit("k2", "w")] == [4]
        assert tx.payments.after("k", 0, 1)[0].epcs == ("AB", "CD")


def test_a_payment_that_was_rolled_back_leaves_no_number_to_skip_over(store: Store) -> None:
    stopped_after(store, lambda tx: tx.payments.add(payment("a")))
    with store.write() as tx:
        assert tx.payments.add(payment("b")) == 1


def test_a_visit_is_written_over_and_kiosks_do_not_meet(store: Store) -> None:
    row = VisitRow("k", "v", opened_ms=5)
    ended = replace(row, outcome="paid", ended_ms=9, way="score", exit_index=3, exit_leaf=b"l")
    with store.write() as tx:
        tx.visits.put(row)
        tx.visits.put(VisitRow("k2", "v", opened_ms=6))
        tx.visits.put(ended)
        assert tx.visits.find("k", "v") == ended
        assert tx.visits.find("k", "w") is None
        assert [each.kiosk for each in tx.visits.by_id("v")] == ["k", "k2"]


def test_visits_come_in_the_order_that_was_asked_for(store: Store) -> None:
    with store.write() as tx:
        for index, (visit, opened_ms, outcome) in enumerate(
            [("c", 30, "unpaid"), ("a", 10, "paid"), ("b", 20, "unpaid"), ("d", None, None)]
        ):
            tx.visits.put(
                VisitRow("k", visit, opened_ms=opened_ms, outcome=outcome, ended_ms=opened_ms)
            )
            tx.visits.mark([MarkRow("k", visit, index, "visit.opened", 1)])
        tx.visits.put_lines("k", "b", [LineRow("E", "", "n", 5, paid=False)])
        tx.visits.put_lines("k", "c", [LineRow("E", "", "n", 5, paid=True)])
        assert [v.visit for v in tx.visits.of_kiosk("k")] == ["c", "a", "b", "d"]
        assert [v.visit for v in tx.visits.since(15)] == ["c", "b"]
        assert [v.visit for v in tx.visits.with_outcome("unpaid", 9)] == ["c", "b"]
        assert [v.visit for v in tx.visits.with_outcome("unpaid", 1)] == ["c"]
        assert [v.visit for v in tx.visits.owing(9)] == ["b"]
        assert tx.visits.owed() == Owed(1, 5)
        tx.visits.put_lines("k", "c", [LineRow(e, "", "n", 7, paid=e == "E") for e in "EFG"])
        tx.visits.put_lines("k", "a", [LineRow("E", "", "n", 9, paid=False)])
        assert tx.visits.owed() == Owed(2, 19), "every open line of unpaid exits, nothing else"
        assert tx.visits.of_kiosk("k2") == []


def test_nobody_owes_anything_before_the_first_visit(store: Store) -> None:
    with store.read() as tx:
        assert tx.visits.owed() == Owed(0, 0)


def test_lines_are_replaced_as_a_whole_in_read_order(store: Store) -> None:
    one, two = LineRow("E1", "g", "One", 5, paid=False), LineRow("E2", "g", "Two", 6, paid=True)
    with store.write() as tx:
        tx.visits.put_lines("k", "v", [one, two])
        assert tx.visits.lines("k", "v") == [one, two]
        tx.visits.put_lines("k", "v", [two])
        assert tx.visits.lines("k", "v") == [two]
        tx.visits.put_lines("k", "v", [])
        assert tx.visits.lines("k", "v") == []


def test_many_visits_are_read_at_once_each_with_what_is_its_own(store: Store) -> None:
    keys = [(kiosk, f"v{n}") for n in range(1500) for kiosk in ("k1", "k2")]
    wanted, others = keys[1::3], keys[::3]
    with store.write() as tx:
        for at, (kiosk, visit) in enumerate([*wanted, *others]):
            lines = [LineRow(f"E{n}", "", kiosk + visit, at, paid=False) for n in range(at % 3)]
            tx.visits.put_lines(kiosk, visit, lines)
            if at % 2:
                tx.graces.start(GraceRow(kiosk, visit, at, "EUR", 1, 60, None))
    with store.read() as tx:
        lines_of, graces = tx.visits.lines_of(wanted), tx.graces.of_visits(wanted)
        assert lines_of == {key: tx.visits.lines(*key) for key in wanted}
        assert graces == {key: row for key in wanted if (row := tx.graces.find(*key))}
        assert len(graces) == len(wanted) // 2
        assert (tx.visits.lines_of([]), tx.graces.of_visits([])) == ({}, {})


def test_timelines_losses_and_devices_are_told_apart_by_kiosk(store: Store) -> None:
    marks = [MarkRow("k", "v", n, "door.held", n) for n in (2, 5)]
    lost = [AnonymousRow("k", n, epc, n) for n, epc in ((1, "A"), (2, "B"), (2, "C"))]
    with store.write() as tx:
        tx.visits.mark(marks[::-1])
        tx.visits.mark([])
        for each in (*lost, lost[0], AnonymousRow("k2", 9, "D", 9)):
            tx.visits.add_anonymous(each)
        tx.visits.put_device(DeviceRow("k", "camera", "fault", "dark", 1))
        tx.visits.put_device(DeviceRow("k", "camera", "ok", "", 2))
        assert tx.visits.marks("k", "v") == marks
        assert tx.visits.anonymous("k", 9) == lost
        assert [each.epc for each in tx.visits.anonymous(None, 1)] == ["D"]
        assert tx.visits.devices() == [DeviceRow("k", "camera", "ok", "", 2)]


def test_a_grace_ends_once(store: Store) -> None:
    row = GraceRow("k", "v", 5, "EUR", 1, 60, None)
    with store.write() as tx:
        tx.graces.start(row)
        assert tx.graces.undated() == [row]
        assert tx.graces.due(10**10) == []
        tx.graces.date(row, 100)
        assert tx.graces.undated() == []
        assert (tx.graces.due(99), len(tx.graces.due(100))) == ([], 1)
        tx.graces.end(row, "paid", 50)
        tx.graces.end(row, "expired", 60)
        tx.graces.date(row, 200)
        assert tx.graces.find("k", "v") == replace(row, due_s=100, state="paid", ended_ms=50)
        assert tx.graces.due(100) == []
        assert tx.graces.find("k", "w") is None


def test_the_outbox_takes_a_key_once_and_empties_in_order(store: Store) -> None:
    with store.write() as tx:
        for key, visit in (("a/1", "v"), ("b/1", None), ("a/1", "w")):
            tx.office.add(OfficeRow(0, key, key[0], visit, b"{}", 7))
        assert tx.office.size() == 0
        first, second = tx.office.waiting(9)
        assert (first.key, first.type, first.at_ms, second.key) == ("a/1", "a", 7, "b/1")
        tx.office.written(first.number, 4)
        assert [row.key for row in tx.office.waiting(9)] == ["b/1"]
        assert tx.office.size() == 5
        assert tx.office.of_visit("v") == [replace(first, index=4)]


def test_readings_are_counted_by_kiosk_and_day(store: Store) -> None:
    day_ms = 86_400_000
    with store.write() as tx:
        for kiosk, at_ms, unread in (
            ("k2", 5 * day_ms, True),
            ("k1", 5 * day_ms, False),
            ("k1", 5 * day_ms + 1, True),
            ("k1", 4 * day_ms - 1, True),
        ):
            tx.visits.count_reading(kiosk, at_ms, unread=unread)
        assert tx.visits.readings(4 * day_ms) == [ReadingRow("k1", 2, 1), ReadingRow("k2", 1, 1)]
        assert tx.visits.readings(0)[0] == ReadingRow("k1", 3, 2)
        assert tx.visits.readings(6 * day_ms) == []
