"""The time to pay late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kiosk.hub.store.visits import VisitKey


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


class Graces(Protocol):
    """Who may still pay late, and until when."""

    def find(self, kiosk: str, visit: str) -> GraceRow | None:
        """Return the grace of one visit."""

    def of_visits(self, visits: Sequence[VisitKey]) -> Mapping[VisitKey, GraceRow]:
        """Return the graces of many visits at once; a visit without one is left out."""

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
