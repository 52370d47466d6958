"""What is projected from the logs: visits, lines, timelines, losses, openings and devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

VisitKey = tuple[str, str]
"""Kiosk and visit id."""


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

    @property
    def key(self) -> VisitKey:
        """What names it: two kiosks may use one id."""
        return self.kiosk, self.visit


@dataclass(frozen=True, slots=True)
class Owed:
    """What all unpaid visits owe together."""

    visits: int
    minor: int


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
class OpeningRow:
    """Staff had the door opened; why is sealed in the kiosk's own log, at `index`.

    Attributes:
        visit: The visit that was going on at the entry, None without one.
    """

    kiosk: str
    index: int
    visit: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """How many exits a kiosk read, and how many of them mostly not.

    A reader that is blind shows here without anybody being accused.
    """

    kiosk: str
    exits: int
    unread: int


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

    def owed(self) -> Owed:
        """Return how many visits `owing` has without a limit, and what they owe."""

    def owing(self, limit: int) -> Sequence[VisitRow]:
        """Return unpaid visits with a line that is still not paid, newest first."""

    def by_id(self, visit: str) -> Sequence[VisitRow]:
        """Return the visits of this id; more than one only if two kiosks used it."""

    def lines(self, kiosk: str, visit: str) -> Sequence[LineRow]:
        """Return the visit's lines in read order."""

    def lines_of(self, visits: Sequence[VisitKey]) -> Mapping[VisitKey, Sequence[LineRow]]:
        """Return the lines of many visits at once, in read order; () for one without lines."""

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

    def add_opening(self, row: OpeningRow) -> None:
        """Keep that staff had the door opened."""

    def openings(self, since_ms: int, limit: int) -> Sequence[OpeningRow]:
        """Return the openings by staff at or after this time, newest first."""

    def count_reading(self, kiosk: str, at_ms: int, *, unread: bool) -> None:
        """Count an exit that was read, on its day."""

    def readings(self, since_ms: int) -> Sequence[ReadingRow]:
        """Return the counts of each kiosk since the day of this time, by kiosk."""
