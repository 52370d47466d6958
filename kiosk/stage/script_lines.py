"""The line of a key in a TOML text, for messages; a table that is repeated is found by number."""

import re
from typing import Final

_HEADER: Final = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(#.*)?$")
_KEY: Final = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*=")


def line_of(text: str, table: str, index: int, key: str) -> int:
    """Return the 1-based line of `key` in the `index`-th table `table`, or of the table itself.

    A top-level key is given as `table` with an empty `key`. Line 1 when nothing is found.
    """
    place = ""
    seen = -1
    found = 1
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            place = header.group(1)
            seen += place == table
            if place == table and seen == index:
                found = number
            continue
        name = _KEY.match(line)
        if name is None:
            continue
        bare = name.group(1).strip('"')
        if (not place and not key and bare == table) or (
            place == table and seen == index and bare == key
        ):
            return number
    return found
