"""The tables as the queries see them; the migrations are what makes them.

A test compares both, so that neither can move alone.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

METADATA: Final = MetaData()

LOG: Final = Table(
    "log",
    METADATA,
    Column("log", String, primary_key=True),
    Column("origin", String, nullable=False, unique=True),
    Column("kiosk", String, nullable=False, unique=True),
    Column("vkey", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("note", String, nullable=False),
    Column("seen_ms", BigInteger),
    Column("trouble", String, nullable=False),
)

ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("log", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("leaf", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

BODY: Final = Table(
    "body",
    METADATA,
    Column("log", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
)

CHECKPOINT: Final = Table(
    "checkpoint",
    METADATA,
    Column("log", String, primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("note", String, nullable=False),
)

FORK: Final = Table(
    "fork",
    METADATA,
    Column("log", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("what", String, primary_key=True),
    Column("theirs", LargeBinary, primary_key=True),
    Column("ours", LargeBinary, nullable=False),
    Column("note", String, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)

DOCUMENT: Final = Table(
    "document",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("envelope", LargeBinary, nullable=False),
    Column("published_ms", BigInteger, nullable=False),
)

PAYMENT: Final = Table(
    "payment",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False),
    Column("kiosk", String, nullable=False),
    Column("visit", String, nullable=False),
    Column("epcs", String, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("method", String, nullable=False),
    Column("at_s", BigInteger, nullable=False),
    Index("payment_feed", "kiosk", "number"),
    Index("payment_visit", "kiosk", "visit", "number"),
    sqlite_autoincrement=True,
)

VISIT: Final = Table(
    "visit",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("visit", String, primary_key=True),
    Column("decision", String),
    Column("reason", String),
    Column("way", String),
    Column("outcome", String),
    Column("opened_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("policy", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("payments_through", BigInteger, nullable=False),
    Column("settled_through", BigInteger, nullable=False),
    Column("credit_minor", BigInteger, nullable=False),
    Column("exit_origin", String, nullable=False),
    Column("exit_index", BigInteger, nullable=False),
    Column("exit_leaf", LargeBinary, nullable=False),
    Index("visit_opened", "opened_ms"),
    Index("visit_outcome", "outcome", "ended_ms"),
    Index("visit_id", "visit"),
)

LINE: Final = Table(
    "line",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("visit", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("epc", String, nullable=False),
    Column("gtin", String, nullable=False),
    Column("name", String, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("paid", Integer, nullable=False),
)

MARK: Final = Table(
    "mark",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("visit", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("type", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

ANONYMOUS: Final = Table(
    "anonymous",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("epc", String, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Index("anonymous_at", "at_ms"),
)

DEVICE: Final = Table(
    "device",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

READING: Final = Table(
    "reading",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("day", BigInteger, primary_key=True),
    Column("exits", BigInteger, nullable=False),
    Column("unread", BigInteger, nullable=False),
)

OPENING: Final = Table(
    "opening",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("visit", String),
    Column("at_ms", BigInteger, nullable=False),
    Index("opening_at", "at_ms"),
)

GRACE: Final = Table(
    "grace",
    METADATA,
    Column("kiosk", String, primary_key=True),
    Column("visit", String, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("grace_s", BigInteger, nullable=False),
    Column("due_s", BigInteger),
    Column("state", String, nullable=False),
    Column("ended_ms", BigInteger),
    Index("grace_due", "state", "due_s"),
)

OFFICE: Final = Table(
    "office",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False),
    Column("type", String, nullable=False),
    Column("visit", String),
    Column("data", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("idx", BigInteger),
    Index("office_visit", "visit", "number"),
    Index("office_waiting", "idx"),
    UniqueConstraint("key", name="office_key"),
    sqlite_autoincrement=True,
)
