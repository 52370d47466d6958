"""P3: the table of visits says what the events say: an audit compares, recovery does not trust."""

import pytest

from kiosk.core.events import EventRecord
from kiosk.core.values import VisitId
from kiosk.ledger.errors import LedgerCorruptError
from tests.ledger.shelf import BOB, KEY, Shelf, at, closed, opened, plain
from tests.ledger.test_audit import audited, finish, scrubbed


def busy_day(shelf: Shelf) -> None:
    """Entries 0 to 6: one visit paid, one unpaid, one going on, one attempt, one anonymous loss."""
    ledger = shelf.open()
    ledger.append([opened("v1"), plain()], at())
    ledger.append([opened("v2", BOB), closed("v1", "paid", "AA01")], at(1))
    attempt = EventRecord("scan.rejected", {"fault": "expired"}, VisitId("v3"))
    ledger.append([attempt, EventRecord("exit.unresolved", {"epcs": ["AA"]})], at(2))
    ledger.append([closed("v2", "unpaid", "AA02", customer=BOB), opened("v4")], at(3))
    ledger.close()


def test_the_table_of_an_untouched_log_is_as_its_events_say(shelf: Shelf) -> None:
    busy_day(shelf)
    assert audited(shelf) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE visit SET outcome = 'paid' WHERE visit = 'v2'", "entry 6: visit is not in"),
        ("UPDATE visit SET closing = NULL WHERE visit = 'v1'", "entry 3: visit is not in"),
        ("UPDATE visit SET opening = 1 WHERE visit = 'v1'", "entry 0: visit is not in"),
        ("UPDATE visit SET first = 5 WHERE visit = 'v3'", "entry 5: visit begins here in"),
        ("DELETE FROM visit WHERE visit = 'v4'", "entry 7: visit is not in"),
        ("UPDATE visit SET closing = 7, outcome = 'empty' WHERE visit = 'v4'", "without its event"),
        ("UPDATE visit SET opening = 4 WHERE visit = 'v3'", "without its event"),
        ("INSERT INTO visit VALUES ('v9', 2, 2, 2, 'paid')", "entry 2: visit begins here in"),
    ],
)
def test_p3_a_visit_that_was_changed_in_the_table_is_named(
    shelf: Shelf, change: str, said: str
) -> None:
    busy_day(shelf)
    raw = shelf.raw()
    raw.execute(change)
    finding = audited(shelf)
    assert finding is not None
    assert finding.part == "visit"
    assert said in str(finding)
    assert scrubbed(shelf) is None, "the log itself is whole"


def test_an_audit_is_not_disturbed_by_visits_that_begin_and_end_meanwhile(shelf: Shelf) -> None:
    busy_day(shelf)
    with shelf.reader() as reader:
        audit = reader.audit(KEY)
        shelf.open().append([closed("v4", "empty"), opened("v5"), closed("v5", "paid")], at(9))
        assert finish(audit) is None


def test_p3_a_closed_visit_whose_row_was_opened_again_is_not_recovered_twice(shelf: Shelf) -> None:
    busy_day(shelf)
    shelf.raw().execute("UPDATE visit SET closing = NULL WHERE visit = 'v1'")
    ledger = shelf.open()
    with pytest.raises(LedgerCorruptError, match="entry 3: visit is closed, its row is open; rest"):
        ledger.open_visits()
