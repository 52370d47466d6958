"""Plain words for what logs and tables say in codes."""

from typing import Final

from kiosk.hub.store.visits import VisitRow

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
ATTEMPTS: Final = {
    "busy": "Asked to wait: somebody was inside",
    "expired": "Code too old: asked for a fresh one",
    "forged": "Not let in: the code was not genuine",
    "replayed": "Not let in: the code was used before",
    "provider-down": "Offered another way: the check was down",
    "closed": "Outside opening hours",
}
"""Attempts that were not let in, by the reason of the first answer."""
METHODS: Final = {"cash": "Cash", "card": "Card", "voucher": "Voucher", "transfer": "Transfer"}


def event(kind: str) -> str:
    """Return what an event says; one without words of its own speaks for itself."""
    return EVENTS.get(kind) or kind.replace(".", ": ").replace("_", " ")


def outcome(row: VisitRow) -> str:
    """Return how a visit or an attempt came out, or that it goes on."""
    if row.outcome is not None:
        return OUTCOMES.get(row.outcome, row.outcome)
    if row.way is None:
        refused = row.decision == "refused"
        return ATTEMPTS.get(row.reason or "", "Not let in" if refused else "Offered another way")
    return "Did not come in" if row.ended_ms is not None else "Inside or at the door"
