"""The states of a gate: its entry side, its exit side, and who is inside.

The two sides move on their own, because one customer may be leaving while another is answered.
States are frozen; a combination that makes no sense cannot be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from kiosk.core.access import Decision
from kiosk.core.basket import Sights, Window
from kiosk.core.catalogue import Catalogue
from kiosk.core.events import EventRecord
from kiosk.core.policy import Policy
from kiosk.core.signing import VerifyKey
from kiosk.core.values import Claim, Epc, Line, Payment, RequestId, VisitId, Way

EXIT_READER: Final = "exit-reader"
DOOR: Final = "door"
SENSORS: Final = frozenset({EXIT_READER, DOOR})
"""Roles without which nobody can say what left: no visit begins, none is found unpaid."""
NOTICE_MS: Final = 20_000  # nobody should have to read in a hurry (DESIGN 6: at least 20 s)
RETRY_MS: Final = 2000  # between attempts to record what the disk refused
PASSING_MS: Final = 30_000  # an opened door that is still open then is held
CROWD_MS: Final = 900_000
"""How long a group's last ones may take to follow: minutes. Longer would leave no exit clear."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner has published, as one step may know it.

    Attributes:
        gate: Name of this gate.
        audiences: The names under which a token may be made out to this kiosk.
        keys: Every key that may sign a token, by key id.
    """

    gate: str
    policy: Policy
    catalogue: Catalogue
    keys: Mapping[str, VerifyKey]
    audiences: frozenset[str]


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who may be inside, from the grant to the outcome.

    Attributes:
        until_ms: When a stay without an exit ends as unresolved.
        payments: Recorded before the exit was settled, in feed order.
        group: The customer said that others come in on it too.
    """

    id: VisitId
    claim: Claim
    way: Way
    tier: str
    until_ms: int
    payments: tuple[Payment, ...] = ()
    group: bool = False

    @property
    def paid_epcs(self) -> frozenset[Epc]:
        """The items that its payments name."""
        return frozenset(epc for payment in self.payments for epc in payment.epcs)


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is being answered."""


@dataclass(frozen=True, slots=True)
class Checking:
    """A provider is being asked; `way` says which one, `asked` how often one was before."""

    visit: VisitId
    claim: Claim
    way: Way
    request_id: RequestId
    asked_ms: int
    due_ms: int
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Offered:
    """Other ways in are on the screen.

    Attributes:
        claim: Who it is, None when the code proved nothing.
        asked: Times that a way was chosen, so that each request has an id of its own.
    """

    visit: VisitId
    claim: Claim | None
    decision: Decision
    due_ms: int
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal is on the screen."""

    decision: Decision
    due_ms: int


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The entry lock is open.

    Attributes:
        visit: Who may come in; None when staff opened the door.
        opened: The door has been opened since, or stood open already.
        unseen: The door contact was away meanwhile: who came in, nobody can say.
        staff: Staff opened it meanwhile: it may be one of them who comes in.
        group_ms: Until when a closing door does not relock, so that a group can pass.
    """

    visit: Visit | None
    due_ms: int
    opened: bool = False
    unseen: bool = False
    staff: bool = False
    group_ms: int = 0


Entry = Idle | Checking | Offered | Refused | Unlocked


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody is leaving."""


@dataclass(frozen=True, slots=True)
class Exiting:
    """The exit trigger was used; the door has not opened yet. `visit` None: nobody known."""

    visit: VisitId | None
    window: Window
    due_ms: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The door was opened; what passes the reader is counted."""

    visit: VisitId | None
    window: Window
    ends_ms: int
    due_ms: int
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Settling:
    """The window is over: absence is awaited and payments are asked for once more.

    Attributes:
        through: Cursor of the payment feed that the answer gave; -1 until it came.
        failed: The payment provider could not be asked.
    """

    visit: VisitId | None
    window: Window
    request_id: RequestId
    ends_ms: int
    due_ms: int
    through: int = -1
    failed: bool = False


Leaving = Quiet | Exiting | Reading | Settling


@dataclass(frozen=True, slots=True)
class Others:
    """Those who may be inside and have no visit.

    Attributes:
        guests: Until when each may be inside who came in without one, soonest first.
        crowd_ms: Until when some of a group may be inside whose visit is over; nobody counts them.
    """

    guests: tuple[int, ...] = ()
    crowd_ms: int = 0

    def at(self, now_ms: int) -> Self:
        """Return those of them who may still be inside at that time."""
        guests = tuple(until_ms for until_ms in self.guests if until_ms > now_ms)
        return replace(self, guests=guests, crowd_ms=self.crowd_ms if self.crowd_ms > now_ms else 0)


@dataclass(frozen=True, slots=True)
class Gate:
    """Everything that the owner thread holds about one gate.

    Attributes:
        inside: Visits that have entered and have no outcome, in order of entry.
        heard: What the exit reader hears, exit or not.
        gone: Tags on the lines of earlier outcomes, or sold: never charged again.
        away: Role and name of the devices that are away.
        lost: The roles of those.
        bad_ms: When wrong codes were shown, within the last minute.
        through: Cursor of the payment feed.
        door_open: What the door contact said last.
        closed_ms: When the door closed last, None when it never did.
        guests: Until when each may be inside who came in and has no visit, soonest first.
        crowd_ms: Until when some of a group may be inside whose visit is over; nobody counts them.
        counted: Guests and crowd as the ledger was told of them last.
        owed: Events that happened and that the ledger could not write yet.
        owed_ms: When they are tried again.
        notice_ms: When the notice on the screen goes back to the welcome, 0 when none is shown.
    """

    entry: Entry = field(default_factory=Idle)
    leaving: Leaving = field(default_factory=Quiet)
    inside: tuple[Visit, ...] = ()
    heard: Sights = field(default_factory=dict)
    gone: frozenset[Epc] = frozenset()
    away: frozenset[tuple[str, str]] = frozenset()
    lost: frozenset[str] = frozenset()
    bad_ms: tuple[int, ...] = ()
    through: int = 0
    door_open: bool = False
    closed_ms: int | None = None
    guests: tuple[int, ...] = ()
    crowd_ms: int = 0
    counted: Others = field(default_factory=Others)
    owed: tuple[EventRecord, ...] = ()
    owed_ms: int = 0
    notice_ms: int = 0

    def visit(self, visit: VisitId | None) -> Visit | None:
        """Return the visit inside with this id, None when there is none."""
        return next((each for each in self.inside if each.id == visit), None)

    def others(self, now_ms: int) -> bool:
        """Whether somebody may be inside who has no visit."""
        return self.crowd_ms > now_ms or any(until_ms > now_ms for until_ms in self.guests)

    def with_others(self, until_ms: int, *, group: bool = False) -> Self:
        """Return the gate that minds one more without a visit, or a group, until then."""
        if group:
            return replace(self, crowd_ms=max(self.crowd_ms, until_ms))
        return replace(self, guests=tuple(sorted((*self.guests, until_ms))))


@dataclass(frozen=True, slots=True)
class Settled:
    """How an exit came out, ready to be recorded.

    Attributes:
        over: Limits of the tier that it went beyond: "items", "value"; the owner is told.
    """

    lines: tuple[Line, ...]
    unpaid_minor: int
    credit_minor: int
    over: tuple[str, ...] = ()
