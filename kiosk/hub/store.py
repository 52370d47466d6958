"""The seam between the hub's rules and its database: rows, and what can be done with them.

A `Store` hands out transactions; every rule of the hub runs inside exactly one of them.
SQLite stands behind it today (`kiosk.hub.sql`); one conformance suite holds for every backend.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogRow:
    """One enrolled log and how far the hub has it.

    Attributes:
        log: Name in URLs: the origin with "/" written as "~".
        kiosk: The part of the origin after the shop.
        frontier: Roots of the complete subtrees of the first `size` leaves, 32 bytes each.
        note: The last accepted checkpoint, "" before the first.
        seen_ms: When entries last arrived, None before the first.
        trouble: Why the last upload was refused, "" when it was taken.
    """

    log: str
    origin: str
    kiosk: str
    vkey: str
    size: int = 0
    frontier: bytes = b""
    note: str = ""
    seen_ms: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry of a log: its leaf for good, the rest until it is forgotten."""

    index: int
    leaf: bytes
    salt: bytes | None
    body: bytes | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class ForkRow:
    """Proof that a log told two stories, both signed for.

    Attributes:
        index: The entry whose leaves differ, or the size at which the roots differ.
        what: "leaf" or "root".
    """

    log: str
    index: int
    what: str
    ours: bytes
    theirs: bytes
    note: str
    seen_ms: int


class Logs(Protocol):
    """Enrolled logs, their entries, and the checkpoints that were accepted."""

    def find(self, log: str) -> LogRow | None:
        """Return the log, None when it is not enrolled."""

    def of_kiosk(self, kiosk: str) -> LogRow | None:
        """Return the log that the kiosk of this name writes."""

    def all(self) -> Sequence[LogRow]:
        """Return every enrolled log by name."""

    def enrol(self, row: LogRow) -> None:
        """Add a log; its name, origin and kiosk are new."""

    def append(self, row: LogRow, entries: Sequence[EntryRow], root: bytes) -> None:
        """Add entries, make `row` the new head and keep its checkpoint under its root."""

    def note_trouble(self, log: str, trouble: str) -> None:
        """Keep why the last upload of this log was refused."""

    def leaves(self, log: str, start: int, count: int) -> Sequence[bytes]:
        """Return the leaves from `start` on, at most `count`."""

    def entry(self, log: str, index: int) -> EntryRow | None:
        """Return one entry with what is left of it."""

    def root_at(self, log: str, size: int) -> bytes | None:
        """Return the root of an accepted checkpoint of exactly this size."""

    def add_fork(self, fork: ForkRow) -> None:
        """Keep the proof of a fork; the same one again changes nothing."""

    def forks(self) -> Sequence[ForkRow]:
        """Return every fork that was seen, oldest first."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One version of a signed document, byte for byte as it was published."""

    kind: str
    version: int
    envelope: bytes
    published_ms: int


class Documents(Protocol):
    """Every version of the policy, the key list and the catalogue."""

    def latest(self, kind: str) -> DocumentRow | None:
        """Return the highest version, None before the first."""

    def at(self, kind: str, version: int) -> DocumentRow | None:
        """Return this version, None when it was never published here."""

    def add(self, row: DocumentRow) -> None:
        """Add a version."""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment that staff recorded.

    Attributes:
        number: Position in the feed, from 1; numbers rise in the order of commits.
        digest: SHA-256 of what was asked, to tell a resend from another payment.
        amount_minor: 0 when it pays for named items.
    """

    number: int
    key: str
    digest: bytes
    kiosk: str
    visit: str
    epcs: tuple[str, ...]
    amount_minor: int
    currency: str
    method: str
    at_s: int


class Payments(Protocol):
    """The counter's payments, in the order they were recorded."""

    def by_key(self, key: str) -> PaymentRow | None:
        """Return the payment of this idempotency key."""

    def add(self, row: PaymentRow) -> int:
        """Add a payment and return its number; the row's own number is not read."""

    def after(self, kiosk: str, number: int, limit: int) -> Sequence[PaymentRow]:
        """Return the kiosk's payments beyond `number`, oldest first."""

    def of_visit(self, kiosk: str, visit: str) -> Sequence[PaymentRow]:
        """Return the payments for one visit, oldest first."""


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of a visit; `paid` includes what was paid late."""

    epc: str
    gtin: str
    name: str
    price_minor: int
    paid: bool


@dataclass(frozen=True, slots=True)
class VisitRow:
    """What the hub knows of one visit; the customer is not part of it.

    Attributes:
        policy: Version of the policy that decided, 0 when it is not known.
        payments_through: Number of the last payment that the kiosk itself counted.
        settled_through: Number of the last late payment that was applied here.
        credit_minor: Money that covers no whole line yet.
        exit_index: Entry that gave the outcome, -1 before; in the log `exit_origin`.
    """

    kiosk: str
    visit: str
    decision: str | None = None
    reason: str | None = None
    way: str | None = None
    outcome: str | None = None
    opened_ms: int | None = None
    ended_ms: int | None = None
    policy: int = 0
    currency: str = ""
    payments_through: int = 0
    settled_through: int = 0
    credit_minor: int = 0
    exit_origin: str = ""
    exit_index: int = -1
    exit_leaf: bytes = b""


@dataclass(frozen=True, slots=True)
class GraceRow:
    """The time a customer has to pay late.

    Attributes:
        grace_s: How long it lasts.
        due_s: When it ends; None while the hub's clock is unknown, then no time passes.
        state: running, paid or expired.
    """

    kiosk: str
    visit: str
    amount_minor: int
    currency: str
    started_ms: int
    grace_s: int
    due_s: int | None
    state: str = "running"
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AnonymousRow:
    """An item that left while nobody could be named; it is attributed to nobody."""

    kiosk: str
    index: int
    epc: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """The last thing a kiosk said about one of its devices; `state` is fault or ok."""

    kiosk: str
    device: str
    state: str
    detail: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class MarkRow:
    """One event on a visit's timeline."""

    kiosk: str
    visit: str
    index: int
    type: str
    at_ms: int


