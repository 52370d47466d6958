"""The two tables of the gate: what each state does with each input, nothing left out."""

from types import MappingProxyType
from typing import Final

from kiosk.core import visit_entry as entry
from kiosk.core import visit_exit as leaving
from kiosk.core import visit_passing as passing
from kiosk.core.inputs import (
    DeviceLost,
    DoorClosed,
    DoorOpened,
    ExitRequested,
    GroupDeclared,
    IdRejected,
    IdShown,
    InboxOverflowed,
    PaymentsFailed,
    PaymentsSeen,
    ProviderAnswered,
    RecordFailed,
    RecordRefused,
    StaffLocked,
    StaffUnlocked,
    TagsRead,
    TimeUp,
    WayChosen,
)
from kiosk.core.visit_state import (
    Checking,
    Exiting,
    Idle,
    Offered,
    Quiet,
    Reading,
    Refused,
    Settling,
    Unlocked,
)
from kiosk.core.visit_table import Move, Side, nothing

_BEGIN = Move(entry.begin, (Checking, Offered, Unlocked), "ask, grant or offer")
_REJECT = Move(entry.reject, (Offered, Refused), "offer to show it again; refuse a forgery")
_NOTICE = Move(entry.notice_over, (Idle,), "the notice has been read")
_STAFF = Move(passing.staff_unlocked, (Unlocked,), "open at once, record after")
_SAFE = Move(passing.staff_locked, (), "drive the safe level")
_FAULT = Move(entry.not_recorded, (Refused,), "say that the machine has a fault")
_REPLAYED = Move(entry.replayed, (Refused,), "refuse the used code")
_NO_QUESTION = nothing("an answer to a question that nobody asks any more")
_NO_CHOICE = nothing("no choice is on the screen")
_NO_GROUP = nothing("nobody has been let in who could bring others")
_NOT_ENTERING = nothing("nobody was let in; the exit side watches the door")
_NOT_WATCHED = nothing("nobody was let in; what is away is remembered for both sides")
_ONE_AT_A_TIME = nothing("the check takes 1.5 s at most, then the next code is read")

