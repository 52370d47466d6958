"""Why the gate answered as it did: a code for the ledger, plain words for the customer (P9).

Every reason has a title, what it means, and what to do next. None of them holds a person's data.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Reason(StrEnum):
    """A reason code, as ledger, script and pages write it."""

    IDLE = "idle"
    CHECKING = "checking"
    MET = "met"
    VOUCHER = "voucher"
    VOUCHED = "vouched"
    STAFF = "staff"
    GROUP = "group"
    BELOW = "below-threshold"
    UNKNOWN = "unknown"
    PROVIDER_DOWN = "provider-down"
    NO_PROVIDER = "no-provider"
    BUSY = "busy"
    CLOSED = "closed"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"
    WRONG_SHOP = "wrong-shop"
    UNKNOWN_ISSUER = "unknown-issuer"
    CLOCK_UNKNOWN = "clock-unknown"
    POLICY_EXPIRED = "policy-expired"
    NO_THRESHOLD = "no-threshold"
    CLAIM_ONLY = "claim-only"
    NOT_VOUCHED = "not-vouched"
    SHOW_VOUCHER = "show-voucher"
    READER_DOWN = "reader-down"
    FORGED = "forged"
    REPLAYED = "replayed"
    RATE_LIMITED = "rate-limited"
    NOT_RECORDED = "not-recorded"
    LEFT = "left"
    NOT_ENTERED = "not-entered"
    DOOR_HELD = "door-held"
    EXIT_FREE = "exit-free"
    READING = "reading"
    PAID = "paid"
    EMPTY = "empty"
    UNPAID = "unpaid"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Words:
    """What the customer reads: a title, one sentence of meaning, and the next step.

    The next step is "" where there is none but another way in (kiosk/core/notice.py names it).
    """

    title: str
    meaning: str
    next_step: str


WORDS: Final = MappingProxyType(
    {
        Reason.IDLE: Words("Welcome", "Show your code to the camera.", "No code? Ask staff."),
        Reason.CHECKING: Words("One moment", "We are asking for you.", "Please wait."),
        Reason.MET: Words("Come in", "The door is open for you.", "Pull the door now."),
        Reason.VOUCHER: Words("Come in", "Your voucher is accepted.", "Pull the door now."),
        Reason.VOUCHED: Words("Come in", "Staff vouched for you.", "Pull the door now."),
        Reason.STAFF: Words("Open", "Staff opened the door.", "Pull the door now."),
        Reason.GROUP: Words(
            "Come in together",
            "All that your group takes is on your visit.",
            "Please leave together as well.",
        ),
        Reason.BELOW: Words(
            "Not this way today",
            "Your provider says that the published threshold is not met.",
            "",
        ),
        Reason.UNKNOWN: Words(
            "We cannot tell",
            "Your provider has no answer about you. That is not a no.",
            "",
        ),
        Reason.PROVIDER_DOWN: Words(
            "The check is not working",
            "The fault is ours, not yours: the provider did not answer.",
            "Show your code again in a minute.",
        ),
        Reason.NO_PROVIDER: Words("No score is used here", "This shop asks no score provider.", ""),
        Reason.BUSY: Words(
            "Somebody is inside",
            "This shop lets in only so many at a time.",
            "Please wait until they have left, then show your code again.",
        ),
        Reason.CLOSED: Words(
            "We are closed now",
            "The opening hours are over.",
            "Come back when we open, or ask staff.",
        ),
        Reason.EXPIRED: Words(
            "Your code is too old",
            "Codes live a short time so that nobody can copy yours.",
            "Show a fresh code.",
        ),
        Reason.UNREADABLE: Words(
            "We could not read your code",
            "The picture was not clear, or it is not a code that we take.",
            "Hold it still and show it again.",
        ),
        Reason.WRONG_SHOP: Words(
            "This code is for another shop",
            "Each shop has a code of its own, so that shops cannot compare you.",
            "Show it again with a code for this shop, as your app or staff give it.",
        ),
        Reason.UNKNOWN_ISSUER: Words(
            "We do not know this code",
            "It comes from an issuer that this shop does not use.",
            "",
        ),
        Reason.CLOCK_UNKNOWN: Words(
            "Our clock is not set",
            "The fault is ours: without the time we cannot check a code.",
            "Show it again in a minute.",
        ),
        Reason.POLICY_EXPIRED: Words(
            "Our rules are out of date",
            "The fault is ours: we could not fetch the shop's current rules.",
            "Show your code again in a minute.",
        ),
        Reason.NO_THRESHOLD: Words(
            "No score is used here", "This shop has published no threshold.", ""
        ),
        Reason.CLAIM_ONLY: Words(
            "Your key was read", "A key alone opens the door when staff vouch for it.", ""
        ),
        Reason.NOT_VOUCHED: Words(
            "Staff have not vouched yet",
            "Nobody has put you on the list of this shop.",
            "Ask staff and choose it again, or use a voucher.",
        ),
        Reason.SHOW_VOUCHER: Words(
            "Show your voucher", "Hold the voucher's code to the camera.", "Or choose to leave."
        ),
        Reason.READER_DOWN: Words(
            "Our sensors are not working",
            "The fault is ours: we could not see what you take.",
            "Staff can let you in.",
        ),
        Reason.FORGED: Words(
            "This code is not genuine",
            "Its signature does not fit.",
            "Show the code in your own app, or the one that staff gave you.",
        ),
        Reason.REPLAYED: Words(
            "This code was used before",
            "Each code opens one door once.",
            "Show a fresh code.",
        ),
        Reason.RATE_LIMITED: Words(
            "Too many wrong codes",
            "We stopped looking at wrong codes for a minute.",
            "A genuine code is still read at once. Or ask staff.",
        ),
        Reason.NOT_RECORDED: Words(
            "Our machine has a fault",
            "We could not write our record, so the door stays as it is. The fault is ours.",
            "Staff can let you in.",
        ),
        Reason.LEFT: Words("Goodbye", "You chose to leave.", "You are welcome any time."),
        Reason.NOT_ENTERED: Words(
            "The door is locked again", "Nobody came in.", "Show a fresh code to try again."
        ),
        Reason.DOOR_HELD: Words(
            "Please close the door", "The door is still open.", "Thank you for pulling it shut."
        ),
        Reason.EXIT_FREE: Words("Goodbye", "The way out is free.", "Just push the door."),
        Reason.READING: Words("Thank you", "We are reading what you take.", "You can walk on."),
        Reason.PAID: Words("Thank you", "Everything is paid.", "Goodbye."),
        Reason.EMPTY: Words("Thank you", "You took nothing. Nothing is owed.", "Goodbye."),
        Reason.UNPAID: Words(
            "Please pay later",
            "These items were seen at the exit and are not paid.",
            "Pay at the counter before the time shown; until then nothing else happens.",
        ),
        Reason.UNRESOLVED: Words(
            "We are not sure what we saw",
            "Our machine could not tell what left. You owe nothing now.",
            "A person will look at it.",
        ),
    }
)

EXPLAINED: Final = frozenset(Reason) - {
    *(Reason.IDLE, Reason.CHECKING, Reason.SHOW_VOUCHER, Reason.LEFT),
    *(Reason.MET, Reason.VOUCHER, Reason.VOUCHED, Reason.STAFF, Reason.GROUP),
    *(Reason.NOT_ENTERED, Reason.DOOR_HELD, Reason.EXIT_FREE, Reason.READING),
    *(Reason.PAID, Reason.EMPTY),
}
"""Those that turn somebody away or hold something open: a person looks at them, by their code."""

_OF_PROVIDER: Final = MappingProxyType(
    {
        "not-enrolled": "It does not know you yet: enrol with it, or come in another way",
        "nonce-used": "It was asked about this code before: show a fresh one",
        "short-history": "What it knows of you is still too little",
    }
)
"""Reasons of the provider that comes with the kiosk (kiosk/scoring/checks.py)."""


def said_by_provider(code: str) -> str:
    """Return a provider's reason code as a customer reads it; one that nobody knows in its words.

    Args:
        code: Plain ASCII in kebab case, as an answer holds it.
    """
    return f"Your provider: {_OF_PROVIDER.get(code, code.replace('-', ' '))}."
