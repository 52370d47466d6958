"""Signed documents: every version that was published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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

    def all(self, kind: str) -> Sequence[DocumentRow]:
        """Return every version, oldest first."""

    def add(self, row: DocumentRow) -> None:
        """Add a version."""
