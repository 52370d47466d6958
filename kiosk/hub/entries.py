"""What a kiosk sends: lines of entries under one signed checkpoint, checked one by one.

Pure. The bytes received are kept and hashed as they are; nothing is ever written anew.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from kiosk.core import canonical
from kiosk.core.signing import b64decode
from kiosk.hub.errors import RefusalError
from kiosk.ledger.body import MAX_BODY_BYTES, SALT_BYTES, leaf_of
from kiosk.ledger.checkpoint import Checkpoint, LogKey, verify
from kiosk.ledger.errors import CheckpointError

MAX_REQUEST_BYTES: Final = 512 * 1024
MAX_ENTRIES: Final = 256
MAX_AT_MS: Final = 32_503_680_000_000  # the year 3000: pages cannot show 9999 in every time zone
TYPE: Final = re.compile(r"org\.trustkiosk\.([a-z][a-z_]*(?:\.[a-z][a-z_]*)+)\.v[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Event:
    """The attributes of a CloudEvent that the hub reads; others may be there."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    sequence: str
    data: dict[str, Any] = field(default_factory=dict)
    visit: str | None = None

    @property
    def noun_verb(self) -> str:
        """The type without namespace and version, "exit.unpaid"."""
        found = TYPE.fullmatch(self.type)
        return found[1] if found else ""

    @property
    def at_ms(self) -> int:
        """The time of occurrence in milliseconds since 1970 UTC; a later one counts as 3000."""
        return min(round(datetime.fromisoformat(self.time).timestamp() * 1000), MAX_AT_MS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as received, and what it says."""

    index: int
    leaf: bytes
    salt: bytes
    body: bytes
    sealed: bytes | None
    event: Event


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries from `start` on, and the checkpoint that covers them."""

    start: int
    checkpoint: Checkpoint
    note: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _WireEntry:
    salt: str
    body: str
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class _WireHead:
    checkpoint: str


_ENTRY: Final = msgspec.json.Decoder(_WireEntry)
_HEAD: Final = msgspec.json.Decoder(_WireHead)
_EVENT: Final = msgspec.json.Decoder(Event)


def read_batch(raw: bytes, start: int, key: LogKey) -> Batch:
    """Return the batch when its checkpoint is signed by `key` and every entry is well formed.

    Raises:
        RefusalError: 413 for too many or too large entries, 422 naming the first bad index.
    """
    *lines, last = raw.rstrip(b"\n").split(b"\n")
    try:
        note = _HEAD.decode(last).checkpoint
        checkpoint = verify(note, key)
    except (msgspec.MsgspecError, CheckpointError, RecursionError) as error:
        raise _bad("checkpoint", f"last line: {error}") from error
    if len(lines) > MAX_ENTRIES:
        raise too_large(f"{len(lines)} entries")
    if checkpoint.size != start + len(lines):
        raise _bad(
            "checkpoint",
            f"checkpoint: of size {checkpoint.size}, want {start + len(lines)} for these entries",
        )
    entries = tuple(_read(line, start + n, key.name) for n, line in enumerate(lines))
    return Batch(start, checkpoint, note, entries)


def too_large(what: str) -> RefusalError:
    """Return the refusal of too much at once, with the limits."""
    limits = {"max_entries": MAX_ENTRIES, "max_bytes": MAX_REQUEST_BYTES}
    limit = f"at most {MAX_ENTRIES} entries, {MAX_REQUEST_BYTES} bytes, bodies {MAX_BODY_BYTES}"
    return RefusalError(413, "too-large", f"{what}; {limit}", limits)


def read_event(body: bytes) -> Event:
    """Return what a body says; ValueError with one line when it is not canonical or not ours."""
    try:
        canonical.decode(body)
        event = _EVENT.decode(body)
    except (canonical.CanonicalError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from error
    if event.specversion != "1.0" or not event.noun_verb:
        raise ValueError(f"type {event.type[:80]!r} is not one of ours")
    if datetime.fromisoformat(event.time).tzinfo is None:
        raise ValueError("time has no zone")
    if event.at_ms < 0:
        raise ValueError("time is before 1970")
    return event


def _read(line: bytes, index: int, origin: str) -> Entry:
    try:
        wire = _ENTRY.decode(line)
        salt, body = b64decode(wire.salt), b64decode(wire.body)
        sealed = None if wire.sealed is None else b64decode(wire.sealed)
        _check_sizes(salt, body, sealed or b"", index)
        event = read_event(body)
        _check_place(event, index, origin)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors too
        raise _bad("entry", f"entry {index}: {error}", index) from error
    return Entry(index, leaf_of(salt, body), salt, body, sealed, event)


def _check_sizes(salt: bytes, body: bytes, sealed: bytes, index: int) -> None:
    if len(salt) != SALT_BYTES:
        raise ValueError(f"salt of {len(salt)} bytes, want {SALT_BYTES}")
    if max(len(body), len(sealed)) > MAX_BODY_BYTES:
        raise too_large(f"entry {index}: {max(len(body), len(sealed))} bytes")


def _check_place(event: Event, index: int, origin: str) -> None:
    if event.source != origin:
        raise ValueError(f"source {event.source[:80]!r} is not this log")
    if event.sequence != f"{index:020d}":
        raise ValueError(f"sequence {event.sequence[:40]!r} is another place")


def _bad(kind: str, detail: str, index: int | None = None) -> RefusalError:
    return RefusalError(422, kind, detail, {} if index is None else {"index": index})
