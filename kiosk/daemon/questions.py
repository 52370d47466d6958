"""What the control socket can be asked, answered on the owner thread.

The status names no customer, no token, no score and no tag (P6).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.base import Health, Lock
from kiosk.clock import Clock
from kiosk.core.inputs import StaffLocked, StaffUnlocked
from kiosk.core.printable import printable
from kiosk.core.values import Epc, Json, Moment, VisitId
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.loop import Owner
from kiosk.daemon.messages import Asked
from kiosk.daemon.peers import Peers
from kiosk.daemon.scrubber import Scrubber
from kiosk.daemon.uploader import Uploader
from kiosk.ledger.checkpoint import root_text
from kiosk.remote.orders import PaymentOrder

MAX_REASON: Final = 200
METHODS: Final = ("cash", "card", "voucher", "transfer")

Reply = Callable[[Mapping[str, Json]], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers questions about the daemon.

    Attributes:
        health: Health of every device by name, asked afresh.
        is_hub_away: Whether it did not answer when it was last asked for payments or documents.
    """

    name: str
    lock: Lock
    health: Callable[[], Mapping[str, Health]]
    peers: Peers
    uploader: Uploader
    is_hub_away: Callable[[], bool]
    scrubber: Scrubber
    inbox: Inbox
    clock: Clock

    def answer(self, owner: Owner, asked: Asked) -> Mapping[str, Json] | None:
        """Return the answer to one question, None when a worker will reply with it."""
        question, reply = asked.question, asked.reply
        match question.get("do"):
            case "status":
                return {"ok": True, **self._status(owner)}
            case "idle":
                return {"ok": True, "idle": self._idle(owner)}
            case "flush":
                self.uploader.flush()
                return {"ok": True, "pending": owner.ledger.size - self.uploader.acked}
            case "door":
                return self._door(owner, asked)
            case "pay":
                return self._pay(owner, question, reply)
            case _:
                known = "status, door, pay, flush or idle"
                return {"ok": False, "error": f"unknown; ask {known}"}

    def _door(self, owner: Owner, asked: Asked) -> Mapping[str, Json]:
        try:
            reason = read_reason(asked.question)
        except ValueError as error:
            return {"ok": False, "error": str(error)}
        match asked.question.get("want"):
            case "unlock":
                owner.take(StaffUnlocked(asked.at, printable(reason)))
            case "lock":
                owner.take(StaffLocked(self.clock.now()))
            case _:
                return {"ok": False, "error": "want: unlock or lock"}
        return {"ok": True, "unlocked": self.lock.is_unlocked}

    def _pay(
        self, owner: Owner, question: Mapping[str, Json], reply: Reply
    ) -> Mapping[str, Json] | None:
        """Have the counter record a payment; staff's token comes with the question."""
        try:
            order = read_order(question, self.name, owner.rules.policy.currency)
        except ValueError as error:
            return {"ok": False, "error": str(error)}
        token = question.get("token")
        if not isinstance(token, str) or not token:
            return {"ok": False, "error": "token: the staff's token is needed"}
        self.peers.record_payment(order, token, reply)
        return None

    def _idle(self, owner: Owner) -> bool:
        pending = owner.ledger.size > self.uploader.acked
        if pending and not self.uploader.trouble:
            self.uploader.flush()
        uploaded = not pending or bool(self.uploader.trouble)
        return self.inbox.is_empty() and not self.peers.busy and uploaded

    def _status(self, owner: Owner) -> Mapping[str, Json]:
        gate = owner.gate
        now = self.clock.now()
        return {
            "kiosk": self.name,
            "entry": type(gate.entry).__name__.lower(),
            "exit": type(gate.leaving).__name__.lower(),
            "inside": len(gate.inside),
            "visits": [visit.id for visit in gate.inside],
            "max_inside": owner.rules.policy.max_inside,
            "last_stay_left_s": _left_s([visit.until_ms for visit in gate.inside], now),
            "others_left_s": _left_s((*gate.guests, gate.crowd_ms), now),
            "door_open": gate.door_open,
            "unlocked": self.lock.is_unlocked,
            "lost": sorted(gate.lost),
            "field": len(gate.heard),
            "devices": {name: _health(each) for name, each in self.health().items()},
            "ledger": {
                "size": owner.ledger.size,
                "root": root_text(owner.ledger.root),
                "finding": self.scrubber.finding,
            },
            "upload": {"acked": self.uploader.acked, "trouble": self.uploader.trouble},
            "hub": {"away": self.is_hub_away()},
            "documents": dict(owner.book.versions),
            "clock": {"sync": now.sync.value, "err_ms": now.err_ms, "wall_ms": now.wall_ms},
        }


def _left_s(untils_ms: Sequence[int], now: Moment) -> int:
    """Return after how long nobody of these is counted inside any more, whatever happens."""
    return max(0, max(untils_ms, default=0) - now.mono_ms) // 1000


def _health(health: Health) -> Mapping[str, Json]:
    return {"ok": health.ok, "detail": health.detail, "counters": dict(health.counters)}


def read_reason(question: Mapping[str, Json]) -> str:
    """Return why staff opens the door, "" when nothing is said.

    Raises:
        ValueError: It is no text, or too long.
    """
    reason = question.get("reason", "")
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise ValueError(f"reason: a text of at most {MAX_REASON} characters")
    return reason


def read_order(question: Mapping[str, Json], kiosk: str, currency: str) -> PaymentOrder:
    """Return the payment that a question asks to record.

    Raises:
        ValueError: Names what is missing or wrong.
    """
    visit, key = question.get("visit"), question.get("key")
    epcs, amount = question.get("epcs", []), question.get("amount_minor", 0)
    method = question.get("method", METHODS[0])
    if not isinstance(visit, str) or not visit or not isinstance(key, str) or not key:
        raise ValueError("visit and key: texts are needed")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
        raise ValueError("amount_minor: a whole number above zero")
    if not isinstance(epcs, list) or not all(isinstance(epc, str) for epc in epcs):
        raise ValueError("epcs: a list of EPCs in hex")
    if bool(epcs) == bool(amount):
        raise ValueError("give epcs or amount_minor, not both")
    if method not in METHODS:
        raise ValueError(f"method: one of {', '.join(METHODS)}")
    covered = tuple(Epc(str(epc)) for epc in epcs)
    return PaymentOrder(
        key=key,
        kiosk=kiosk,
        visit=VisitId(visit),
        epcs=covered,
        amount_minor=amount,
        currency=currency,
        method=str(method),
    )