ENTRY: Final = Side(
    "entry",
    (Idle, Checking, Offered, Refused, Unlocked),
    (
        IdShown,
        IdRejected,
        ProviderAnswered,
        WayChosen,
        GroupDeclared,
        DoorOpened,
        DoorClosed,
        DeviceLost,
        StaffUnlocked,
        StaffLocked,
        TimeUp,
        RecordFailed,
        RecordRefused,
    ),
    MappingProxyType(
        {
            (Idle, IdShown): _BEGIN,
            (Idle, IdRejected): _REJECT,
            (Idle, ProviderAnswered): _NO_QUESTION,
            (Idle, WayChosen): _NO_CHOICE,
            (Idle, GroupDeclared): _NO_GROUP,
            (Idle, DoorOpened): _NOT_ENTERING,
            (Idle, DoorClosed): _NOT_ENTERING,
            (Idle, DeviceLost): _NOT_WATCHED,
            (Idle, StaffUnlocked): _STAFF,
            (Idle, StaffLocked): _SAFE,
            (Idle, TimeUp): nothing("nothing is waited for"),
            (Idle, RecordFailed): _FAULT,
            (Idle, RecordRefused): _REPLAYED,
            (Checking, IdShown): _ONE_AT_A_TIME,
            (Checking, IdRejected): _ONE_AT_A_TIME,
            (Checking, ProviderAnswered): Move(
                entry.answered, (Offered, Unlocked), "decide; unlock or offer"
            ),
            (Checking, WayChosen): _NO_CHOICE,
            (Checking, GroupDeclared): _NO_GROUP,
            (Checking, DoorOpened): _NOT_ENTERING,
            (Checking, DoorClosed): _NOT_ENTERING,
            (Checking, DeviceLost): _NOT_WATCHED,
            (Checking, StaffUnlocked): _STAFF,
            (Checking, StaffLocked): _SAFE,
            (Checking, TimeUp): Move(
                entry.unanswered, (Offered,), "unknown is not no: offer the other ways"
            ),
            (Checking, RecordFailed): _FAULT,
            (Checking, RecordRefused): nothing("a check spends no further nonce"),
            (Offered, IdShown): Move(
                entry.show_while_offered,
                (Checking, Offered, Unlocked),
                "take a voucher, or begin anew",
            ),
            (Offered, IdRejected): _REJECT,
            (Offered, ProviderAnswered): _NO_QUESTION,
            (Offered, WayChosen): Move(
                entry.choose,
                (Idle, Checking, Offered),
                "leave, ask staff's list, or await a voucher",
            ),
            (Offered, GroupDeclared): _NO_GROUP,
            (Offered, DoorOpened): _NOT_ENTERING,
            (Offered, DoorClosed): _NOT_ENTERING,
            (Offered, DeviceLost): _NOT_WATCHED,
            (Offered, StaffUnlocked): _STAFF,
            (Offered, StaffLocked): _SAFE,
            (Offered, TimeUp): _NOTICE,
            (Offered, RecordFailed): _FAULT,
            (Offered, RecordRefused): _REPLAYED,
            (Refused, IdShown): _BEGIN,
            (Refused, IdRejected): _REJECT,
            (Refused, ProviderAnswered): _NO_QUESTION,
            (Refused, WayChosen): _NO_CHOICE,
            (Refused, GroupDeclared): _NO_GROUP,
            (Refused, DoorOpened): _NOT_ENTERING,
            (Refused, DoorClosed): _NOT_ENTERING,
            (Refused, DeviceLost): _NOT_WATCHED,
            (Refused, StaffUnlocked): _STAFF,
            (Refused, StaffLocked): _SAFE,
            (Refused, TimeUp): _NOTICE,
            (Refused, RecordFailed): _FAULT,
            (Refused, RecordRefused): _REPLAYED,
            (Unlocked, IdShown): Move(
                passing.busy_while_unlocked, (), "the next customer is told to wait"
            ),
            (Unlocked, IdRejected): nothing("the door is somebody's; the code is read again later"),
            (Unlocked, ProviderAnswered): _NO_QUESTION,
            (Unlocked, WayChosen): _NO_CHOICE,
            (Unlocked, GroupDeclared): Move(
                passing.group_declared, (), "keep the door unlocked for the others"
            ),
            (Unlocked, DoorOpened): Move(passing.door_opened, (), "somebody is passing"),
            (Unlocked, DoorClosed): Move(
                passing.door_closed, (Idle,), "relock; whoever passed is inside; wait for a group"
            ),
            (Unlocked, DeviceLost): Move(
                passing.blinded, (), "remember that the door could not be seen"
            ),
            (Unlocked, StaffUnlocked): _STAFF,
            (Unlocked, StaffLocked): _SAFE,
            (Unlocked, TimeUp): Move(
                passing.unlock_over, (Idle,), "relock; not entered, or the door is held"
            ),
            (Unlocked, RecordFailed): Move(entry.not_recorded, (), "try again soon"),
            (Unlocked, RecordRefused): Move(entry.replayed, (), "refuse the used code"),
        }
    ),
)

_IDENTIFIED = Move(leaving.named, (), "the exit that began unnamed gets its name")
_UNNAMED = Move(leaving.unnamed, (), "the exit stays unnamed; the door opens all the same")
_HEARD = Move(leaving.heard, (), "count the reads")
_LOST = Move(leaving.lost, (), "what was not seen proves nothing")
_OVERFLOW = Move(leaving.overflowed, (), "reads were dropped, so they prove nothing")
_ONE_EXIT = nothing("an exit has begun")
_NO_PAYMENT = nothing("payments are kept with their visits; nothing is being settled")
_NOBODY_LEAVING = nothing("nobody is leaving")

