"""From an event to the bytes that are kept, and from those to the entry that is logged.

The body is a CloudEvents 1.0 JSON object in canonical form. The log holds only a salted
commitment to it, so that a body can be forgotten while every proof still verifies (P7).
"""

from base64 import urlsafe_b64encode
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from kiosk.core.canonical import decode, encode
from kiosk.core.events import NAMESPACE, EventRecord
from kiosk.core.values import ClockSync, CoreError, CustomerRef, Json, Moment, VisitId
from kiosk.ledger.errors import LedgerCorruptError, LedgerWriteError

SALT_BYTES: Final = 32
MAX_BODY_BYTES: Final = 32 * 1024  # half of what a C2SP entry bundle carries, and the hub's limit
RESERVED: Final = frozenset({"clock", "visit"})
"""Keys of `data` that the ledger writes itself."""
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_TYPE_HEAD: Final = f"{NAMESPACE}."
_TYPE_TAIL: Final = ".v1"
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the ledger adds to an event: where, when, under which id.

    Attributes:
        source: Origin of the log.
        index: Position in the log; the event's sequence.
        event_id: UUIDv7 in text.
        boot: Boot id under which `at.mono_ms` counts.
        at: The moment as the input carried it; it may fall with the clock, the index never.
    """

    source: str
    index: int
    event_id: str
    boot: str
    at: Moment


def b64url(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def commitment(salt: bytes, body: bytes) -> bytes:
    """Return the log entry: 57 bytes of JSON that commit to salt and body and tell nothing."""
    # 43 characters of base64url hold 32 bytes.
    return b'{"c":"%s","v":1}' % urlsafe_b64encode(sha256(salt + body).digest())[:43]


def leaf_of(salt: bytes, body: bytes) -> bytes:
    """Return the leaf hash of an event; spelled out, since a scrub lives in this line."""
    digest = b2a_base64(sha256(salt + body).digest(), newline=False)[:43].translate(_URL_SAFE)
    return sha256(b'\x00{"c":"%s","v":1}' % digest).digest()


def build(record: EventRecord, stamp: Stamp, subject: str | None, sealed: str | None) -> bytes:
    """Return the canonical body of an event.

    Args:
        record: The event; its personal part is not in the body.
        stamp: What the ledger adds.
        subject: Blinded customer, None for nobody.
        sealed: Hash of the sealed plaintext, None when nothing is sealed.

    Raises:
        LedgerWriteError: A clear part that has no canonical form, uses a reserved key, or is too
            long.
    """
    taken = RESERVED & record.data.keys()
    if taken:
        raise LedgerWriteError(f"event {record.type}: data key {min(taken)!r} is the ledger's own")
    at = stamp.at
    clock: Json = {
        "boot": stamp.boot,
        "err_ms": at.err_ms,
        "mono_ms": at.mono_ms,
        "sync": at.sync.value,
    }
    data: dict[str, Json] = {**record.data, "clock": clock}
    if record.visit is not None:
        data["visit"] = record.visit
    event: dict[str, Json] = {
        "data": data,
        "id": stamp.event_id,
        "sequence": f"{stamp.index:020d}",
        "source": stamp.source,
        "specversion": "1.0",
        "time": rfc3339(at.wall_ms),
        "type": f"{_TYPE_HEAD}{record.type}{_TYPE_TAIL}",
    }
    if subject is not None:
        event["subject"] = subject
    if sealed is not None:
        event["sealed"] = sealed
    body = canonical(event, f"event {record.type}")
    if len(body) > MAX_BODY_BYTES:
        raise LedgerWriteError(f"event {record.type}: longer than {MAX_BODY_BYTES} bytes")
    return body


def canonical(value: Json, what: str) -> bytes:
    """Return canonical bytes; LedgerWriteError names what has none."""
    try:
        return encode(value)
    except CoreError as error:
        raise LedgerWriteError(f"{what}: {error}") from error


@dataclass(frozen=True, slots=True)
class Body:
    """A stored body, read back.

    Attributes:
        event: All of it.
        type: Noun and verb without namespace and version.
        data: The clear part without the ledger's own keys.
        visit: The visit it belongs to, None outside visits.
    """

    event: Mapping[str, Json]
    type: str
    data: Mapping[str, Json]
    visit: VisitId | None

    @property
    def event_id(self) -> str:
        """The event's id."""
        return str(self.event["id"])

    def when(self) -> tuple[Moment, str]:
        """Return the moment at which it was written, and the boot under which that counts.

        Raises:
            LedgerCorruptError: They are not as this ledger writes them.
        """
        event: Any = self.event
        try:
            wall_ms = (datetime.fromisoformat(event["time"]) - _EPOCH) // _MS
            clock = event["data"]["clock"]
            sync, err_ms = ClockSync(clock["sync"]), int(clock["err_ms"])
            return Moment(int(clock["mono_ms"]), wall_ms, sync, err_ms), str(clock["boot"])
        except (KeyError, TypeError, ValueError) as error:
            raise LedgerCorruptError(f"{self.event_id}: its clock cannot be read") from error

    def record(self, customer: CustomerRef | None, personal: Mapping[str, Json]) -> EventRecord:
        """Return the event as it was handed in."""
        return EventRecord(self.type, self.data, self.visit, customer, personal)


def parse(index: int, body: bytes) -> Body:
    """Read a stored body.

    Raises:
        LedgerCorruptError: It is not a body that this ledger wrote.
    """
    try:
        event = decode(body)
    except CoreError as error:
        raise LedgerCorruptError(
            f"entry {index}: body: {error}; run kiosk ledger verify"
        ) from error
    data = event.get("data") if isinstance(event, Mapping) else None
    if not isinstance(event, Mapping) or not isinstance(data, Mapping):
        raise LedgerCorruptError(f"entry {index}: body: not an event; run kiosk ledger verify")
    visit = data.get("visit")
    clear = {key: value for key, value in data.items() if key not in RESERVED}
    return Body(event, kind_of(event), clear, VisitId(visit) if isinstance(visit, str) else None)


def kind_of(event: Mapping[str, Json]) -> str:
    """Return the type of an event without namespace and version."""
    return str(event.get("type")).removeprefix(_TYPE_HEAD).removesuffix(_TYPE_TAIL)


def rfc3339(wall_ms: int) -> str:
    """Return UTC with milliseconds, as `2026-11-23T06:41:22.318Z`."""
    seconds, ms = divmod(wall_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{ms:03d}Z"
