"""Enrolled logs, their entries, and the proof when one told two stories."""

from collections.abc import Sequence
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
