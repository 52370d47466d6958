"""Bring the database to the version of this code, or refuse it in one line."""

import sqlite3
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from kiosk.hub.errors import HubStateError, HubVersionError

SCRIPTS: Final = Path(__file__).parents[1] / "migrations"


def migrate(engine: Engine) -> None:
    """Run the missing steps in one transaction.

    Raises:
        HubVersionError: A newer kiosk wrote it; nothing was changed.
        HubStateError: It is damaged, or cannot be written; nothing was changed.
    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    steps = ScriptDirectory.from_config(config)
    known = {step.revision for step in steps.walk_revisions()}
    place = engine.url.database
    try:
        with engine.connect() as connection, connection.begin():
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and found not in known:
                raise HubVersionError(
                    f"{place}: written by a newer version ({found}); update kiosk first"
                )
            if found != steps.get_current_head():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except DatabaseError as error:
        raise HubStateError(f"{place}: {error.orig}; {_remedy(error.orig)}") from error


def _remedy(error: BaseException | None) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # the primary code
    match code:
        case sqlite3.SQLITE_FULL:
            return "free some space"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR:
            return "check that the disk works and the directory is ours to write"
        case _:
            return "restore it from a backup"
