"""The service lives on while it cannot erase: it is tried again a minute later."""

import asyncio
from pathlib import Path

import pytest

from kiosk.core.values import CustomerRef
from kiosk.scoring.checks import Checks
from kiosk.scoring.formula import DAY_S, Fact, Severity
from kiosk.scoring.server import Tidying
from kiosk.scoring.store import Store
from tests.scarce import full_disk
from tests.scoring.documents import NOW_S, SERVICE, policy

OLD = Fact("1", "shop", "late", -5, Severity.MINOR, NOW_S - 400 * DAY_S)
ADA = CustomerRef("ada")


def test_p7_what_a_full_disk_keeps_from_being_erased_is_erased_at_the_next_look(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path / "scores.db") as store:
        with store.transaction():
            store.add(ADA, OLD)
        tidying = Tidying(Checks(store, SERVICE, policy), lambda: NOW_S)
        with full_disk():
            assert asyncio.run(tidying()), "whoever cannot erase still answers"
        assert "nothing erased now" in caplog.text
        kept = store.record(ADA)
        assert kept is not None
        assert kept.facts == (OLD,)
        tidying.last_s = float("-inf")
        assert asyncio.run(tidying())
        kept = store.record(ADA)
        assert kept is not None
        assert kept.facts == ()
