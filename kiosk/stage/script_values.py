"""The values of a script's tables, checked one by one; every mistake is kept with its line."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kiosk.core.document import nearest
from kiosk.core.epc import MAX_BYTES
from kiosk.stage.script_lines import Lines

EPC: Final = re.compile(rf"(?!0+$)(?:[0-9A-F]{{4}}){{1,{MAX_BYTES // 2}}}")
MAX_S: Final = 10**9
SHOWN: Final = 40
"""Characters of a wrong key or value that a message repeats."""


class Mistakes:
    """Collects mistakes in the order in which they stand in the file.

    Args:
        text: The whole script, for the lines.
    """

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = Lines(text)
        self._found: list[tuple[int, str]] = []

    def add(self, place: str, index: int, what: str) -> None:
        """Keep a mistake at `table.key` or at a key of the top level."""
        table, _, key = place.rpartition(".")
        line = self.line(table, index, key)
        named = "".join(letter if letter.isprintable() else "?" for letter in place[:SHOWN])
        self._found.append((line, f"{self._path}:{line}: {named}: {what}"))

    def line(self, table: str, index: int, key: str) -> int:
        """Return the line of a key."""
        return self._lines.of(table, index, key)

    def lines(self) -> list[str]:
        """Return every mistake, one line each, by line."""
        return [text for _, text in sorted(self._found, key=lambda found: found[0])]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a script; each reader returns a value that fits, also where there is none.

    Attributes:
        place: Its name, "" for the top level.
        index: Which of the tables of that name, from 0.
    """

    values: Mapping[str, object]
    place: str
    index: int
    mistakes: Mistakes

    def known(self, keys: Sequence[str]) -> None:
        """Refuse every key but these."""
        for key in self.values:
            if key not in keys:
                self.wrong(key, f"unknown key; {_hint(key, keys)}")

    def word(self, key: str, words: Sequence[str], later: Sequence[str] = ()) -> str:
        """Return one of `words`, "" where it is not; those of `later` are told as not built yet."""
        value = self.values.get(key)
        if isinstance(value, str) and value in words:
            return value
        if key not in self.values:
            return self._nothing(key, f"one of {', '.join(words) or 'none'}")
        if value in later:
            self.wrong(key, f"{shown(value)} is not built yet; known: {', '.join(words)}")
        else:
            self.wrong(key, f"{shown(value)} is not known; {_hint(value, words)}")
        return ""

    def text(
        self, key: str, fits: Callable[[str], object] = len, what: str = "a text in quotes"
    ) -> str:
        """Return a text that fits, "" where there is none."""
        value = self.values.get(key)
        if isinstance(value, str) and fits(value):
            return value
        if key not in self.values:
            return self._nothing(key, what)
        self.wrong(key, f"{shown(value)} is not {what}")
        return ""

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number in these limits."""
        value = self.values.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        what = f"a whole number from {low} to {high}"
        if key not in self.values:
            self._nothing(key, what)
        else:
            self.wrong(key, f"{shown(value)} is not {what}")
        return low

    def seconds(self, key: str, default: float | None = None) -> float:
        """Return seconds, zero or more."""
        value = self.values.get(key, default)
        if value is None:
            self._nothing(key, "seconds")
        elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MAX_S:
            return float(value)
        else:
            self.wrong(key, f"{shown(value)} is not seconds, zero or more")
        return 0.0

    def flag(self, key: str) -> bool:
        """Return true or false; false where it is not given."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, f"{shown(value)} is not true or false")
        return value is True

    def epcs(self, key: str, *, some: bool) -> tuple[str, ...]:
        """Return EPCs in upper-case hex; `some`: at least one."""
        value = self.values.get(key, [])
        if some and value == []:
            self._nothing(key, 'a list of EPCs in hex, such as ["3034257B…"]')
            return ()
        if isinstance(value, list) and all(_is_epc(each) for each in value):
            return tuple(each.upper() for each in value)
        self.wrong(key, f'{shown(value)} is not a list of EPCs in hex, such as ["3034257B…"]')
        return ()

    def tables(self, key: str) -> list["Table"]:
        """Return the tables of this name."""
        value: Any = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return [Table(each, key, index, self.mistakes) for index, each in enumerate(value)]
        self.wrong(key, f"is not a list of tables: write [[{key}]]")
        return []

    def wrong(self, key: str, what: str) -> None:
        """Keep a mistake at this key."""
        self.mistakes.add(f"{self.place}.{key}" if self.place else key, self.index, what)

    def _nothing(self, key: str, what: str) -> str:
        self.wrong(key, f"is missing; give {what}")
        return ""


def shown(value: object) -> str:
    """Return a value as a message repeats it: in one line, and not all of a long one."""
    try:
        text = repr(value)
    except ValueError:  # Python prints no whole number of more than 4300 digits
        return "a number without end"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _hint(value: object, words: Sequence[str]) -> str:
    meant = nearest(str(value), words)
    named = ", ".join(word or '""' for word in words) or "none"
    return f"did you mean {meant!r}?" if meant else f"known: {named}"


def _is_epc(value: object) -> bool:
    return isinstance(value, str) and EPC.fullmatch(value.upper()) is not None
