"""Sealing what is personal: one key per customer and log, wrapped by the device's own key.

Deleting a customer's key row forgets the customer: sealed parts cannot be opened any more, and
the blinded subjects of the events can no longer be joined (P7).
"""

import hmac
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.core.canonical import decode
from kiosk.core.values import CoreError, CustomerRef, Json
from kiosk.ledger.body import b64url, canonical
from kiosk.ledger.errors import LedgerCorruptError, LedgerError

KEY_BYTES: Final = 32  # AES-256
NONCE_BYTES: Final = 12  # NIST SP 800-38D section 8.2.2: random 96 bits
SALT_BYTES: Final = 32
SUBJECT_CHARS: Final = 22  # 132 bits of the HMAC: no two events collide


class CustomerKey:
    """The key of one customer in one log; blinds subjects, seals and opens personal parts."""

    __slots__ = ("_aead", "_key", "customer")

    def __init__(self, customer: CustomerRef, key: bytes) -> None:
        self.customer = customer
        self._key = key
        self._aead = AESGCM(key)

    def subject(self, event_id: str) -> str:
        """Return who this event is about, blinded: without the key no two subjects compare."""
        return b64url(_mac(self._key, b"pid" + event_id.encode()))[:SUBJECT_CHARS]

    def seal(self, event_id: str, personal: Mapping[str, Json]) -> tuple[bytes, str]:
        """Return the sealed part, and the hash of its plaintext for the body."""
        random = os.urandom(SALT_BYTES + NONCE_BYTES)
        salt, nonce = random[:SALT_BYTES], random[SALT_BYTES:]
        plain = canonical({"p": personal, "s": b64url(salt)}, "personal part")
        return nonce + self._aead.encrypt(nonce, plain, event_id.encode()), plain_hash(plain)

    def plaintext(self, event_id: str, sealed: bytes) -> bytes:
        """Return what was sealed; LedgerError when it is not this key's or was changed."""
        nonce, box = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._aead.decrypt(nonce, box, event_id.encode())
        except (InvalidTag, ValueError) as error:
            raise LedgerCorruptError("the sealed part does not open") from error

    def open(self, event_id: str, sealed: bytes) -> Mapping[str, Json]:
        """Return the personal part; LedgerCorruptError when it does not open."""
        try:
            content = decode(self.plaintext(event_id, sealed))
        except CoreError as error:
            raise LedgerCorruptError("the sealed part is not canonical") from error
        personal = content.get("p") if isinstance(content, Mapping) else None
        if not isinstance(personal, Mapping):
            raise LedgerCorruptError("the sealed part holds no personal part")
        return personal


class Keyring:
    """What the device's wrap key opens: customer keys, and names that say nothing on disk."""

    __slots__ = ("_aead", "_name_key", "_nonce_key", "check")

    def __init__(self, wrap_key: bytes) -> None:
        if len(wrap_key) != KEY_BYTES:
            raise LedgerError(f"wrap key: {len(wrap_key)} bytes, want {KEY_BYTES}")
        self._aead = AESGCM(_mac(wrap_key, b"kiosk/ledger/wrap/v1"))
        self._name_key = _mac(wrap_key, b"kiosk/ledger/customer/v1")
        self._nonce_key = _mac(wrap_key, b"kiosk/ledger/nonce/v1")
        self.check = _mac(wrap_key, b"kiosk/ledger/check/v1").hex()[:16]

    def name_of(self, customer: CustomerRef) -> bytes:
        """Return the name of a customer's key row: stable here, meaningless without the key."""
        return _mac(self._name_key, customer.encode())

    def spent(self, kid: str, cti: str) -> bytes:
        """Return the name of a spent nonce."""
        return _mac(self._nonce_key, f"{kid}\n{cti}".encode())

    def mint(self, customer: CustomerRef) -> tuple[CustomerKey, bytes]:
        """Return a new key of a customer, and its wrapped form."""
        key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        row = key + customer.encode()
        wrapped = nonce + self._aead.encrypt(nonce, row, self.name_of(customer))
        return CustomerKey(customer, key), wrapped

    def unwrap(self, name: bytes, wrapped: bytes) -> CustomerKey:
        """Return the key in a row.

        Raises:
            LedgerCorruptError: The row was changed, or wrapped by another device's key.
        """
        try:
            row = self._aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], name)
        except (InvalidTag, ValueError) as error:
            raise LedgerCorruptError(
                "a customer key does not open: is wrap.key the one of this ledger?"
            ) from error
        return CustomerKey(CustomerRef(row[KEY_BYTES:].decode()), row[:KEY_BYTES])


def plain_hash(plain: bytes) -> str:
    """Return the hash of a sealed plaintext as the body carries it."""
    return b64url(sha256(plain).digest())


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
