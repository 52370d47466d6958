"""What the ledger keeps: one record per event, split into a clear and a personal part.

The types are past tense and live under `org.trustkiosk.`; an event is never edited.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kiosk.core.values import CustomerRef, Json, VisitId

NAMESPACE: Final = "org.trustkiosk"

OPENING: Final = "visit.opened"
"""The event that begins a visit."""
OUTCOMES: Final = frozenset({"exit.paid", "exit.empty", "exit.unpaid", "exit.unresolved"})
"""The events that give a visit its outcome."""
CLOSING: Final = OUTCOMES | {"visit.not_entered"}
"""The events that end a visit; the ledger refuses a second one for the same visit (P3)."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event on its way into the ledger.

    Attributes:
        type: Noun and verb, "visit.opened"; the store adds namespace and version.
        data: The clear part: no customer reference, nonce, contact or free text.
        visit: The visit it belongs to, None outside visits.
        customer: Whose key seals and whose subject is blinded; None for nobody.
        personal: The sealed part; empty when there is none. Needs a customer.
    """

    type: str
    data: Mapping[str, Json] = field(default_factory=dict)
    visit: VisitId | None = None
    customer: CustomerRef | None = None
    personal: Mapping[str, Json] = field(default_factory=dict)
