"""The lines of an upload, as the hub reads them: one event each, then the checkpoint."""

from typing import Final

import orjson

from kiosk.ledger.body import SALT_BYTES, b64url
from kiosk.ledger.rows import StoredEntry

MAX_BATCH_EVENTS: Final = 256  # the hub's limits, reference/ledger section 9
MAX_BATCH_BYTES: Final = 512 * 1024
MAX_CHECKPOINT_BYTES: Final = 2048  # origin of 255 bytes twice, size, root, signature; escaped
_FRAME: Final = len(b'{"salt":"","body":"","sealed":null}\n')


def event_line(entry: StoredEntry) -> bytes:
    """Return one event as a line of NDJSON."""
    sealed = b"null" if entry.sealed is None else b'"%s"' % b64url(entry.sealed).encode()
    salt, body = b64url(entry.salt).encode(), b64url(entry.body).encode()
    return b'{"salt":"%s","body":"%s","sealed":%s}\n' % (salt, body, sealed)


def line_bytes(body: bytes, sealed: bytes | None) -> int:
    """Return how long the line of an event is, or a little more."""
    return _FRAME + _encoded(SALT_BYTES) + _encoded(len(body)) + _encoded(len(sealed or b""))


def checkpoint_line(note: str) -> bytes:
    """Return the last line of an upload."""
    return orjson.dumps({"checkpoint": note}) + b"\n"


def _encoded(count: int) -> int:
    """Length of `count` bytes in base64url without padding."""
    return (4 * count + 2) // 3
