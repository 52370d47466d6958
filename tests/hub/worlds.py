"""A kiosk's log and an owner's documents, to feed a hub with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from httpx import Response

from kiosk.core import signing
from kiosk.core.events import EventRecord
from kiosk.core.signing import VerifyKey, b64encode
from kiosk.core.values import ClockSync, Json, Moment, VisitId
from kiosk.hub.store.logs import LogRow
from kiosk.ledger.body import Stamp, build, leaf_of
from kiosk.ledger.checkpoint import LogKey, Signer
from kiosk.ledger.merkle import Frontier
from tests.hub.inprocess import Client

NOON_MS = 1_795_435_200_000  # 2026-11-23T12:00:00Z
DEEP = b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
"""JSON that is well formed and too deep for any reader."""
EPCS = tuple(f"30340257BF7194E40000{n:04X}" for n in range(1, 9))


def moment(wall_ms: int = NOON_MS, sync: ClockSync = ClockSync.NTP) -> Moment:
    return Moment(wall_ms - NOON_MS, wall_ms, sync)


@dataclass
class KioskLog:
    """A kiosk's log in memory; `lines` and `note` are what its uploader would send."""

    origin: str = "shop/k1"
    seed: bytes = bytes(range(32))
    bodies: list[tuple[bytes, bytes]] = field(default_factory=list)
    now_ms: int = NOON_MS

    @property
    def key(self) -> Ed25519PrivateKey:
        """The log's private key."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def vkey(self) -> str:
        """The log's verifier key."""
        return LogKey.of(self.origin, self.key).encode()

    @property
    def name(self) -> str:
        """The log's name in URLs."""
        return self.origin.replace("/", "~")

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.bodies)

    def row(self) -> LogRow:
        """The log as the hub enrols it."""
        return LogRow(self.name, self.origin, self.origin.partition("/")[2], self.vkey)

    def add(self, kind: str, data: Mapping[str, Json] | None = None, visit: str = "") -> None:
        """Append an event, a second after the last."""
        record = EventRecord(kind, data or {}, VisitId(visit) if visit else None)
        index = self.size
        stamp = Stamp(self.origin, index, f"e{index}-{kind}", "boot", moment(self.now_ms))
        body = build(record, stamp, None, None)
        self.bodies.append((sha256(body + b"%d" % index).digest(), body))
        self.now_ms += 1000

    def leaf(self, index: int) -> bytes:
        """The leaf of one entry."""
        return leaf_of(*self.bodies[index])

    def root(self, size: int | None = None) -> bytes:
        """The root over the first entries."""
        frontier = Frontier()
        for index in range(self.size if size is None else size):
            frontier.append(self.leaf(index))
        return frontier.root()

    def note(self, size: int) -> str:
        """The checkpoint of a size."""
        return Signer(self.origin, self.key).sign(size, self.root(size))

    def upload(self, start: int, end: int | None = None, note: str | None = None) -> bytes:
        """The request that sends the entries from `start` on."""
        end = self.size if end is None else end
        lines = [
            orjson.dumps({"salt": b64encode(salt), "body": b64encode(body), "sealed": None})
            for salt, body in self.bodies[start:end]
        ]
        last = orjson.dumps({"checkpoint": self.note(end) if note is None else note})
        return b"\n".join([*lines, last]) + b"\n"

    def fork_at(self, index: int) -> "KioskLog":
        """Return this log as an older copy of its disk would go on."""
        return KioskLog(self.origin, self.seed, self.bodies[:index], self.now_ms + 500)


def line(number: int, price_minor: int, *, paid: bool = False) -> dict[str, Json]:
    return {
        "epc": EPCS[number],
        "gtin": "00614141123452",
        "name": f"Item {number}",
        "price_minor": price_minor,
        "paid": paid,
    }


def granted(log: KioskLog, visit: str, way: str = "score") -> None:
    log.add(
        "decision.made",
        {"decision": "granted", "reason": "met", "way": way, "policy": 1, "threshold": "entry-600"},
        visit,
    )
    log.add("visit.opened", {"gate": "main", "way": way, "policy": 1}, visit)


