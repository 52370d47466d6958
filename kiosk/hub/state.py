"""The hub's state directory: made at the first start, checked at every start."""

import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kiosk.hub.errors import HubStateError
from kiosk.ledger import keys
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.keys import LedgerKeys

PRIVATE_DIRECTORY: Final = 0o700
PRIVATE_FILE: Final = 0o600
TOKEN_BYTES: Final = 32
DATABASE: Final = "hub.db"
SHOP: Final = re.compile(r"[a-z0-9][a-z0-9:_.-]{0,63}")
"""A shop's name, as in a policy."""


@dataclass(frozen=True, slots=True)
class HubState:
    """What the state directory holds.

    Attributes:
        first: This is the first start.
        staff_token: Bearer of everything that staff may do.
        kiosk_token: Bearer of what a kiosk may read.
    """

    path: Path
    shop: str
    first: bool
    staff_token: str = field(repr=False)
    kiosk_token: str = field(repr=False)
    office_keys: LedgerKeys = field(repr=False)

    @property
    def database(self) -> Path:
        """The hub's database."""
        return self.path / DATABASE

    @property
    def office(self) -> Path:
        """The office log's database, in a directory with its keys and its lock."""
        return self.path / "office" / "ledger.db"

    @property
    def origin(self) -> str:
        """The office log's origin."""
        return f"{self.shop}/office"


def open_state(path: Path, shop: str | None) -> HubState:
    """Return the state in `path`, made there when it is new.

    Raises:
        HubStateError: Not usable: of another shop, incomplete, or not ours to write.
    """
    try:
        path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        first = not (path / "shop").exists()
        (path / DATABASE).touch(PRIVATE_FILE)
        name = _shop(path / "shop", shop)
        office_keys = keys.create(path / "office")
        return HubState(
            path=path,
            shop=name,
            first=first,
            staff_token=_token(path / "staff.token"),
            kiosk_token=_token(path / "kiosk.token"),
            office_keys=office_keys,
        )
    except OSError as error:
        raise HubStateError(f"{path}: {error.strerror}; choose a directory of ours") from error
    except LedgerError as error:
        raise HubStateError(str(error)) from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _token(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(TOKEN_BYTES) + "\n")
    token = path.read_text(encoding="ascii").strip()
    if not token:
        raise HubStateError(f"{path}: is empty; remove it and start again for a new token")
    return token


def _shop(path: Path, asked: str | None) -> str:
    known = path.read_text(encoding="ascii").strip() if path.exists() else None
    if known is not None and asked is not None and known != asked:
        raise HubStateError(f"{path.parent}: belongs to shop {known!r}, not {asked!r}")
    shop = known or asked or "shop"
    if SHOP.fullmatch(shop) is None:
        raise HubStateError(f"shop {shop!r}: want lower case, digits and : _ . -, at most 64")
    if known is None:
        write_private(path, f"{shop}\n")
    return shop
