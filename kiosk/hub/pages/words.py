"""Plain words for what logs and tables say in codes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from kiosk.hub.projection import MAX_TEXT
from kiosk.hub.store.visits import VisitRow

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

EVENTS: Final = {
    "scan.accepted": "A code was shown and read",
    "scan.rejected": "A code was shown and not accepted",
    "decision.made": "The gate answered",
    "choice.taken": "The customer chose a way",
    "visit.opened": "The visit began",
    "visit.entered": "The customer came in",
    "visit.not_entered": "Nobody came in; the door locked again",
    "visit.exit_started": "The exit was used",
    "visit.exit_abandoned": "The exit was used, but the door stayed shut",
    "lock.commanded": "The lock was told to open",
    "lock.relocked": "The lock was told to close",
    "door.opened": "The door opened",
    "door.held": "The door stood open too long",
    "door.forced": "The door opened without being unlocked",
    "guests.counted": "Those who may be inside without a visit were counted",
    "tags.observed": "The exit reader's reads were kept",
    "basket.fixed": "The items were priced",
    "payment.settled": "A payment was counted",
    "exit.paid": "Left, everything paid",
    "exit.empty": "Left with nothing",
    "exit.unpaid": "Left with unpaid items",
    "exit.unresolved": "Left; the machine could not tell what was taken",
    "grace.started": "Time to pay late began",
    "grace.paid": "Everything was paid late",
    "grace.expired": "Time to pay late ended",
}
OUTCOMES: Final = {
    "paid": "Paid",
    "empty": "Nothing taken",
    "unpaid": "Unpaid",
    "unresolved": "Not clear",
}
PAID_LATE: Final = "Paid late"
DECISIONS: Final = {
    "granted": "Let in",
    "offered": "Offered another way",
    "refused": "Not let in",
}
INSTEAD: Final = {"busy": "Asked to wait", "closed": "Asked to come back"}
"""What the answer was when there was no other way to offer, by its reason."""
GRACES: Final = {
    "running": "may still pay late",
    "paid": "paid late",
    "expired": "time to pay late is over",
}
REASONS: Final[Mapping[str, str]] = {
    "met": "the threshold is met",
    "voucher": "a voucher was accepted",
    "vouched": "staff vouched for them",
    "staff": "staff opened the door",
    "below-threshold": "the provider said that the threshold is not met",
    "unknown": "the provider could not say",
    "provider-down": "the provider did not answer",
    "no-provider": "this shop asks no provider",
    "busy": "somebody was inside",
    "closed": "the shop was closed",
    "expired": "the code was too old",
    "unreadable": "the code could not be read",
    "wrong-shop": "the code was for another shop",
    "unknown-issuer": "the code was of an issuer that is not known here",
    "clock-unknown": "the kiosk did not know the time",
    "policy-expired": "the shop's rules were out of date",
    "no-threshold": "the shop has published no threshold",
    "claim-only": "a key alone does not open the door",
    "not-vouched": "staff had not vouched for them",
    "show-voucher": "they were asked for a voucher",
    "reader-down": "a sensor at the exit did not work",
    "forged": "the code was not genuine",
    "replayed": "the code was used before",
    "rate-limited": "too many wrong codes came in a minute",
    "not-recorded": "the kiosk could not write its record",
    "left": "they chose to leave",
}
"""Why the gate answered as it did; the reasons that only the kiosk's own screen shows are not."""
WAYS: Final = {
    "score": "by score",
    "voucher": "by voucher",
    "vouched": "because staff vouched",
}
CAUSES: Final = {
    "exit-reader-lost": "the exit reader stopped working",
    "door-lost": "the door contact stopped working",
    "reads-dropped": "more tags were read than the kiosk could keep",
    "too-many-tags": "more items were read than one exit can hold; the first of them are named",
    "unstable-reads": "some tags were read too rarely to be sure",
    "somebody-else-inside": "somebody else was inside at the same time",
    "payments-unknown": "the counter could not be asked what was paid",
    "other-currency": "a payment was in another currency",
    "stayed": "nobody saw them leave",
    "forgotten": "nobody saw them leave",
    "restart": "the kiosk started anew while they left",
}
"""Why it is not clear what left."""
METHODS: Final = {"cash": "Cash", "card": "Card", "voucher": "Voucher", "transfer": "Transfer"}


CHOICES: Final = {
    "leave": "The customer chose to leave",
    "group": "The customer chose to bring a group",
    "score": "The customer chose to come in by score",
    "voucher": "The customer chose to come in by voucher",
    "vouched": "The customer chose to be vouched for",
}
OVER: Final = {
    "items": "More items left than this way in allows.",
    "value": "Items of a higher value left than this way in allows.",
}
"""What a tier limits; it holds nobody back and changes no outcome."""


def event(kind: str, data: Mapping[str, Any] = NOTHING) -> str:
    """Return what an event says; one without words of its own speaks for itself."""
    match kind, data:
        case "choice.taken", {"way": str(way)} if way in CHOICES:
            return CHOICES[way]
        case "lock.commanded", {"cause": "staff"}:
            return "Staff told the lock to open"
        case "visit.entered", {"group": True}:
            return "The customer came in with a group"
        case "decision.made", {"decision": str(said), "reason": str(reason)}:
            answered, why = _answer(said, reason)
            return f"The gate answered: {answered.lower()}, because {why}"
    return EVENTS.get(kind) or kind.replace(".", ": ").replace("_", " ")


def outcome(row: VisitRow, owed_minor: int) -> str:
    """Return how a visit or an attempt came out, or that it goes on."""
    if row.outcome == "unpaid" and not owed_minor:
        return PAID_LATE
    if row.outcome is not None:
        return OUTCOMES.get(row.outcome, row.outcome)
    if row.way is None:
        return door(row)
    return "Let in but did not come in" if row.ended_ms is not None else "Inside or at the door"


def door(row: VisitRow) -> str:
    """Return what the gate answered and why, without the code."""
    answered, why = _answer(row.decision or "No answer yet", row.reason or "")
    return f"{answered}: {why}" if why else answered


def way(row: VisitRow) -> str:
    """Return by which way the customer was let in, "" when by none."""
    return WAYS.get(row.way or "", f"by {row.way}") if row.way else ""


def cause(left: Mapping[str, Any]) -> str:
    """Return why it is not clear what left, by the record of the exit; "" when it does not say."""
    code = left.get("cause")
    return CAUSES.get(code, code[:MAX_TEXT]) if isinstance(code, str) else ""


def over(left: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what left beyond the limits of the customer's tier."""
    said = left.get("over")
    codes = said if isinstance(said, list) else []
    return tuple(words for code, words in OVER.items() if code in codes)


def _answer(decision: str, reason: str) -> tuple[str, str]:
    answered = INSTEAD.get(reason, DECISIONS.get(decision, decision))
    return answered, REASONS.get(reason, reason)
