"""What reaches the core: facts in the past tense, each with the moment it was known."""

from dataclasses import dataclass

from kiosk.core.identity import TokenFault
from kiosk.core.values import Answer, Claim, Epc, Moment, Payment, RequestId, VisitId, Way


@dataclass(frozen=True, slots=True)
class IdShown:
    """A verified identity was shown.

    Attributes:
        side: "entry" or "exit".
        visit: A fresh id for the attempt that this begins.
    """

    at: Moment
    claim: Claim
    visit: VisitId
    side: str = "entry"


@dataclass(frozen=True, slots=True)
class IdRejected:
    """A code was shown that proves nothing; `visit` is a fresh id for the attempt."""

    at: Moment
    fault: TokenFault
    visit: VisitId
    side: str = "entry"


@dataclass(frozen=True, slots=True)
class ProviderAnswered:
    """A provider answered, or its worker says why it could not be asked."""

    at: Moment
    answer: Answer


@dataclass(frozen=True, slots=True)
class WayChosen:
    """The customer chose a way in, or None to leave."""

    at: Moment
    way: Way | None


@dataclass(frozen=True, slots=True)
class GroupDeclared:
    """The customer who was let in said that others come in on the same visit."""

    at: Moment


@dataclass(frozen=True, slots=True)
class DoorOpened:
    """The door contact says open."""

    at: Moment


@dataclass(frozen=True, slots=True)
class DoorClosed:
    """The door contact says closed."""

    at: Moment


@dataclass(frozen=True, slots=True)
class ExitRequested:
    """The physical exit trigger was used: "button", "beam" or "reader"."""

    at: Moment
    source: str


@dataclass(frozen=True, slots=True)
class Read:
    """One read of one tag at the exit reader; RSSI is None when the reader has none."""

    epc: Epc
    rssi_dbm: int | None


@dataclass(frozen=True, slots=True)
class TagsRead:
    """A batch of reads at the exit, oldest first."""

    at: Moment
    reads: tuple[Read, ...]


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A device went away; its role says what that means ("exit-reader", "door", ...)."""

    at: Moment
    device: str
    role: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeviceFound:
    """A device is back, or there for the first time."""

    at: Moment
    device: str
    role: str


@dataclass(frozen=True, slots=True)
class PaymentsSeen:
    """The payment provider's feed moved on.

    Attributes:
        through: The feed's cursor after these payments.
        request_id: The question it answers; "" when the feed was polled.
    """

    at: Moment
    payments: tuple[Payment, ...]
    through: int
    request_id: RequestId = RequestId("")


@dataclass(frozen=True, slots=True)
class PaymentsFailed:
    """The payment provider could not be asked."""

    at: Moment
    request_id: RequestId


@dataclass(frozen=True, slots=True)
class StaffUnlocked:
    """Staff opened the door by the control socket; it waits for nothing.

    Attributes:
        reason: Why, in their own words; "" when they gave none.
    """

    at: Moment
    reason: str


@dataclass(frozen=True, slots=True)
class StaffLocked:
    """Staff drove the lock to its safe level."""

    at: Moment


@dataclass(frozen=True, slots=True)
class InboxOverflowed:
    """Readings came faster than they could be taken; what was read is incomplete."""

    at: Moment
    dropped: int


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The earliest deadline passed."""

    at: Moment


Cause = (
    IdShown
    | IdRejected
    | ProviderAnswered
    | WayChosen
    | GroupDeclared
    | DoorOpened
    | DoorClosed
    | ExitRequested
    | TagsRead
    | DeviceLost
    | DeviceFound
    | PaymentsSeen
    | PaymentsFailed
    | StaffUnlocked
    | StaffLocked
    | InboxOverflowed
    | TimeUp
)
"""Everything that can make the core ask for a record."""


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """The ledger could not write what `cause` asked for; the old state is told."""

    at: Moment
    cause: Cause


@dataclass(frozen=True, slots=True)
class RecordRefused:
    """The nonce of `cause` was spent before: the code was used, nothing was written."""

    at: Moment
    cause: Cause


Input = Cause | RecordFailed | RecordRefused
