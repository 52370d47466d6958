"""TOML text to values, and the line of every key, so that an error can point at it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Key: TypeAlias = tuple[str | int, ...]
"""Path of a key, as in ("reader", 0, "port")."""

Finding: TypeAlias = tuple[Key, str]
"""A key, and what to know about it."""

_QUOTED: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""'
    r"|'''.*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*",
    re.DOTALL,
)
_TABLE: Final = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.\- \t]+?)\s*=")
_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


_REMEDIES: Final[Mapping[str, str]] = {
    "cannot declare": " (this table stands here twice: keep one)",
    "cannot overwrite": " (this key stands here twice: keep one)",
    "invalid statement": " (a line is [table] or key = value)",
    "invalid value": ' (a number has digits only; text needs straight quotes, as in name = "text")',
}


class SyntaxFaultError(Exception):
    """The text is not TOML.

    Attributes:
        line: From 1.
        column: From 1.
    """

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed TOML document.

    Attributes:
        lines: Line of every table and key written in the plain way.
    """

    values: Mapping[str, Any]
    lines: Mapping[Key, int]

    def line(self, key: Key) -> int | None:
        """Return the line of the key, or of the nearest table around it that has one."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key[:-1]
        return None


def parse(text: str) -> Document:
    """Return the document.

    Raises:
        SyntaxFaultError: Not TOML.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_fault(text, str(error)) from error
    except RecursionError as error:
        raise SyntaxFaultError(1, 1, "nested too deeply") from error
    except ValueError as error:  # Python reads no whole number of more than 4300 digits
        raise SyntaxFaultError(_longest(text), 1, "a number without end") from error
    return Document(values, dict(_places(text)))


def dotted(key: Key) -> str:
    """Return a key as people write it, as in `reader[0].port`."""
    words = [f"[{word}]" if isinstance(word, int) else f".{word}" for word in key]
    return "".join(words).removeprefix(".")


def key_of(path: str) -> Key:
    """Return the key that people write so, as `dotted` writes it."""
    words = re.findall(r"[^.\[\]]+", path)
    return tuple(int(word) if word.isdecimal() else word for word in words)


def _syntax_fault(text: str, message: str) -> SyntaxFaultError:
    opened = _open_quote(text)
    if opened is not None:
        return SyntaxFaultError(*opened, 'a quote that is not closed (as in name = "text")')
    found = _AT.search(message)
    problem = _AT.sub("", message)
    problem = problem[:1].lower() + problem[1:]
    problem += next(
        (remedy for start, remedy in _REMEDIES.items() if problem.startswith(start)), ""
    )
    if found is not None and found[1] is not None:
        return SyntaxFaultError(int(found[1]), int(found[2]), problem)
    lines = text.split("\n")
    return SyntaxFaultError(len(lines), len(lines[-1]) + 1, problem)


def _longest(text: str) -> int:
    """Return the line, from 1, with the longest row of digits."""
    rows = [max(map(len, re.findall("[0-9_]+", line)), default=0) for line in text.split("\n")]
    return rows.index(max(rows)) + 1


def _open_quote(text: str) -> tuple[int, int] | None:
    """Return line and column, from 1, of a quote that nothing closes; None without one.

    tomllib names the end of the line, or of the file, where the text that it took in ended.
    """
    for number, line in enumerate(_QUOTED.sub(_same_width, text).split("\n"), start=1):
        found = re.search("[\"']", line)
        if found is not None:
            return number, found.start() + 1
    return None


def _same_width(found: re.Match[str]) -> str:
    """Return a text or comment blotted out, every character in its place."""
    return re.sub(r"[^\n]", "_", found[0])


def _places(text: str) -> Iterator[tuple[Key, int]]:
    """Yield the keys of a document that is known to be TOML; the first of each name counts."""
    table: Key = ()
    counts: dict[Key, int] = {}
    seen: set[Key] = set()
    depth = 0
    for number, line in enumerate(_QUOTED.sub(_blank, text).split("\n"), start=1):
        header, entry = _TABLE.fullmatch(line), _KEY.match(line)
        if depth == 0 and header is not None:
            table = _words(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            key: Key = table
        elif depth == 0 and entry is not None:
            key = (*table, *_words(entry[1]))
        else:
            key = ()
        depth += 0 if header is not None and depth == 0 else _opened(line)
        if key and key not in seen:
            seen.add(key)
            yield key, number


def _blank(found: re.Match[str]) -> str:
    """Return a text or comment without its content, on as many lines."""
    if found[0].startswith("#"):
        return ""
    return "\n" * found[0].count("\n") or "x"


def _words(dotted: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in dotted.split("."))


def _opened(line: str) -> int:
    """Return how many more brackets a line opens than it closes."""
    return sum(line.count(one) for one in "[{") - sum(line.count(one) for one in "]}")
