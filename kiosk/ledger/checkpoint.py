"""Checkpoints: a tree head as a signed note (C2SP signed-note, tlog-checkpoint v1.0.0).

Pure: keys are passed in. Ed25519 only (signature type 0x01); signatures of keys that nobody
named are ignored, as the note format demands.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.ledger.errors import CheckpointError
from kiosk.ledger.merkle import EMPTY_ROOT, HASH_BYTES

ED25519: Final = 0x01  # signed-note, signature types
KEY_ID_BYTES: Final = 4
PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
MAX_NOTE_CHARS: Final = 64 * 1024  # 16 post-quantum cosignatures of 2.5 kB fit
MAX_NAME_BYTES: Final = 255
MAX_SIZE: Final = 2**63 - 1  # what SQLite and Go hold
_SIZE: Final = re.compile("0|[1-9][0-9]{0,18}")
_SIGNATURE_MARK: Final = "\u2014 "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: the root over its first `size` entries."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class LogKey:
    """The name and the public key that a log's checkpoints are verified with."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        row = self.name.encode() + b"\n" + bytes([ED25519]) + self.public
        return sha256(row).digest()[:KEY_ID_BYTES]

    def encode(self) -> str:
        """Return the verifier key line: `name+keyid+base64(type || public)`."""
        material = b64encode(bytes([ED25519]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def of(cls, name: str, private: Ed25519PrivateKey) -> "LogKey":
        """Return the public side of a log's key."""
        return cls(check_name(name), private.public_key().public_bytes_raw())


def parse_vkey(text: str) -> LogKey:
    """Return the key in a verifier key line.

    Raises:
        CheckpointError: It is no Ed25519 verifier key, or its key id does not fit.
    """
    name, _, rest = text.strip().partition("+")
    key_id, plus, encoded = rest.partition("+")
    if not plus:
        raise CheckpointError("verifier key: want name+id+base64; copy the whole line")
    material = _base64(encoded, "verifier key")
    if len(material) != 1 + PUBLIC_BYTES or material[0] != ED25519:
        raise CheckpointError("verifier key: not an Ed25519 key")
    key = LogKey(check_name(name), material[1:])
    if key_id != key.key_id.hex():
        raise CheckpointError("verifier key: the key id does not fit name and key")
    return key


def check_name(name: str) -> str:
    """Return `name` when it can name a log or a key: no spaces, no plus, no control characters."""
    if not name.isprintable() or " " in name or "+" in name or not name:
        raise CheckpointError(f"log name {name!r}: want printable text without spaces or plus")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise CheckpointError(f"log name {name!r}: longer than {MAX_NAME_BYTES} bytes")
    return name


def root_text(root: bytes) -> str:
    """Return a root as checkpoints write it, in base64; the one notation of every output."""
    return b64encode(root).decode("ascii")


def sign_checkpoint(origin: str, size: int, root: bytes, key: Ed25519PrivateKey) -> str:
    """Return the signed checkpoint note; the origin is also the name of the key."""
    return Signer(origin, key).sign(size, root)


class Signer:
    """Signs the checkpoints of one log; keeps what does not change between them."""

    __slots__ = ("_head", "_key", "_line", "_prefix")

    def __init__(self, origin: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._prefix = LogKey.of(origin, key).key_id
        self._head = f"{origin}\n"
        self._line = f"\n{_SIGNATURE_MARK}{origin} "

    def sign(self, size: int, root: bytes) -> str:
        """Return the note for this head."""
        text = f"{self._head}{size}\n{root_text(root)}\n"
        signature = b64encode(self._prefix + self._key.sign(text.encode())).decode()
        return f"{text}{self._line}{signature}\n"


def parse(note: str) -> Checkpoint:
    """Return what a checkpoint note says, its signatures unchecked.

    Raises:
        CheckpointError: It is not a checkpoint note, or says a thing in a second spelling.
    """
    return _parse_text(_split_note(note)[0])


def verify(note: str, key: LogKey) -> Checkpoint:
    """Return the checkpoint when its origin is the key's name and the key signed it.

    Raises:
        CheckpointError: Malformed, another log's, unsigned, or a signature that does not verify.
    """
    text, lines = _split_note(note)
    checkpoint = _parse_text(text)
    if checkpoint.origin != key.name:
        raise CheckpointError(f"checkpoint: of log {checkpoint.origin!r}, not of {key.name!r}")
    found = [
        signature[KEY_ID_BYTES:]
        for name, signature in lines
        if name == key.name and signature[:KEY_ID_BYTES] == key.key_id
    ]
    if len(found) != 1:
        raise CheckpointError(f"checkpoint: {len(found)} signatures of {key.name!r}, want one")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(found[0], text.encode())
    except (InvalidSignature, ValueError) as error:
        raise CheckpointError(f"checkpoint: the signature of {key.name!r} is wrong") from error
    return checkpoint


def _split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the signed text and the signatures as (name, key id || signature)."""
    if len(note) > MAX_NOTE_CHARS:
        raise CheckpointError(f"checkpoint: longer than {MAX_NOTE_CHARS} characters")
    if not note.replace("\n", "").isprintable():
        raise CheckpointError("checkpoint: characters that no note may hold")
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise CheckpointError("checkpoint: want text, an empty line, signatures, a final newline")
    return text + "\n", [_signature(line) for line in tail[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes]:
    if not line.startswith(_SIGNATURE_MARK):
        raise CheckpointError("checkpoint: a signature line does not begin with a dash")
    name, space, signature = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    raw = _base64(signature, "checkpoint signature")
    if not space or len(raw) <= KEY_ID_BYTES:
        raise CheckpointError("checkpoint: a signature line is cut short")
    return check_name(name), raw


def _parse_text(text: str) -> Checkpoint:
    match text.split("\n"):
        case [origin, digits, encoded, ""]:  # extension lines are not used here
            pass
        case _:
            raise CheckpointError("checkpoint: want three lines of text: origin, size, root")
    if not _SIZE.fullmatch(digits) or int(digits) > MAX_SIZE:
        raise CheckpointError("checkpoint: the size is not a plain decimal number")
    size, root = int(digits), _base64(encoded, "checkpoint root")
    if len(root) != HASH_BYTES or (size == 0 and root != EMPTY_ROOT):
        raise CheckpointError("checkpoint: that is no root for a tree of this size")
    return Checkpoint(check_name(origin), size, root)


def _base64(text: str, what: str) -> bytes:
    """Return the bytes of canonical, padded base64."""
    try:
        raw = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise CheckpointError(f"{what}: not base64") from error
    if not raw or b64encode(raw).decode() != text:
        raise CheckpointError(f"{what}: not the one base64 spelling of its bytes")
    return raw