class Visits(Protocol):
    """What is projected from the logs, so that pages need not read them."""

    def find(self, kiosk: str, visit: str) -> VisitRow | None:
        """Return one visit."""

    def put(self, row: VisitRow) -> None:
        """Write a visit, new or known."""

    def of_kiosk(self, kiosk: str) -> Sequence[VisitRow]:
        """Return the kiosk's visits in the order in which they began."""

    def since(self, start_ms: int) -> Sequence[VisitRow]:
        """Return the visits that began at or after this time, newest first."""

    def with_outcome(self, outcome: str, limit: int) -> Sequence[VisitRow]:
        """Return visits with this outcome, newest first."""

    def owing(self, limit: int) -> Sequence[VisitRow]:
        """Return unpaid visits with a line that is still not paid, newest first."""

    def by_id(self, visit: str) -> Sequence[VisitRow]:
        """Return the visits of this id; more than one only if two kiosks used it."""

    def lines(self, kiosk: str, visit: str) -> Sequence[LineRow]:
        """Return the visit's lines in read order."""

    def put_lines(self, kiosk: str, visit: str, lines: Sequence[LineRow]) -> None:
        """Replace the visit's lines."""

    def mark(self, rows: Sequence[MarkRow]) -> None:
        """Put events on their visits' timelines."""

    def marks(self, kiosk: str, visit: str) -> Sequence[MarkRow]:
        """Return the visit's timeline, oldest first."""

    def add_anonymous(self, row: AnonymousRow) -> None:
        """Keep an item that left with nobody to name."""

    def anonymous(self, kiosk: str | None, limit: int) -> Sequence[AnonymousRow]:
        """Return such items of one kiosk or of all, oldest first."""

    def put_device(self, row: DeviceRow) -> None:
        """Keep the last word about a device."""

    def devices(self) -> Sequence[DeviceRow]:
        """Return every device that was ever spoken of, by kiosk and name."""


class Graces(Protocol):
    """Who may still pay late, and until when."""

    def find(self, kiosk: str, visit: str) -> GraceRow | None:
        """Return the grace of one visit."""

    def start(self, row: GraceRow) -> None:
        """Begin a grace; a visit has one."""

    def end(self, row: GraceRow, state: str, at_ms: int) -> None:
        """End a running grace as paid or expired."""

    def date(self, row: GraceRow, due_s: int) -> None:
        """Say when a grace ends that had no end yet."""

    def undated(self) -> Sequence[GraceRow]:
        """Return running graces that have no end yet."""

    def due(self, now_s: int) -> Sequence[GraceRow]:
        """Return running graces whose time has passed."""


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """One event on its way into the office log, or already there.

    Attributes:
        key: Says what happened, once: a second event of the same key is not taken.
        data: The event's clear part, canonical JSON.
        index: Position in the office log, None while it waits.
    """

    number: int
    key: str
    type: str
    visit: str | None
    data: bytes
    at_ms: int
    index: int | None = None


class Office(Protocol):
    """The outbox between the hub's database and its own log."""

    def add(self, row: OfficeRow) -> None:
        """Queue an event; a known key changes nothing, the row's own number is not read."""

    def waiting(self, limit: int) -> Sequence[OfficeRow]:
        """Return events that are not in the log yet, oldest first."""

    def written(self, number: int, index: int) -> None:
        """Note that the event stands in the log at this index."""

    def size(self) -> int:
        """Return how many entries of the log are accounted for."""

    def of_visit(self, visit: str) -> Sequence[OfficeRow]:
        """Return the office events of one visit, oldest first."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """All that one transaction can do; it is worth nothing after its `with` block."""

    logs: Logs
    documents: Documents
    payments: Payments
    visits: Visits
    graces: Graces
    office: Office


class Store(Protocol):
    """The hub's database."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that commits at the end of the block, or not at all."""

    def read(self) -> AbstractContextManager[Transaction]:
        """Begin a consistent view of the last commit; nothing may be written in it."""

    def close(self) -> None:
        """Let go of the database."""
