"""One gate in this process: the real owner, ledger, effects and simulated pins, no threads.

A test puts messages in and looks at pins, ledger and screen; nothing is patched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.registry import create
from kiosk.clock import Clock, create_offset
from kiosk.core.identity import mint
from kiosk.core.signing import b64encode, kid_of, public_of, sign
from kiosk.core.values import Answer, Json, RequestId, Verdict, VisitId
from kiosk.daemon.beats import Beats
from kiosk.daemon.effects import Effects, Face
from kiosk.daemon.inbox import Inbox
from kiosk.daemon.loop import Owner
from kiosk.daemon.messages import CodeSeen
from kiosk.daemon.peers import Peers
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.rulebook import Rulebook
from kiosk.ledger.keys import create as create_keys
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.store import Ledger
from kiosk.remote.errors import UnreachableError
from kiosk.remote.hub import HubClient
from kiosk.remote.orders import PaymentOrder, PaymentsPage
from kiosk.remote.providers.base import CheckRequest

SHOP = "corner"
ORIGIN = "corner/door"
OWNER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
ISSUER = Ed25519PrivateKey.from_private_bytes(b"i" * 32)
VOUCHER = Ed25519PrivateKey.from_private_bytes(b"v" * 32)
FAR_S = 4_000_000_000
TRAIL_MIX = "3034257BF40C0E4000000001"


@dataclass
class SaidProvider:
    """A provider that says what a test told it to; a real one of the same seam."""

    kind: str = "http"
    verdict: Verdict = Verdict.YES
    fault: str = ""
    asked: list[CheckRequest] = field(default_factory=list)

    def check(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        """Answer every threshold alike."""
        del now_s, deadline_s
        self.asked.append(request)
        answers = dict.fromkeys(request.thresholds, self.verdict)
        return Answer(request.request_id, answers, provider=self.kind, fault=self.fault)

    def close(self) -> None:
        """Do nothing."""


@dataclass
class SaidPayments:
    """A payment feed in memory; None: unreachable."""

    page: PaymentsPage | None = None
    at_once: int = 500

    def record(self, order: PaymentOrder) -> int:
        """Refuse."""
        raise UnreachableError("payments", f"not for {order.method}")

    def since(self, after: int, wait_s: int = 0) -> PaymentsPage:
        """Return the payments after the cursor, so many at a time."""
        if self.page is None:
            raise UnreachableError("payments", f"nobody answers after {after} ({wait_s})")
        beyond = [each for each in self.page.payments if each.number > after]
        if len(beyond) <= self.at_once:
            return PaymentsPage(tuple(beyond), max(after, self.page.next))
        return PaymentsPage(tuple(beyond[: self.at_once]), beyond[self.at_once - 1].number)


class Flushes:
    """Counts flushes."""

    count = 0

    def flush(self) -> None:
        """Count."""
        self.count += 1


def documents(max_inside: int = 1) -> Mapping[str, bytes]:
    """Return the shop's signed documents."""
    policy: dict[str, Json] = {
        "version": 1,
        "shop": SHOP,
        "currency": "EUR",
        "issued_s": 1,
        "valid_until_s": FAR_S,
        "max_inside": max_inside,
        "thresholds": [
            {
                "id": "entry-600",
                "purpose": "entry",
                "points": 600,
                "tier": "standard",
                "since_s": 1,
                "shadow": False,
            }
        ],
        "tiers": [{"id": "standard"}],
        "grace_s": 86_400,
        "deposit_minor": 2000,
        "ways": ["score", "voucher", "vouched"],
    }
    keys: list[Json] = [
        {"kid": kid_of(public_of(key)), "public": b64encode(public_of(key)), "role": role}
        for key, role in ((ISSUER, "issuer"), (VOUCHER, "voucher"))
    ]
    items: list[Json] = [
        {"gtin": "00614141123452", "epc": "", "name": "Trail mix", "price_minor": 599, "tax": ""}
    ]
    catalogue: dict[str, Json] = {"version": 1, "currency": "EUR", "items": items, "sold": []}
    return {
        "policy": sign("policy", policy, OWNER),
        "keys": sign("keys", {"version": 1, "keys": keys}, OWNER),
        "catalogue": sign("catalogue", catalogue, OWNER),
    }


