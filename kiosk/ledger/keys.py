"""The ledger's two keys on disk: `log.key` signs its heads, `wrap.key` wraps customer keys."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.ledger.errors import LedgerError

LOG_KEY_FILE: Final = "log.key"
WRAP_KEY_FILE: Final = "wrap.key"
KEY_BYTES: Final = 32
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """The keys of one device; neither ever leaves it.

    Attributes:
        log: Signs checkpoints.
        wrap: Wraps the customers' keys; without it nothing personal can be read.
    """

    log: Ed25519PrivateKey
    wrap: bytes


def create(state_dir: Path) -> LedgerKeys:
    """Make the keys that are not there yet, readable by their owner only; return both.

    A key that exists is kept: another one in its place would orphan the ledger.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (LOG_KEY_FILE, WRAP_KEY_FILE):
        if not (state_dir / name).exists():
            _write(state_dir / name, os.urandom(KEY_BYTES))
    return load(state_dir)


def load(state_dir: Path) -> LedgerKeys:
    """Return the keys in a state directory.

    Raises:
        LedgerError: One is missing, of the wrong length, or readable by others.
    """
    return LedgerKeys(load_log_key(state_dir), load_wrap_key(state_dir))


def load_log_key(state_dir: Path) -> Ed25519PrivateKey:
    """Return the key that signs heads; LedgerError as with `load`."""
    return Ed25519PrivateKey.from_private_bytes(_read(state_dir / LOG_KEY_FILE))


def load_wrap_key(state_dir: Path) -> bytes:
    """Return the key that wraps customer keys; LedgerError as with `load`."""
    return _read(state_dir / WRAP_KEY_FILE)


def _write(path: Path, key: bytes) -> None:
    """Write a key under its name only when all of it is on the disk."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path) -> bytes:
    try:
        key, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}; make the keys with kiosk init") from error
    if len(key) != KEY_BYTES:
        raise LedgerError(f"{path}: {len(key)} bytes, want {KEY_BYTES}; restore it from a backup")
    if mode & _OTHERS:
        raise LedgerError(f"{path}: others may read it; chmod 600 {path}")
    return key
