"""What the core wants done, in order; the daemon's effects carry each command out.

The order binds: a `Record` is durable before any command after it runs (P1).
"""

from dataclasses import dataclass

from kiosk.core.events import EventRecord
from kiosk.core.reasons import Reason
from kiosk.core.values import CustomerRef, RequestId, Spend, VisitId, Way


@dataclass(frozen=True, slots=True)
class Record:
    """Append these events in one durable transaction, spending a nonce with it."""

    events: tuple[EventRecord, ...]
    spend: Spend | None = None


@dataclass(frozen=True, slots=True)
class AskProvider:
    """Ask whether the customer meets the thresholds; the answer comes back as an input.

    Attributes:
        provider: "score" for the configured provider, "vouch" for the allow-list of staff.
        nonce: The token's nonce: the provider answers its first asker only; "" without one.
    """

    request_id: RequestId
    provider: str
    customer: CustomerRef
    purpose: str
    thresholds: tuple[str, ...]
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class AskPayments:
    """Ask the payment provider once more for payments after `after`; `request_id` binds it."""

    request_id: RequestId
    after: int


@dataclass(frozen=True, slots=True)
class Unlock:
    """Energise the entry lock for `hold_s`; a later expiry wins."""

    hold_s: int
    cause: str


@dataclass(frozen=True, slots=True)
class Relock:
    """Lock the entry now."""

    cause: str


@dataclass(frozen=True, slots=True)
class Show:
    """Tell the customer: a reason in plain words and the ways that are open (P9).

    Attributes:
        side: "entry" or "exit".
        ways: Ways in that can be chosen now.
        wait_s: How long the wait will be, 0 when it is not known.
    """

    side: str
    reason: Reason
    ways: tuple[Way, ...] = ()
    wait_s: int = 0
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flush:
    """Upload now instead of lingering: an owner wants to see this event."""

    visit: VisitId | None


Command = Record | AskProvider | AskPayments | Unlock | Relock | Show | Flush
