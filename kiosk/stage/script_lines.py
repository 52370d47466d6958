"""The line of a key in a TOML text, for messages; a table that is repeated is found by number."""

import re
from typing import Final

_HEADER: Final = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*(?:([A-Za-z0-9_-]+)|\"([^\"]*)\"|'([^']*)')\s*[=.]")


class Lines:
    """Every header and key of a text with its line, read once: a script may be long."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, int, str], int] = {}
        place, counts = "", {"": 0}
        for number, line in enumerate(text.split("\n"), 1):
            if header := _HEADER.match(line):
                place = header[1]
                counts[place] = counts.get(place, -1) + 1
                self._found.setdefault((place, counts[place], ""), number)
            elif key := _KEY.match(line):
                name = key[1] or key[2] or key[3] or ""
                self._found.setdefault((place, counts[place], name), number)

    def of(self, table: str, index: int, key: str) -> int:
        """Return the 1-based line of `key` in the `index`-th table `table`.

        Without that key it is the line of the table, or of the key of the top level that has the
        tables' name; line 1 when nothing is found. A key of the top level has no `table`, and may
        be a table itself.
        """
        places = ((table, index, key), (table, index, ""), ("", 0, table), (table or key, 0, ""))
        return next((self._found[place] for place in places if place in self._found), 1)
