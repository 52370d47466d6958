"""The database is brought to this version's shape, or left alone with one line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from kiosk.hub.errors import HubStateError, HubVersionError
from kiosk.hub.sql.migrate import _remedy, migrate
from kiosk.hub.sql.schema import METADATA
from kiosk.hub.sql.store import SqlStore, open_engine


def test_the_steps_make_the_tables_that_the_queries_expect(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "hub.db")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_database_of_this_version_is_left_as_it_is(tmp_path: Path) -> None:
    for _ in range(2):
        engine = open_engine(tmp_path / "hub.db")
        migrate(engine)
        SqlStore(engine).close()


def test_a_database_of_a_newer_version_is_refused_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    engine = open_engine(path)
    migrate(engine)
    SqlStore(engine).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    engine = open_engine(path)
    with pytest.raises(HubVersionError, match="newer version") as refused:
        migrate(engine)
    engine.dispose()
    assert path.read_bytes() == before
    assert "\n" not in str(refused.value)


def test_an_older_database_is_brought_up_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        raw.execute("CREATE TABLE kept (word TEXT)")
        raw.execute("INSERT INTO kept VALUES ('here')")
    engine = open_engine(path)
    migrate(engine)
    SqlStore(engine).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT word FROM kept").fetchone() == ("here",)
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)


def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE payment (number INTEGER)")
    engine = open_engine(path)
    with pytest.raises(HubStateError):
        migrate(engine)
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw:
        names = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
    assert names == {"payment"}


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"not a database at all, but long enough to look like one" * 40)
    engine = open_engine(path)
    with pytest.raises(HubStateError, match=r"hub\.db") as refused:
        migrate(engine)
    engine.dispose()
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("; restore it from a backup")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (sqlite3.SQLITE_FULL, "free some space"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "check that the disk works and the directory is ours"),
        (sqlite3.SQLITE_NOTADB, "restore it from a backup"),
    ],
)
def test_the_remedy_is_that_of_the_fault(code: int, remedy: str) -> None:
    error = sqlite3.OperationalError("why")
    error.sqlite_errorcode = code
    assert _remedy(error).startswith(remedy)
