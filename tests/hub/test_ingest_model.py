"""The hub's copy against a model: any order of uploads, forks, kills and restarts.

The model knows what the log signed and what was acknowledged. Whatever comes, the hub holds a
beginning of one signed history, all that it acknowledged, and every fork that it was shown.
"""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kiosk.core.values import Moment
from kiosk.hub.entries import Batch, Entry
from kiosk.hub.errors import RefusalError
from kiosk.hub.ingest import ForkError, GapError
from kiosk.hub.sql.migrate import migrate
from kiosk.hub.sql.store import SqlStore, open_engine
from kiosk.hub.store.base import Transaction
from kiosk.hub.store.logs import LogRow
from tests.hub.test_ingest import (
    KilledError,
    Take,
    acknowledge_first,
    batch,
    copy_of,
    enrolled,
    grow,
    ignore,
    real,
    without_root_check,
)
from tests.hub.worlds import KioskLog

PLACE = st.integers(min_value=0, max_value=40)


def die(_: Transaction, __: LogRow, ___: Sequence[Entry], ____: Moment) -> None:
    """End the process before its commit."""
    raise KilledError


class Uploads(RuleBasedStateMachine):
    """One log, its uploader, and a hub that takes batches by `take`."""

    take: Take = staticmethod(real)
    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="ingest-"))
        shutil.copy(self.empty, self.directory / "hub.db")
        self.store = self.open()
        self.log = KioskLog()
        self.acked = 0
        self.forks = 0
        enrolled(self.store, self.log)

    def open(self) -> SqlStore:
        """Open the hub's database."""
        return SqlStore(open_engine(self.directory / "hub.db"))

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.store.close()
        shutil.rmtree(self.directory)

    @rule(count=st.integers(min_value=1, max_value=6))
    def write(self, count: int) -> None:
        """The kiosk appends."""
        grow(self.log, count)

    @rule(start=PLACE, length=PLACE)
    def send(self, start: int, length: int) -> None:
        """The kiosk sends any part, known, new, overlapping or beyond."""
        start = min(start, self.log.size)
        end = min(start + length, self.log.size)
        held = copy_of(self.store, self.log)[0]
        sent = batch(self.log, start, end)
        if start > held:
            with pytest.raises(GapError) as gap:
                self.take(self.store, self.log.name, sent, ignore)
            assert gap.value.size == held
            return
        size = self.take(self.store, self.log.name, sent, ignore)
        assert size >= end
        self.acked = max(self.acked, size)

    @rule(length=PLACE)
    def send_into_a_kill(self, length: int) -> None:
        """The hub ends in the middle of its transaction."""
        held = copy_of(self.store, self.log)[0]
        end = min(held + length, self.log.size)
        with suppress(KilledError):
            size = self.take(self.store, self.log.name, batch(self.log, held, end), die)
            self.acked = max(self.acked, size)
        self.restart()

    @precondition(lambda self: copy_of(self.store, self.log)[0] > 0)
    @rule(at=PLACE, start=PLACE, more=st.integers(min_value=1, max_value=4))
    def put_an_older_disk_back(self, at: int, start: int, more: int) -> None:
        """An older copy of the kiosk goes on, signs, and uploads from somewhere it shares."""
        at = min(at, copy_of(self.store, self.log)[0] - 1)
        old = grow(self.log.fork_at(at), more)
        with pytest.raises(ForkError):
            self.take(self.store, self.log.name, batch(old, min(start, at)), ignore)
        self.forks += 1

    @precondition(lambda self: self.log.size > copy_of(self.store, self.log)[0])
    @rule()
    def send_what_was_not_signed(self) -> None:
        """Entries come under the signature of other entries."""
        held = copy_of(self.store, self.log)[0]
        sent = batch(self.log, held)
        swapped = batch(grow(self.log.fork_at(held), self.log.size - held), held)
        forged = Batch(sent.start, sent.checkpoint, sent.note, swapped.entries)
        with pytest.raises(RefusalError) as refused:
            self.take(self.store, self.log.name, forged, ignore)
        assert (refused.value.status, refused.value.kind) == (422, "root")

    @rule()
    def restart(self) -> None:
        """The hub starts anew."""
        self.store.close()
        self.store = self.open()

    @invariant()
    def what_is_held_was_signed_and_what_was_acknowledged_is_held(self) -> None:
        """The one promise."""
        size, root, _ = copy_of(self.store, self.log)
        assert self.acked <= size <= self.log.size
        assert root == self.log.root(size)
        with self.store.read() as tx:
            row = tx.logs.find(self.log.name)
            assert row is not None
            assert row.note == (self.log.note(size) if size else "")
            assert bool(tx.logs.forks()) == bool(self.forks)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest tables, to copy."""
    path = tmp_path_factory.mktemp("empty") / "hub.db"
    engine = open_engine(path)
    migrate(engine)
    SqlStore(engine).close()
    return path


def uploads(take: Take, empty: Path) -> type[Uploads]:
    """Return the machine with this way of taking batches."""
    return type("UploadsTo", (Uploads,), {"take": staticmethod(take), "empty": empty})


def play(take: Take, empty: Path, examples: int, phases: Sequence[Phase]) -> None:
    run_state_machine_as_test(
        uploads(take, empty),
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(300)
def test_the_copy_is_the_log_whatever_comes_in_whatever_order(empty: Path) -> None:
    play(real, empty, 12, (Phase.generate, Phase.shrink))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_copy_is_the_log_in_many_orders(empty: Path) -> None:
    play(real, empty, 200, (Phase.generate, Phase.shrink))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", [without_root_check, acknowledge_first])
def test_a_weaker_hub_is_caught(empty: Path, mutant: Take) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        play(mutant, empty, 50, (Phase.generate,))
