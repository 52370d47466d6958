"""The ledger events of a visit: one function each, clear part and personal part apart."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kiosk.core.access import Decision
from kiosk.core.basket import Sights, Sorted, Window, counted, cover
from kiosk.core.canonical import encode
from kiosk.core.commands import Record
from kiosk.core.events import EventRecord
from kiosk.core.inputs import IdRejected
from kiosk.core.values import Claim, CustomerRef, Epc, Json, Line, Moment, Outcome, Payment, VisitId
from kiosk.core.visit_state import Rules, Settled, Visit

MAX_DATA_BYTES: Final = 30 * 1024  # the ledger takes 32 KiB, with the envelope of the event
GROUP: Final = "group"
"""The choice to bring others in on one's own visit."""
STAFF: Final = CustomerRef("(staff)")
"""Whose key seals what staff say: nobody's, for no token can name a customer so."""


def scan_accepted(visit: VisitId, claim: Claim, side: str) -> EventRecord:
    """A code or key that proves, or claims, somebody."""
    nonce = claim.spend.cti if claim.spend else ""
    return EventRecord(
        "scan.accepted",
        {"side": side, "tier": claim.tier.value},
        visit,
        claim.customer,
        {"customer": claim.customer, "nonce": nonce},
    )


def scan_rejected(shown: IdRejected, reason: str) -> EventRecord:
    """A code that proves nothing; nobody is named by it."""
    data = {"side": shown.side, "fault": shown.fault.value, "reason": reason}
    return EventRecord("scan.rejected", data, shown.visit)


def scan_replayed(visit: VisitId, side: str) -> EventRecord:
    """A code whose nonce was spent before; whoever shows it may not be its customer."""
    return EventRecord("scan.rejected", {"side": side, "fault": "replayed"}, visit)


def decision_made(
    rules: Rules, visit: VisitId, claim: Claim | None, decision: Decision, latency_ms: int
) -> EventRecord:
    """What the gate said; never the number behind it (P6)."""
    data: dict[str, Json] = {
        "decision": decision.kind.value,
        "reason": decision.reason.value,
        "way": decision.way.value if decision.way else None,
        "ways": [way.value for way in decision.ways],
        "threshold": decision.threshold,
        "codes": list(decision.codes),
        "policy": rules.policy.version,
        "latency_ms": latency_ms,
    }
    return EventRecord("decision.made", data, visit, claim.customer if claim else None)


def choice_taken(visit: VisitId, claim: Claim | None, way: str) -> EventRecord:
    """The customer chose a way in, to leave, or to bring a group."""
    return EventRecord("choice.taken", {"way": way}, visit, claim.customer if claim else None)


def visit_opened(rules: Rules, visit: Visit) -> EventRecord:
    """The grant, written before the lock is energised (P1)."""
    return EventRecord(
        "visit.opened",
        {
            "gate": rules.gate,
            "way": visit.way.value,
            "tier": visit.tier,
            "policy": rules.policy.version,
        },
        visit.id,
        visit.claim.customer,
        {"customer": visit.claim.customer, "tier": visit.claim.tier.value},
    )


def lock_commanded(rules: Rules, visit: VisitId | None, hold_s: int, cause: str) -> EventRecord:
    """The lock was told to open; whether it did, only the door can say."""
    data: dict[str, Json] = {"gate": rules.gate, "hold_s": hold_s, "cause": cause}
    return EventRecord("lock.commanded", data, visit)


def lock_commanded_by_staff(
    rules: Rules, visit: VisitId | None, hold_s: int, reason: str
) -> EventRecord:
    """Staff opened the door; why, in their own words, is sealed: it may name somebody."""
    event = lock_commanded(rules, visit, hold_s, "staff")
    return replace(event, customer=STAFF, personal={"reason": reason}) if reason else event


def lock_relocked(rules: Rules, visit: VisitId | None, cause: str) -> EventRecord:
    """The lock was driven to its safe level."""
    return EventRecord("lock.relocked", {"gate": rules.gate, "cause": cause}, visit)


def visit_event(kind: str, visit: Visit, **data: Json) -> EventRecord:
    """A plain step of a visit: entered, not_entered, exit_started, exit_abandoned."""
    return EventRecord(f"visit.{kind}", data, visit.id, visit.claim.customer)


