"""Stores and hubs that live in the test's directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.hub.sql.migrate import migrate
from kiosk.hub.sql.store import SqlStore, open_engine
from tests.hub.worlds import KioskLog, Owner


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def kiosk_log() -> KioskLog:
    return KioskLog()


@pytest.fixture
def sql_store(tmp_path: Path) -> Iterator[SqlStore]:
    engine = open_engine(tmp_path / "hub.db")
    migrate(engine)
    store = SqlStore(engine)
    yield store
    store.close()
