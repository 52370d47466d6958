"""Reading a signed document field by field; a wrong field is named with its path.

The first one ends it. Only whoever writes a document is told of all of them at once.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from kiosk.core.values import MAX_JSON_INTEGER, CoreError, Json

T = TypeVar("T")

NAME: Final = re.compile(r"[a-z0-9][a-z0-9:_.-]{0,63}")
"""Ids in documents: lower case, digits and `: _ . -`, at most 64."""
_SHORT: Final = 40  # a foreign text must not fill the owner's screen
_MISSING: Final = "is missing"
CURRENCY: Final = re.compile(r"[A-Z]{3}")  # ISO 4217 alpha-3


class DocumentError(CoreError):
    """A policy, key list or catalogue that breaks its rules.

    Attributes:
        path: The field, as in `policy.thresholds[2].points`.
        problem: What is wrong with it, and the remedy.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object; each is asked for once, then `end` refuses the rest.

    Every method raises `DocumentError` for a field that is missing, of another type or out of
    its range; a `default` makes the field optional. Where faults are kept it returns a value that
    fits instead: what is read then is for its faults only.

    `with fields:` ends a block at its first fault, and raises or keeps it likewise.

    Attributes:
        faults: Keeps the faults; None raises the first.
    """

    path: str
    values: Mapping[str, Json]
    faults: list[DocumentError] | None = None
    asked: set[str] = field(default_factory=set)

    def __enter__(self) -> None:
        """Begin a block that ends at its first fault."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        """Keep the fault that ended the block, when faults are kept."""
        if self.faults is None or not isinstance(error, DocumentError):
            return False
        self.faults.append(error)
        return True

    def sound(self, *names: str) -> bool:
        """Say whether no fault was kept of these fields; a rule between them needs them right."""
        places = [f"{self.path}.{name}" for name in names]
        return not any(
            fault.path == place or fault.path.startswith((f"{place}.", f"{place}["))
            for fault in self.faults or ()
            for place in places
        )

    def integer(
        self, name: str, low: int, high: int = MAX_JSON_INTEGER, default: int | None = None
    ) -> int:
        """Return an integer in low..high."""
        with self:
            value = self._take(name, default)
            if isinstance(value, bool) or not isinstance(value, int):
                raise self.wrong(name, f"must be a whole number, is {kind(value)}")
            if not low <= value <= high:
                allowed = f"{low}..{high}" if high < MAX_JSON_INTEGER else f"{low} or more"
                raise self.wrong(name, f"{value} is out of range; use {allowed}")
            return value
        return low

    def optional_integer(self, name: str, low: int) -> int | None:
        """Return an integer of `low` or more; None when it is null or missing."""
        if self.values.get(name) is None:
            self.asked.add(name)
            return None
        return self.integer(name, low)

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """Return true or false."""
        with self:
            value = self._take(name, default)
            if not isinstance(value, bool):
                raise self.wrong(name, f"must be true or false, is {kind(value)}")
            return value
        return False

    def text(
        self, name: str, pattern: re.Pattern[str], hint: str, default: str | None = None
    ) -> str:
        """Return a text that the whole pattern fits; `hint` says it in words."""
        with self:
            value = self._take(name, default)
            if not isinstance(value, str):
                raise self.wrong(name, f"must be text, is {kind(value)}")
            if value != default and pattern.fullmatch(value) is None:
                raise self.wrong(name, f"{_short(value)} is not {hint}")
            return value
        return ""

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of `choices`."""
        with self:
            value = self._take(name, None)
            if not isinstance(value, str) or value not in choices:
                raise self.wrong(name, f"{_short(value)} is not one of {', '.join(choices)}")
            return value
        return choices[0]

    def section(self, name: str) -> "Fields":
        """Return the object under `name`, empty when it is missing."""
        self.asked.add(name)
        place = f"{self.path}.{name}"
        with self:
            return read(self.values.get(name, {}), place, self.faults)
        return Fields(place, {}, self.faults)

    def many(
        self, name: str, one: Callable[["Fields"], T], default: Sequence[Json] | None = None
    ) -> tuple[T, ...]:
        """Return a list of objects, each read to its end by `one`."""
        found = []
        with self:
            rows = [
                read(value, f"{self.path}.{name}[{at}]", self.faults)
                for at, value in enumerate(self.plain(name, default))
            ]
            for fields in rows:
                found.append(one(fields))
                fields.end()
        return tuple(found)

    def plain(self, name: str, default: Sequence[Json] | None = None) -> Sequence[Json]:
        """Return a list whose elements the caller checks."""
        with self:
            value = self._take(name, default)
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise self.wrong(name, f"must be a list, is {kind(value)}")
            return value
        return ()

    def end(self) -> None:
        """Refuse fields that nobody asked for; one that is misspelt is not missing as well."""
        for name in self.values:
            if name in self.asked:
                continue
            meant = nearest(name, sorted(self.asked))
            self._forget(f"{self.path}.{meant}: {_MISSING}")
            with self:
                hint = f"did you mean {meant}?" if meant else "remove it, or move it"
                raise self.wrong(name, f"unknown field; {hint}")

    def wrong(self, name: str, problem: str) -> DocumentError:
        """Return the error to raise for the field `name`."""
        return DocumentError(f"{self.path}.{_short(name, quote=False)}", problem)

    def _take(self, name: str, default: Json) -> Json:
        self.asked.add(name)
        if name in self.values:
            return self.values[name]
        if default is None:
            raise self.wrong(name, _MISSING)
        return default

    def _forget(self, fault: str) -> None:
        if self.faults is not None:
            self.faults[:] = [each for each in self.faults if str(each) != fault]


def read(value: Json, path: str, faults: list[DocumentError] | None = None) -> Fields:
    """Return the fields of the object `value`, whose faults are kept in `faults` if it is given.

    Raises:
        DocumentError: It is no object.
    """
    if not isinstance(value, Mapping):
        raise DocumentError(path, f"must be an object, is {kind(value)}")
    return Fields(path, value, faults)


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the known word that is meant by a misspelt one, "" when none is like it."""
    return next(iter(difflib.get_close_matches(word[:_SHORT], known, n=1)), "")


def unique(values: Sequence[T], path: str, what: str) -> None:
    """Refuse a list in which a value comes twice.

    Raises:
        DocumentError: The second one, by its place.
    """
    seen: set[T] = set()
    for at, value in enumerate(values):
        if value in seen:
            raise DocumentError(f"{path}[{at}]", f"{what} {_short(value)} is there twice")
        seen.add(value)


def kind(value: object) -> str:
    """Return JSON's word for the type of `value`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a fraction"
        case str():
            return "text"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def _short(value: object, *, quote: bool = True) -> str:
    """Return a foreign value in printable ASCII, cut to `_SHORT` characters."""
    text = ascii(str(value) if isinstance(value, str) else value)
    text = text if quote else text[1:-1]
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."
