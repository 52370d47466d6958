"""Any sequence of appends, refusals, restarts and uploads leaves what a simple model says."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.core.events import EventRecord
from kiosk.core.values import CustomerRef, Spend, VisitId
from kiosk.ledger.errors import LedgerWriteError
from kiosk.ledger.outbox import next_batch
from kiosk.ledger.store import Appended, Replayed
from tests.ledger.shelf import KEY, NOON_MS, Shelf, at

VISITS = st.sampled_from(["v1", "v2", "v3"])
CUSTOMERS = st.sampled_from([None, CustomerRef("alice-7Jq0"), CustomerRef("bob-pX8s")])
CLOSINGS = st.sampled_from(["exit.paid", "exit.unpaid", "exit.unresolved", "visit.not_entered"])
NONCES = st.sampled_from(["01", "02", "03", "04"])


class LedgerModel(RuleBasedStateMachine):
    """A ledger beside lists and sets that say what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self._place = TemporaryDirectory(dir=memory())
        self.shelf = Shelf(Path(self._place.name))
        self.ledger = self.shelf.open()
        self.events: list[EventRecord] = []
        self.open: dict[str, bool] = {}
        self.spent: set[str] = set()
        self.acked = 0

    @rule(customer=CUSTOMERS, count=st.integers(1, 40), text=st.text(max_size=20))
    def append(self, customer: CustomerRef | None, count: int, text: str) -> None:
        """Some events, of a customer or of nobody."""
        personal = {} if customer is None else {"text": text}
        record = EventRecord("door.held", {"text": text}, None, customer, personal)
        self.take([record] * count)

    @rule(visit=VISITS, customer=CUSTOMERS, cti=NONCES)
    def enter(self, visit: str, customer: CustomerRef | None, cti: str) -> None:
        """A visit begins, with a nonce; refused when either was used."""
        record = EventRecord("visit.opened", {}, VisitId(visit), customer)
        spend = Spend("kid", cti, NOON_MS // 1000 + 10**6)
        if cti in self.spent:
            assert self.ledger.append([record], at(), spend) == Replayed()
        elif visit in self.open:
            with pytest.raises(LedgerWriteError, match="has its opening event"):
                self.ledger.append([record], at(), spend)
        else:
            self.take([record], spend)
            self.open[visit] = True
            self.spent.add(cti)

    @rule(visit=VISITS, kind=CLOSINGS)
    def leave(self, visit: str, kind: str) -> None:
        """A visit ends; refused when it never began or has ended."""
        record = EventRecord(kind, {"lines": []}, VisitId(visit))
        if self.open.get(visit):
            self.take([record])
            self.open[visit] = False
        else:
            with pytest.raises(LedgerWriteError, match="visit"):
                self.ledger.append([record], at())

    @rule()
    def restart(self) -> None:
        """The kiosk stops and starts."""
        self.ledger.close()
        self.ledger = self.shelf.open()

    @rule()
    def rest(self) -> None:
        """Nothing happens for a while."""
        self.ledger.idle()

    @precondition(lambda self: self.acked < len(self.events))
    @rule()
    def upload(self) -> None:
        """One batch goes to the hub."""
        with self.shelf.reader(None) as reader:
            batch = next_batch(reader, self.acked)
        assert batch is not None
        self.ledger.acked("hub", batch.size, batch.note)
        self.acked = batch.size

    @invariant()
    def holds_what_was_appended(self) -> None:
        """Everything that was acknowledged, and nothing else, is there."""
        assert self.ledger.size == len(self.events)
        assert self.ledger.cursor("hub") == self.acked
        found = {visit.visit for visit in self.ledger.open_visits()}
        assert found == {visit for visit, still in self.open.items() if still}

    def take(self, records: list[EventRecord], spend: Spend | None = None) -> None:
        """Append what must be accepted."""
        done = self.ledger.append(records, at(len(self.events)), spend)
        assert isinstance(done, Appended)
        assert done.first == len(self.events)
        self.events += records

    def teardown(self) -> None:
        """Read all of it back, audit it, and clear up."""
        with self.shelf.reader() as reader:
            assert [event.record for event in reader.events()] == self.events
            audit = reader.audit(KEY)
            while not audit.done:
                assert audit.step() is None
        self.shelf.close()
        self._place.cleanup()


def memory() -> str | None:
    """Where flushing costs nothing, if there is such a place."""
    place = Path("/", "dev", "shm")
    return str(place) if place.is_dir() else None


LedgerModel.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestLedgerModel = LedgerModel.TestCase