EXIT: Final = Side(
    "exit",
    (Quiet, Exiting, Reading, Settling),
    (
        ExitRequested,
        IdShown,
        DoorOpened,
        DoorClosed,
        TagsRead,
        PaymentsSeen,
        PaymentsFailed,
        DeviceLost,
        InboxOverflowed,
        TimeUp,
        RecordFailed,
        RecordRefused,
    ),
    MappingProxyType(
        {
            (Quiet, ExitRequested): Move(leaving.requested, (Exiting, Reading), "begin the exit"),
            (Quiet, IdShown): Move(
                leaving.identified, (Exiting, Reading), "begin the exit by name"
            ),
            (Quiet, DoorOpened): Move(
                leaving.pushed, (Reading,), "begin at the door, unless somebody is coming in"
            ),
            (Quiet, DoorClosed): _NOBODY_LEAVING,
            (Quiet, TagsRead): nothing("the field is remembered; shelf tags are background"),
            (Quiet, PaymentsSeen): _NO_PAYMENT,
            (Quiet, PaymentsFailed): _NO_PAYMENT,
            (Quiet, DeviceLost): _NOBODY_LEAVING,
            (Quiet, InboxOverflowed): _NOBODY_LEAVING,
            (Quiet, TimeUp): _NOBODY_LEAVING,
            (Quiet, RecordFailed): _NOBODY_LEAVING,
            (Quiet, RecordRefused): _UNNAMED,
            (Exiting, ExitRequested): _ONE_EXIT,
            (Exiting, IdShown): _IDENTIFIED,
            (Exiting, DoorOpened): Move(leaving.passing, (Reading,), "count what passes"),
            (Exiting, DoorClosed): nothing("the door has not been opened"),
            (Exiting, TagsRead): _HEARD,
            (Exiting, PaymentsSeen): _NO_PAYMENT,
            (Exiting, PaymentsFailed): _NO_PAYMENT,
            (Exiting, DeviceLost): _LOST,
            (Exiting, InboxOverflowed): _OVERFLOW,
            (Exiting, TimeUp): Move(
                leaving.not_opened, (Quiet, Settling), "nobody left; shopping goes on"
            ),
            (Exiting, RecordFailed): Move(leaving.exit_not_recorded, (), "wait on"),
            (Exiting, RecordRefused): _UNNAMED,
            (Reading, ExitRequested): _ONE_EXIT,
            (Reading, IdShown): _IDENTIFIED,
            (Reading, DoorOpened): Move(leaving.reopened, (), "read on; the door bounced"),
            (Reading, DoorClosed): Move(
                leaving.door_closed, (), "the window may end when it was long enough"
            ),
            (Reading, TagsRead): _HEARD,
            (Reading, PaymentsSeen): _NO_PAYMENT,
            (Reading, PaymentsFailed): _NO_PAYMENT,
            (Reading, DeviceLost): _LOST,
            (Reading, InboxOverflowed): _OVERFLOW,
            (Reading, TimeUp): Move(
                leaving.window_over, (Settling, Quiet), "ask for payments once more, or settle"
            ),
            (Reading, RecordFailed): Move(
                leaving.window_not_recorded, (Settling,), "close the window; try again soon"
            ),
            (Reading, RecordRefused): _UNNAMED,
            (Settling, ExitRequested): _ONE_EXIT,
            (Settling, IdShown): nothing("the window is over"),
            (Settling, DoorOpened): nothing("the door stays openable"),
            (Settling, DoorClosed): nothing("the window is over"),
            (Settling, TagsRead): nothing("the field is remembered; absence is judged by it"),
            (Settling, PaymentsSeen): Move(leaving.paid, (Quiet,), "settle with what is paid"),
            (Settling, PaymentsFailed): Move(
                leaving.payments_unknown, (Quiet,), "settle without accusing"
            ),
            (Settling, DeviceLost): _LOST,
            (Settling, InboxOverflowed): _OVERFLOW,
            (Settling, TimeUp): Move(leaving.settling_over, (Quiet,), "write the one outcome"),
            (Settling, RecordFailed): Move(leaving.not_recorded, (), "try again soon"),
            (Settling, RecordRefused): _UNNAMED,
        }
    ),
)
