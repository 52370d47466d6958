"""Reading a signed document field by field; the first wrong field is named with its path."""

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
CURRENCY: Final = re.compile(r"[A-Z]{3}")  # ISO 4217 alpha-3


class DocumentError(CoreError):
    """A policy, key list or catalogue that breaks its rules.

    Attributes:
        path: The field, as in `policy.thresholds[2].points`.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object; each is asked for once, then `end` refuses the rest.

    Every method raises `DocumentError` for a field that is missing, of another type or out of
    its range; a `default` makes the field optional.
    """

    path: str
    values: Mapping[str, Json]
    asked: set[str] = field(default_factory=set)

    def integer(
        self, name: str, low: int, high: int = MAX_JSON_INTEGER, default: int | None = None
    ) -> int:
        """Return an integer in low..high."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, f"must be a whole number, is {kind(value)}")
        if not low <= value <= high:
            allowed = f"{low}..{high}" if high < MAX_JSON_INTEGER else f"{low} or more"
            raise self.wrong(name, f"{value} is out of range; use {allowed}")
        return value

    def optional_integer(self, name: str, low: int) -> int | None:
        """Return an integer of `low` or more; None when it is null or missing."""
        if self.values.get(name) is None:
            self.asked.add(name)
            return None
        return self.integer(name, low)

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """Return true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, f"must be true or false, is {kind(value)}")
        return value

    def text(
        self, name: str, pattern: re.Pattern[str], hint: str, default: str | None = None
    ) -> str:
        """Return a text that the whole pattern fits; `hint` says it in words."""
        value = self._take(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, f"must be text, is {kind(value)}")
        if value != default and pattern.fullmatch(value) is None:
            raise self.wrong(name, f"{_short(value)} is not {hint}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of `choices`."""
        value = self._take(name, None)
        if not isinstance(value, str) or value not in choices:
            raise self.wrong(name, f"{_short(value)} is not one of {', '.join(choices)}")
        return value

    def section(self, name: str) -> "Fields":
        """Return the object under `name`, empty when it is missing."""
        self.asked.add(name)
        return read(self.values.get(name, {}), f"{self.path}.{name}")

    def many(
        self, name: str, one: Callable[["Fields"], T], default: Sequence[Json] | None = None
    ) -> tuple[T, ...]:
        """Return a list of objects, each read to its end by `one`."""
        found = []
        for at, value in enumerate(self.plain(name, default)):
            fields = read(value, f"{self.path}.{name}[{at}]")
            found.append(one(fields))
            fields.end()
        return tuple(found)

    def plain(self, name: str, default: Sequence[Json] | None = None) -> Sequence[Json]:
        """Return a list whose elements the caller checks."""
        value = self._take(name, default)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.wrong(name, f"must be a list, is {kind(value)}")
        return value

    def end(self) -> None:
        """Refuse fields that nobody asked for."""
        for name in self.values:
            if name not in self.asked:
                near = difflib.get_close_matches(name, self.asked, n=1)
                hint = f"did you mean {near[0]}?" if near else "remove it"
                raise self.wrong(name, f"unknown field; {hint}")

    def wrong(self, name: str, problem: str) -> DocumentError:
        """Return the error to raise for the field `name`."""
        return DocumentError(f"{self.path}.{_short(name, quote=False)}", problem)

    def _take(self, name: str, default: Json) -> Json:
        self.asked.add(name)
        if name in self.values:
            return self.values[name]
        if default is None:
            raise self.wrong(name, "is missing")
        return default


def read(value: Json, path: str) -> Fields:
    """Return the fields of the object `value`.

    Raises:
        DocumentError: It is no object.
    """
    if not isinstance(value, Mapping):
        raise DocumentError(path, f"must be an object, is {kind(value)}")
    return Fields(path, value)


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
