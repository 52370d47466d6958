"""Stores and hubs that live in the test's directory."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import Clock, create_offset
from kiosk.hub.app import close_hub, create_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.sql.migrate import migrate
from kiosk.hub.sql.store import SqlStore, open_engine
from kiosk.hub.state import open_state
from tests.hub.inprocess import Client, serving
from tests.hub.worlds import KioskLog, Owner, Visitor


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def kiosk_log() -> KioskLog:
    return KioskLog()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest tables, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "hub.db"
    engine = open_engine(path)
    migrate(engine)
    SqlStore(engine).close()
    return path


@pytest.fixture
def sql_store(tmp_path: Path, migrated: Path) -> Iterator[SqlStore]:
    store = SqlStore(open_engine(Path(shutil.copy(migrated, tmp_path / "hub.db"))))
    yield store
    store.close()


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    create_offset(tmp_path / "clock")
    clock = Clock(tmp_path / "clock", "always")
    yield clock
    clock.close()


@pytest.fixture
def hub(tmp_path: Path, migrated: Path, owner: Owner, clock: Clock) -> Iterator[Hub]:
    (tmp_path / "hub").mkdir(mode=0o700)
    shutil.copy(migrated, tmp_path / "hub" / "hub.db")
    hub = open_hub(open_state(tmp_path / "hub", "shop"), owner.key, clock)
    yield hub
    close_hub(hub)


@pytest.fixture
def client(hub: Hub) -> Iterator[Client]:
    with serving(create_app(hub)) as client:
        yield client


@pytest.fixture
def visitor(client: Client, hub: Hub, owner: Owner, kiosk_log: KioskLog) -> Visitor:
    """A hub with a policy and an enrolled kiosk, and what can be asked of it."""
    visitor = Visitor(client, hub.state.staff_token, hub.state.kiosk_token)
    assert client.put("/v1/documents/policy", content=owner.policy()).status_code == 201
    assert visitor.enrol(kiosk_log).status_code == 201
    return visitor
