"""The state directory of the score service: key, tokens and files, readable by us only."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.signing import b64encode, public_of
from kiosk.keyfiles import (
    PRIVATE,
    KeyFileError,
    create_private,
    keep_token,
    load_private,
    write_over,
)
from kiosk.scoring.errors import StateError

PRIVATE_DIRECTORY: Final = 0o700
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
        private, public = path / "scores.key", path / "scores.pub"
        key = load_private(private) if private.exists() else create_private(private)
        if not public.exists():
            write_over(public, f"{b64encode(public_of(key))}\n".encode("ascii"), PRIVATE)
        kiosk, admin = keep_token(path / "kiosk.token"), keep_token(path / "admin.token")
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}; choose a directory of ours") from error
    except KeyFileError as error:
        raise StateError(str(error)) from error
    return ScoresState(path, key, kiosk, admin)
