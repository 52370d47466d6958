"""Proofs for people: one `.tlog-proof` file says that an event is in the log (c2sp.org/tlog-proof).

The file needs no ledger and no network to check, only the log's public key. Its extra data is
salt || body, from which the committed entry is made again.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Final

from kiosk.ledger.body import SALT_BYTES, leaf_of
from kiosk.ledger.checkpoint import Checkpoint, LogKey, parse, verify
from kiosk.ledger.errors import CheckpointError, LedgerError
from kiosk.ledger.merkle import inclusion_proof, verify_inclusion
from kiosk.ledger.reader import LedgerReader

HEADER: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = re.compile("extra .")
_INDEX: Final = re.compile("index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof proves: this body stands at this index of this log."""

    index: int
    salt: bytes
    body: bytes
    checkpoint: Checkpoint


def prove(reader: LedgerReader, index: int) -> str:
    """Return the proof file of one event, against the newest signed head.

    Raises:
        LedgerError: There is no such entry.
    """
    note = reader.checkpoint() or ""
    size = parse(note).size
    if not 0 <= index < size:
        raise LedgerError(f"{reader.path}: no entry {index}; the log has {size}, counted from 0")
    (entry,) = reader.entries(index, 1)
    lines = [
        HEADER,
        f"extra {b64encode(entry.salt + entry.body).decode()}",
        f"index {index}",
        *(b64encode(step).decode() for step in inclusion_proof(reader.span_root, index, size)),
    ]
    return "\n".join(lines) + f"\n\n{note}"


def check_proof(text: str, key: LogKey) -> Proved:
    """Return what a proof file proves.

    Raises:
        CheckpointError: It is no proof, or it proves nothing.
    """
    head, _, note = text.partition("\n\n")
    match head.split("\n"):
        case [header, extra, index, *steps] if header == HEADER:
            pass
        case _:
            raise CheckpointError("proof: not a tlog-proof file with extra data")
    if not _EXTRA.match(extra) or not _INDEX.fullmatch(index):
        raise CheckpointError("proof: want a line of extra data, then a plain decimal index")
    checkpoint = verify(note, key)
    content = _base64(extra.removeprefix("extra "))
    salt, body = content[:SALT_BYTES], content[SALT_BYTES:]
    path, at = [_base64(step) for step in steps], int(index.removeprefix("index "))
    if not verify_inclusion(leaf_of(salt, body), at, checkpoint.size, path, checkpoint.root):
        raise CheckpointError("proof: it does not lead to the signed root")
    return Proved(at, salt, body, checkpoint)


def _base64(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise CheckpointError("proof: not base64") from error
    if b64encode(raw).decode() != text:
        raise CheckpointError("proof: not the one base64 spelling of its bytes")
    return raw
