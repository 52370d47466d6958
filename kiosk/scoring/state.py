"""The state directory of the score service: key, tokens and files, readable by us only."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.signing import b64encode, public_of
from kiosk.scoring.errors import StateError

PRIVATE_DIRECTORY: Final = 0o700
PRIVATE_FILE: Final = 0o600
TOKEN_BYTES: Final = 32
SEED_BYTES: Final = 32  # RFC 8032 section 5.1.5
URL_FILE: Final = "scores.url"


@dataclass(frozen=True, slots=True)
class ScoresState:
    """What the directory holds.

    Attributes:
        key: Signs the answers; its public half belongs into the key list as "provider".
        kiosk_token: Bearer of every kiosk that may ask.
        admin_token: Bearer of who may set facts.
    """

    path: Path
    key: Ed25519PrivateKey = field(repr=False)
    kiosk_token: str = field(repr=False)
    admin_token: str = field(repr=False)

    @property
    def database(self) -> Path:
        """Customers and facts."""
        return self.path / "scores.db"

    @property
    def policy(self) -> Path:
        """The last good policy, as the owner signed it."""
        return self.path / "policy.json"


def open_state(path: Path) -> ScoresState:
    """Return the state in `path`; what is missing is made, so `play` may call it first.

    The public key is also written to `scores.pub`, base64url, for the owner's key list.

    Raises:
        StateError: A file is damaged, or the directory is not ours to write.
    """
    try:
        path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        key = _key(path / "scores.key")
        public = path / "scores.pub"
        if not public.exists():
            write_private(public, f"{b64encode(public_of(key))}\n".encode("ascii"))
        return ScoresState(path, key, _token(path / "kiosk.token"), _token(path / "admin.token"))
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}; choose a directory of ours") from error


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only we may read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def _key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        write_private(path, secrets.token_bytes(SEED_BYTES))
    seed = path.read_bytes()
    if len(seed) != SEED_BYTES:
        raise StateError(f"{path}: {len(seed)} bytes, want {SEED_BYTES}; restore the key's copy")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _token(path: Path) -> str:
    if not path.exists():
        write_private(path, f"{secrets.token_urlsafe(TOKEN_BYTES)}\n".encode("ascii"))
    token = path.read_bytes().strip()
    if not token or not token.isascii():
        raise StateError(f"{path}: is no token; remove it and start again for a new one")
    return token.decode("ascii")