def book(max_inside: int = 1) -> Rulebook:
    """Return a complete book."""
    empty = Rulebook("door", frozenset({SHOP, ORIGIN}), public_of(OWNER), {})
    for kind, envelope in documents(max_inside).items():
        empty = empty.adopt(kind, envelope)
    return empty


class Gatehouse:
    """The parts of a running daemon, driven by the test instead of threads."""

    def __init__(
        self,
        directory: Path,
        ledger_class: type[Ledger] = Ledger,
        max_inside: int = 1,
        clock_class: type[Clock] = Clock,
        inbox: Inbox | None = None,
    ) -> None:
        create_offset(directory / "clock")
        self.clock = clock_class(directory / "clock", "always")
        self.inbox = inbox or Inbox()
        self.rhythm = Rhythm(self.inbox, self.clock, Beats())
        keys = create_keys(directory)
        self.path = directory / "ledger.db"
        self.ledger = ledger_class.open(self.path, ORIGIN, keys.log, keys.wrap, "boot-1")
        self.lock: Any = create("lock", "sim", "lock", {"active_high": True})
        self.screen: Any = create("screen", "sim", "screen", {})
        self.indicator: Any = create("indicator", "sim", "indicator", {})
        self.provider = SaidProvider()
        self.vouch = SaidProvider("vouch")
        self.payments = SaidPayments(PaymentsPage((), 0))
        self.flushes = Flushes()
        self.peers = Peers(
            kiosk=ORIGIN,
            providers={"score": self.provider, "vouch": self.vouch},
            payments=self.payments,
            counter=lambda token: HubClient("http://127.0.0.1:9", token),
            rhythm=self.rhythm,
        )
        self.effects = Effects(
            ledger=self.ledger,
            lock=self.lock,
            face=Face(self.indicator, self.screen),
            peers=self.peers,
            uploader=self.flushes,
            clock=self.clock,
        )
        self._visits = self.ledger.size  # no id twice in one ledger
        self.owner = Owner(
            book=book(max_inside),
            ledger=self.ledger,
            effects=self.effects,
            rhythm=self.rhythm,
            new_visit=self._new_visit,
            answer=lambda _owner, asked: {"ok": True, "asked": asked.question.get("do")},
        )
        for part in (self.lock, self.screen, self.indicator):
            part.open()

    def close(self) -> None:
        """Close everything that was opened."""
        self.peers.stop()
        for part in (self.lock, self.screen, self.indicator):
            part.close()
        self.ledger.close()
        self.clock.close()

    def show(self, customer: str = "ada", nonce: bytes = b"nonce--1") -> None:
        """Show a fresh token at the entry."""
        self.owner.handle(CodeSeen(self.token(customer, nonce), "entry", self.clock.now()))

    def token(self, customer: str = "ada", nonce: bytes = b"nonce--1") -> str:
        """Return a fresh token."""
        kid = kid_of(public_of(ISSUER))
        return mint(customer, SHOP, self.clock.wall_s(), 60, nonce, ISSUER, kid)

    def hear(self, timeout_s: float = 3.0) -> None:
        """Handle the next message that a worker sends."""
        message = self.inbox.take(timeout_s, self.clock.now())
        assert message is not None, "no worker said anything"
        self.owner.handle(message)

    def answer(self, verdict: Verdict) -> Answer:
        """Return an answer to the open question, as if from a worker."""
        entry: Any = self.owner.gate.entry
        request: RequestId = entry.request_id
        return Answer(request, {"entry-600": verdict})

    def types(self) -> list[str]:
        """Return the types of everything in the ledger."""
        with LedgerReader(self.path) as reader:
            return [event.record.type for event in reader.events()]

    def unlocks(self) -> int:
        """Return how often the lock's pin was energised."""
        return sum(1 for _, unlocked in self.lock.obey({"do": "state"})["edges"] if unlocked)

    def title(self) -> str:
        """Return what the screen says."""
        return str(self.screen.obey({"do": "state"})["title"])

    def _new_visit(self) -> VisitId:
        self._visits += 1
        return VisitId(f"visit-{self._visits}")
