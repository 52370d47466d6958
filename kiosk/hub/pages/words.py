"""Plain words for what logs and tables say in codes."""

from typing import Final

EVENTS: Final = {
    "scan.accepted": "A code was shown and read",
    "scan.rejected": "A code was shown and not accepted",
    "decision.made": "The gate answered",
    "choice.offered": "Other ways in were offered",
    "choice.taken": "The customer chose a way",
    "visit.opened": "The visit began",
    "visit.entered": "The customer came in",
    "visit.not_entered": "Nobody came in; the door locked again",
    "visit.exit_started": "The exit was used",
    "visit.exit_abandoned": "The exit was used, but the door stayed shut",
    "lock.commanded": "The lock was told to open",
    "lock.relocked": "The lock was told to close",
    "door.held": "The door stood open too long",
    "door.forced": "The door opened without being unlocked",
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
DECISIONS: Final = {
    "granted": "Let in",
    "offered": "Offered another way",
    "refused": "Not let in",
}
GRACES: Final = {
    "running": "may still pay late",
    "paid": "paid late",
    "expired": "time to pay late is over",
}
METHODS: Final = {"cash": "Cash", "card": "Card", "voucher": "Voucher", "transfer": "Transfer"}


def event(kind: str) -> str:
    """Return what an event says; one without words of its own speaks for itself."""
    return EVENTS.get(kind) or kind.replace(".", ": ").replace("_", " ")


def outcome(code: str | None, ended: object) -> str:
    """Return how a visit came out, or that it goes on."""
    if code is None:
        return "Did not come in" if ended is not None else "Inside or at the door"
    return OUTCOMES.get(code, code)
