"""The hub's state directory: made at the first start, checked at every start."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kiosk.hub.errors import HubStateError
from kiosk.keyfiles import PRIVATE, KeyFileError, keep_token, write_over
from kiosk.ledger import keys
from kiosk.ledger.errors import LedgerError
from kiosk.ledger.keys import LedgerKeys

PRIVATE_DIRECTORY: Final = 0o700
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
    def staff_file(self) -> Path:
        """Where staff find their token."""
        return self.path / "staff.token"

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
        (path / DATABASE).touch(PRIVATE)
        name = _shop(path / "shop", shop)
        office_keys = keys.create(path / "office")
        return HubState(
            path=path,
            shop=name,
            first=first,
            staff_token=keep_token(path / "staff.token"),
            kiosk_token=keep_token(path / "kiosk.token"),
            office_keys=office_keys,
        )
    except OSError as error:
        raise HubStateError(f"{path}: {error.strerror}; choose a directory of ours") from error
    except (LedgerError, KeyFileError) as error:
        raise HubStateError(str(error)) from error


def _shop(path: Path, asked: str | None) -> str:
    known = path.read_text(encoding="ascii").strip() if path.exists() else None
    if known is not None and asked is not None and known != asked:
        raise HubStateError(f"{path.parent}: belongs to shop {known!r}, not {asked!r}")
    shop = known or asked or "shop"
    if SHOP.fullmatch(shop) is None:
        raise HubStateError(f"shop {shop!r}: want lower case, digits and : _ . -, at most 64")
    if known is None:
        write_over(path, f"{shop}\n".encode("ascii"), PRIVATE)
    return shop
