"""The outbox between the hub's database and its own log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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