def door_event(kind: str, visit: VisitId | None) -> EventRecord:
    """What the door did while somebody passed: opened, held, or forced."""
    return EventRecord(f"door.{kind}", {}, visit)


def device_event(kind: str, device: str, role: str, detail: str) -> EventRecord:
    """A device went away ("fault") or came back ("cleared")."""
    return EventRecord(f"device.{kind}", {"device": device, "role": role, "detail": detail})


def recovered(open_visits: int, resumed: int) -> EventRecord:
    """The daemon started and took every open visit to a safe state."""
    return EventRecord("device.recovered", {"open_visits": open_visits, "resumed": resumed})


def tags_observed(
    visit: VisitId | None, window: Window, tags: Sorted, at: Moment, heard: Sights
) -> EventRecord:
    """The evidence of an exit; tags that are not the shop's are counted, never named."""
    ours = (*tags.stable, *tags.unstable)
    data: dict[str, Json] = {
        "window_ms": at.mono_ms - window.started_ms,
        "reads": [_sight(epc, window.sights) for epc in ours],
        "stable": list(tags.stable),
        "unstable": list(tags.unstable),
        "counts": dict(tags.counts),
        "field": len(heard),
        "fault": window.fault,
        "mostly_unread": tags.mostly_unread,
    }
    return EventRecord("tags.observed", data, visit)


def basket_fixed(rules: Rules, visit: Visit, lines: Sequence[Line]) -> EventRecord:
    """The lines of an exit, priced by the catalogue of that moment."""
    data: dict[str, Json] = {
        "lines": [line_data(line) for line in lines],
        "currency": rules.policy.currency,
        "catalogue": rules.catalogue.version,
    }
    return EventRecord("basket.fixed", data, visit.id)


def payment_settled(visit: Visit, payment: Payment) -> EventRecord:
    """A payment that was recorded before the exit was settled."""
    data: dict[str, Json] = {
        "number": payment.number,
        "epcs": list(payment.epcs),
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
    }
    return EventRecord("payment.settled", data, visit.id)


def exit_settled(
    rules: Rules, visit: Visit, outcome: Outcome, settled: Settled, through: int, cause: str
) -> EventRecord:
    """The one outcome of a visit (P3)."""
    data: dict[str, Json] = {
        "lines": [line_data(line) for line in settled.lines],
        "unpaid_minor": settled.unpaid_minor,
        "credit_minor": settled.credit_minor,
        "over": list(settled.over),
        "currency": rules.policy.currency,
        "payments_through": through,
        "cause": cause,
    }
    return EventRecord(f"exit.{outcome.value}", data, visit.id, visit.claim.customer)


def exit_unseen(rules: Rules, visit: Visit, through: int, cause: str) -> tuple[EventRecord, ...]:
    """The end of a visit whose exit nobody saw: nothing is known, and payments stay credit."""
    _, credit_minor = cover((), counted(visit.payments, rules.policy.currency))
    settled = Settled((), 0, credit_minor)
    return (
        *(payment_settled(visit, payment) for payment in visit.payments),
        exit_settled(rules, visit, Outcome.UNRESOLVED, settled, through, cause),
    )


def exit_anonymous(rules: Rules, epcs: Sequence[Epc], cause: str) -> EventRecord:
    """Tags that left with nobody known: a loss that is pinned on nobody."""
    data: dict[str, Json] = {
        "epcs": list(epcs),
        "currency": rules.policy.currency,
        "cause": cause,
    }
    return EventRecord("exit.unresolved", data)


def fits(record: Record) -> bool:
    """Whether each of these events is short enough for the ledger."""
    return all(len(encode(event.data)) <= MAX_DATA_BYTES for event in record.events)


def line_data(line: Line) -> dict[str, Json]:
    """One line as events and pages carry it."""
    return {
        "epc": line.epc,
        "gtin": line.gtin,
        "name": line.name,
        "price_minor": line.price_minor,
        "paid": line.paid,
    }


def _sight(epc: Epc, sights: Sights) -> dict[str, Json]:
    sight = sights[epc]
    return {
        "epc": epc,
        "reads": sight.reads,
        "slices": sight.slices.bit_count(),
        "rssi_max": sight.rssi_max,
        "from_ms": sight.first_ms,
        "to_ms": sight.last_ms,
    }
