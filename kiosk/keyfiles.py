"""Keys and tokens in files: a private one only its owner can read, and none is overwritten."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.signing import PUBLIC_BYTES, b64decode, public_of

SEED_BYTES: Final = 32  # RFC 8032 section 5.1.5
PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644
_TOKEN_BYTES: Final = 32
_OTHERS: Final = 0o077
_LINE_BYTES: Final = 100  # a public key in base64url has 43


class KeyFileError(Exception):
    """A key file that cannot be made or used; nothing was changed."""

    exit_code: int = 2


def create_private(path: Path) -> Ed25519PrivateKey:
    """Make a key, write it to a new file and return it.

    Raises:
        KeyFileError: Something is there already, or the place cannot be written.
    """
    private = Ed25519PrivateKey.generate()
    write_new(path, private.private_bytes_raw())
    return private


def load_private(path: Path) -> Ed25519PrivateKey:
    """Return the key in a file.

    Raises:
        KeyFileError: Not there, not a key, or others may read it.
    """
    try:
        with path.open("rb") as file:
            seed, mode = file.read(SEED_BYTES + 1), os.fstat(file.fileno()).st_mode
    except OSError as error:
        remedy = "make one with kiosk keys make, or name the right file"
        if not isinstance(error, FileNotFoundError):
            remedy = "name a file that this account may read"
        raise KeyFileError(f"{path}: {error.strerror}; {remedy}") from error
    if len(seed) != SEED_BYTES:
        raise KeyFileError(f"{path}: not a private key, which has {SEED_BYTES} bytes")
    if mode & _OTHERS:
        raise KeyFileError(f"{path}: others may read it; chmod 600 {path}")
    return Ed25519PrivateKey.from_private_bytes(seed)


def read_public(text: str) -> bytes:
    """Return the public key that `text` is, or that the file of this name holds or belongs to.

    Raises:
        KeyFileError: Neither base64url of 32 bytes nor a file with a key.
    """
    path = Path(text)
    held = _is_file(path)
    if held:
        if path.stat().st_size == SEED_BYTES:
            return public_of(load_private(path))
        text = path.read_bytes()[:_LINE_BYTES].decode("ascii", errors="replace").strip()
    try:
        public = b64decode(text)
    except ValueError as error:
        what = str(error) if held else "no such file, and no public key"
        raise KeyFileError(f"{path}: {what}; give a public key or a file with one") from error
    if len(public) != PUBLIC_BYTES:
        raise KeyFileError(f"{path}: {len(public)} bytes; a public key has {PUBLIC_BYTES}")
    return public


def keep_token(path: Path) -> str:
    """Return the bearer token in a file, made when there is none.

    Raises:
        KeyFileError: It is no token, or the place cannot be written.
    """
    try:
        if not path.exists():
            write_new(path, f"{secrets.token_urlsafe(_TOKEN_BYTES)}\n".encode("ascii"))
        token = path.read_bytes().strip()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; choose a directory of ours") from error
    if not token or not token.isascii():
        raise KeyFileError(f"{path}: is no token; remove it and start again for a new one")
    return token.decode("ascii")


def write_over(path: Path, data: bytes, mode: int = _PUBLIC) -> None:
    """Put a file in place of what is there, whole or not at all.

    A terminal, a pipe or a device is written to and stays what it is.

    Raises:
        KeyFileError: The place cannot be written; what was there is unchanged.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.write(data)
            return
        fresh.unlink(missing_ok=True)  # of a run that was cut off
        _write(fresh, data, mode)
        fresh.replace(path)
    except (OSError, ValueError) as error:
        _forget(fresh)
        why = getattr(error, "strerror", None) or "not a file name"
        raise KeyFileError(f"{path}: {why}; nothing was written") from error


def write_new(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write a new file and make it durable; what cannot be finished is removed again.

    Raises:
        KeyFileError: Something is there already, or the place cannot be written.
    """
    try:
        _write(path, data, mode)
    except FileExistsError as error:
        raise KeyFileError(f"{path}: is there already; move it away first") from error
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; nothing was written") from error


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a new file, durably; leave nothing of it when that fails."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
    except OSError:
        _forget(path)
        raise


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        path.unlink()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
