"""The first tables: logs, documents, payments, the projection of visits, the office outbox."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

KEPT: Final = ("entry", "checkpoint", "fork", "document", "payment")
"""Tables whose rows are never changed and never removed."""


def upgrade() -> None:
    """Make the tables."""
    _make_logs()
    _make_books()
    _make_visits()
    _make_lines()
    _make_graces()
    for table in KEPT:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_keeps_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _text(name: str, *, key: bool = False, empty: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), primary_key=key, nullable=empty)


def _number(name: str, *, key: bool = False, empty: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), primary_key=key, nullable=empty)


def _bytes(name: str, *, key: bool = False, empty: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), primary_key=key, nullable=empty)


def _counter() -> sa.Column[int]:
    return sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True, nullable=False)


def _make_logs() -> None:
    op.create_table(
        "log",
        _text("log", key=True),
        sa.Column("origin", sa.String(), nullable=False, unique=True),
        sa.Column("kiosk", sa.String(), nullable=False, unique=True),
        _text("vkey"),
        _number("size"),
        _bytes("frontier"),
        _text("note"),
        _number("seen_ms", empty=True),
        _text("trouble"),
    )
    place = (_text("log", key=True), _number("idx", key=True))
    op.create_table("entry", *place, _bytes("leaf"), sqlite_with_rowid=False)
    place = (_text("log", key=True), _number("idx", key=True))
    op.create_table("body", *place, _bytes("salt"), _bytes("body"), _bytes("sealed", empty=True))
    op.create_table(
        "checkpoint",
        _text("log", key=True),
        _number("size", key=True),
        _bytes("root"),
        _text("note"),
    )
    op.create_table(
        "fork",
        _text("log", key=True),
        _number("idx", key=True),
        _text("what", key=True),
        _bytes("theirs", key=True),
        _bytes("ours"),
        _text("note"),
        _number("seen_ms"),
    )


def _make_books() -> None:
    op.create_table(
        "document",
        _text("kind", key=True),
        _number("version", key=True),
        _bytes("envelope"),
        _number("published_ms"),
    )
    op.create_table(
        "payment",
        _counter(),
        sa.Column("key", sa.String(), nullable=False, unique=True),
        _bytes("digest"),
        _text("kiosk"),
        _text("visit"),
        _text("epcs"),
        _number("amount_minor"),
        _text("currency"),
        _text("method"),
        _number("at_s"),
        sqlite_autoincrement=True,
    )
    op.create_index("payment_feed", "payment", ["kiosk", "number"])
    op.create_index("payment_visit", "payment", ["kiosk", "visit", "number"])
    op.create_table(
        "office",
        _counter(),
        _text("key"),
        _text("type"),
        _text("visit", empty=True),
        _bytes("data"),
        _number("at_ms"),
        _number("idx", empty=True),
        sa.UniqueConstraint("key", name="office_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("office_visit", "office", ["visit", "number"])
    op.create_index("office_waiting", "office", ["idx"])


def _make_visits() -> None:
    op.create_table(
        "visit",
        _text("kiosk", key=True),
        _text("visit", key=True),
        _text("decision", empty=True),
        _text("reason", empty=True),
        _text("way", empty=True),
        _text("outcome", empty=True),
        _number("opened_ms", empty=True),
        _number("ended_ms", empty=True),
        _number("policy"),
        _text("currency"),
        _number("payments_through"),
        _number("settled_through"),
        _number("credit_minor"),
        _text("exit_origin"),
        _number("exit_index"),
        _bytes("exit_leaf"),
    )
    op.create_index("visit_opened", "visit", ["opened_ms"])
    op.create_index("visit_outcome", "visit", ["outcome", "ended_ms"])
    op.create_index("visit_id", "visit", ["visit"])


def _make_lines() -> None:
    op.create_table(
        "line",
        _text("kiosk", key=True),
        _text("visit", key=True),
        sa.Column("position", sa.Integer(), primary_key=True, nullable=False),
        _text("epc"),
        _text("gtin"),
        _text("name"),
        _number("price_minor"),
        sa.Column("paid", sa.Integer(), nullable=False),
    )
    op.create_table(
        "mark",
        _text("kiosk", key=True),
        _text("visit", key=True),
        _number("idx", key=True),
        _text("type"),
        _number("at_ms"),
    )


def _make_graces() -> None:
    op.create_table(
        "grace",
        _text("kiosk", key=True),
        _text("visit", key=True),
        _number("amount_minor"),
        _text("currency"),
        _number("started_ms"),
        _number("grace_s"),
        _number("due_s", empty=True),
        _text("state"),
        _number("ended_ms", empty=True),
    )
    op.create_index("grace_due", "grace", ["state", "due_s"])
    op.create_table(
        "anonymous",
        _text("kiosk", key=True),
        _number("idx", key=True),
        _text("epc", key=True),
        _number("at_ms"),
    )
    op.create_index("anonymous_at", "anonymous", ["at_ms"])
    op.create_table(
        "device",
        _text("kiosk", key=True),
        _text("device", key=True),
        _text("state"),
        _text("detail"),
        _number("at_ms"),
    )
