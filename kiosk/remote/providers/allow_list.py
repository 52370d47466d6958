"""The allow-list of staff: who may come in on their word, until when, and whose word it is.

A TOML file that a person may also edit by hand; comments and order survive our edits.
"""

import contextlib
import fcntl
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import tomlkit
from tomlkit.items import AoT

from kiosk.core.identity import CUSTOMER
from kiosk.core.values import CustomerRef
from kiosk.remote.errors import AllowListError

MAX_BYTES: Final = 1 << 20  # some ten thousand entries
MAX_BY: Final = 80
PRIVATE: Final = 0o600
_TABLE: Final = "vouched"
_HEADER: Final = "# Who may come in on the word of staff, until when, and whose word it is.\n\n"
_KEYS: Final = ("customer", "until", "by")


@dataclass(frozen=True, slots=True)
class Vouch:
    """One person's word for one customer.

    Attributes:
        customer: Reference from the token or the fob.
        until: From then on it no longer holds.
        by: Who vouches; for the owner's eyes.
    """

    customer: CustomerRef
    until: datetime
    by: str

    def holds(self, now_s: int) -> bool:
        """Say whether the word still holds at Unix second `now_s`."""
        return now_s < self.until.timestamp()


class AllowList:
    """The file, read afresh at each call; several processes may use it at once.

    Args:
        path: The file; a missing one is an empty list.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Vouch, ...]:
        """Return every entry in file order, those that ran out included.

        Raises:
            AllowListError: Not readable, not TOML, or an entry breaks the rules.
        """
        return self._parse(self._text())

    def add(self, vouch: Vouch) -> None:
        """Add an entry, in place of an older one for the same customer.

        Raises:
            AllowListError: The file or the entry breaks the rules; nothing was changed.
        """
        with self._editing() as document:
            rows = self._rows(document)
            _drop(rows, vouch.customer)
            row = tomlkit.table()
            row.update({"customer": str(vouch.customer), "until": vouch.until, "by": vouch.by})
            rows.append(row)

    def remove(self, customer: CustomerRef) -> bool:
        """Take the customer off the list; False when it was not on it.

        Raises:
            AllowListError: The file breaks the rules; nothing was changed.
        """
        with self._editing() as document:
            return _drop(self._rows(document), customer)

    @contextlib.contextmanager
    def _editing(self) -> Iterator[tomlkit.TOMLDocument]:
        """Yield the document and put it back whole; another editor waits meanwhile."""
        try:
            lock = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._wrong(f"{error.strerror}; make its directory first") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            text = self._text()
            self._parse(text)
            document = tomlkit.parse(text or _HEADER)
            yield document
            changed = tomlkit.dumps(document)
            self._parse(changed)
            self._replace(changed)
            os.fsync(lock)
        finally:
            os.close(lock)

    def _replace(self, text: str) -> None:
        with contextlib.ExitStack() as undo:
            try:
                descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".vouch-")
                undo.callback(Path(name).unlink)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    self._keep_owner(descriptor)
                    os.fsync(descriptor)
                Path(name).replace(self._path)
                undo.pop_all()
            except OSError as error:
                raise self._wrong(f"cannot be written: {error.strerror}") from error

    def _keep_owner(self, descriptor: int) -> None:
        """Leave the file to its owner, a new one to that of its directory: root may edit."""
        exists = self._path.exists()
        like = (self._path if exists else self._path.parent).stat()
        os.fchmod(descriptor, like.st_mode & 0o777 if exists else PRIVATE)
        if os.geteuid() == 0:
            os.fchown(descriptor, like.st_uid, like.st_gid)

    def _text(self) -> str:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise self._wrong(f"is larger than {MAX_BYTES} bytes; remove old entries")
            return data.decode("utf-8")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._wrong(f"cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise self._wrong("is not UTF-8 text; save it as UTF-8") from error

    def _parse(self, text: str) -> tuple[Vouch, ...]:
        try:
            document: Mapping[str, object] = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._wrong(f"is not TOML: {error}") from error
        if strange := sorted(set(document) - {_TABLE}):
            raise self._wrong(f"{strange[0]}: unknown; entries stand under [[{_TABLE}]]")
        rows = document.get(_TABLE, [])
        if not isinstance(rows, list):
            raise self._wrong(f"{_TABLE}: must be written [[{_TABLE}]]")
        return tuple(self._vouch(f"{_TABLE}[{at}]", row) for at, row in enumerate(rows))

    def _vouch(self, place: str, row: object) -> Vouch:
        if not isinstance(row, Mapping) or set(row) != set(_KEYS):
            raise self._wrong(f"{place}: must hold {', '.join(_KEYS)} and nothing else")
        customer, by = row["customer"], row["by"]
        if not isinstance(customer, str) or not CUSTOMER.fullmatch(customer):
            raise self._wrong(f"{place}.customer: must be a reference of A-Z a-z 0-9 _ . : -")
        if not isinstance(by, str) or not 0 < len(by) <= MAX_BY or not by.isprintable():
            raise self._wrong(f"{place}.by: must be a name of at most {MAX_BY} characters")
        until = as_until(row["until"])
        if until is None:
            raise self._wrong(f"{place}.until: must be 2026-12-31 or 2026-12-31T18:00:00Z")
        return Vouch(CustomerRef(customer), until, by)

    def _rows(self, document: tomlkit.TOMLDocument) -> AoT:
        if not document.get(_TABLE):
            document[_TABLE] = tomlkit.aot()  # emptied, it was written as `vouched = []`
        rows = document[_TABLE]
        if not isinstance(rows, AoT):
            raise self._wrong(f"{_TABLE}: write each entry under a [[{_TABLE}]] of its own")
        return rows

    def _wrong(self, what: str) -> AllowListError:
        return AllowListError(str(self._path), what)


def as_until(value: object) -> datetime | None:
    """Return the end of a validity, None for what names none.

    A day counts to its end in UTC; a time needs its offset, or nobody knows which hour is meant.
    """
    if isinstance(value, datetime):
        return None if value.tzinfo is None else value
    if not isinstance(value, date) or value == date.max:
        return None
    return datetime.combine(value + timedelta(days=1), time(), tzinfo=UTC)


def parse_until(text: str) -> datetime | None:
    """Return the end of a validity as somebody typed it, None for what names none."""
    for read in (date.fromisoformat, datetime.fromisoformat):
        with contextlib.suppress(ValueError):
            return as_until(read(text))
    return None


def _drop(rows: AoT, customer: CustomerRef) -> bool:
    places = [at for at, row in enumerate(rows) if row["customer"] == customer]
    for at in reversed(places):
        del rows[at]
    return bool(places)