def left(
    log: KioskLog, visit: str, outcome: str, *lines: Mapping[str, Json], through: int = 0
) -> None:
    owed = sum(int(str(x["price_minor"])) for x in lines if not x["paid"])
    log.add(
        f"exit.{outcome}",
        {
            "lines": list(lines),
            "unpaid_minor": owed,
            "credit_minor": 0,
            "currency": "EUR",
            "payments_through": through,
            "cause": "",
        },
        visit,
    )


@dataclass
class Owner:
    """The owner's key and the documents that it signs."""

    private: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    )

    @property
    def public(self) -> bytes:
        """The public key."""
        return signing.public_of(self.private)

    @property
    def key(self) -> VerifyKey:
        """What the hub pins."""
        return VerifyKey(signing.kid_of(self.public), self.public, "owner")

    def policy(self, version: int = 1, **changes: Json) -> bytes:
        """A signed policy."""
        payload: dict[str, Json] = {
            "version": version,
            "shop": "shop",
            "currency": "EUR",
            "issued_s": NOON_MS // 1000,
            "valid_until_s": NOON_MS // 1000 + 30 * 86_400,
            "max_inside": 1,
            "thresholds": [
                {
                    "id": "entry-600",
                    "purpose": "entry",
                    "points": 600,
                    "tier": "standard",
                    "since_s": NOON_MS // 1000,
                    "shadow": False,
                }
            ],
            "grace_s": 86_400,
            "deposit_minor": 2000,
            "ways": ["score", "voucher", "vouched"],
        }
        return signing.sign("policy", {**payload, **changes}, self.private)

    def catalogue(self, version: int = 1, currency: str = "EUR", **item: Json) -> bytes:
        """A signed catalogue."""
        article: dict[str, Json] = {
            "gtin": "00614141123452",
            "epc": "",
            "name": "Trail mix",
            "price_minor": 599,
        }
        payload: dict[str, Json] = {
            "version": version,
            "currency": currency,
            "items": [{**article, "tax": "", **item}],
            "sold": [],
        }
        return signing.sign("catalogue", payload, self.private)

    def keys(self, version: int = 1) -> bytes:
        """A signed key list."""
        return signing.sign("keys", {"version": version, "keys": []}, self.private)


@dataclass
class Visitor:
    """What kiosk and staff ask of a hub."""

    client: Client
    staff_token: str
    kiosk_token: str

    @property
    def staff(self) -> dict[str, str]:
        """The staff's header."""
        return {"Authorization": f"Bearer {self.staff_token}"}

    @property
    def kiosk(self) -> dict[str, str]:
        """The kiosk's header."""
        return {"Authorization": f"Bearer {self.kiosk_token}"}

    def enrol(self, log: KioskLog) -> Response:
        """Enrol a log's key."""
        path = f"/v1/logs/{log.name}"
        return self.client.put(path, json={"vkey": log.vkey}, headers=self.staff)

    def send(self, log: KioskLog, start: int = 0) -> Response:
        """Upload from `start` on."""
        path = f"/v1/logs/{log.name}/entries"
        return self.client.post(path, params={"from": start}, content=log.upload(start))

    def pay(self, **changes: Json) -> Response:
        """Record a payment; None takes a field out."""
        order: dict[str, Json] = {
            "key": "key-1",
            "kiosk": "k1",
            "visit": "v1",
            "amount_minor": 500,
            "currency": "EUR",
            "method": "cash",
        }
        order = {k: v for k, v in {**order, **changes}.items() if v is not None}
        return self.client.post("/v1/payments", json=order, headers=self.staff)

    def feed(self, **query: int | str) -> Response:
        """Read the payment feed as a kiosk."""
        asked = {"kiosk": "k1", **query}
        return self.client.get("/v1/payments", params=asked, headers=self.kiosk)

    def visits(self) -> dict[str, Any]:
        """Return the kiosk's visits as staff see them."""
        reply = self.client.get("/v1/visits", params={"kiosk": "k1"}, headers=self.staff)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found
