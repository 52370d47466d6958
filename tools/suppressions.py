"""Count how often the sources silence a tool, and hold the counts to the written ceiling.

The ceiling stands in pyproject.toml under [tool.kiosk.suppressions]. A count above it fails, and
so does one below it: then the ceiling comes down with it, so that it only ever falls.
"""

import io
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

FOLDERS: Final = ("kiosk", "drivers", "tools", "tests")
KINDS: Final[Mapping[str, re.Pattern[str]]] = {
    "type: ignore": re.compile(r"#\s*type:\s*ignore"),
    "noqa": re.compile(r"#\s*(ruff:\s*)?noqa", re.IGNORECASE),
    "pragma: no cover": re.compile(r"#\s*pragma:\s*no (cover|branch)"),
}


def comments(source: str) -> Iterator[str]:
    """Yield the comments of a file that may silence a tool; a mark inside a text is none."""
    if not any(pattern.search(source) for pattern in KINDS.values()):
        return  # most files: nothing to look for, and to take a file apart is slow
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def count(root: Path) -> Counter[str]:
    """Count the suppressions of each kind under `root`."""
    found: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            for comment in comments(path.read_text(encoding="utf-8")):
                found.update(kind for kind, pattern in KINDS.items() if pattern.search(comment))
    return found


def ceiling(root: Path) -> Mapping[str, int]:
    """Read the ceiling from pyproject.toml."""
    with (root / "pyproject.toml").open("rb") as file:
        figures: Mapping[str, int] = tomllib.load(file)["tool"]["kiosk"]["suppressions"]
    return figures


def judge(found: Mapping[str, int], allowed: Mapping[str, int]) -> list[str]:
    """One line for each kind whose count is not its ceiling."""
    faults = []
    for kind, number in found.items():
        limit = allowed.get(kind, 0)
        if number > limit:
            faults.append(f"{number} of `{kind}`, {limit} allowed: mend the cause instead")
        elif number < limit:
            faults.append(f"{number} of `{kind}`, {limit} allowed: lower the ceiling to {number}")
    return faults


def main() -> int:
    """Print the faults; 1 when there are any."""
    root = Path(__file__).resolve().parent.parent
    faults = judge(count(root), ceiling(root))
    for fault in faults:
        sys.stderr.write(f"suppressions: {fault} (pyproject.toml, [tool.kiosk.suppressions])\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
