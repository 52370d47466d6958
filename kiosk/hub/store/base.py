"""The seam itself: a `Store` hands out transactions, and every rule runs inside exactly one.

SQLite stands behind it today (`kiosk.hub.sql`); one conformance suite holds for every backend.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kiosk.hub.store.documents import Documents
from kiosk.hub.store.graces import Graces
from kiosk.hub.store.logs import Logs
from kiosk.hub.store.office import Office
from kiosk.hub.store.payments import Payments
from kiosk.hub.store.visits import Visits


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
