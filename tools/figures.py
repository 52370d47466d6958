"""Say in one line how large the house is: files, their lengths, and tests for each source line."""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

SOURCES: Final = ("kiosk", "drivers")
TESTS: Final = ("tests",)


def lengths(root: Path, folders: Sequence[str]) -> list[int]:
    """Return the lines of every Python file that has any."""
    files = (path for folder in folders for path in (root / folder).rglob("*.py"))
    counts = (path.read_text(encoding="utf-8").count("\n") for path in files)
    return [count for count in counts if count]


def line(root: Path) -> str:
    """Return the figures of the tree under `root`."""
    sources, tests = lengths(root, SOURCES), lengths(root, TESTS)
    ratio = sum(tests) / sum(sources)
    return (
        f"{len(sources)} source files, {sum(sources)} lines, median {median(sources):.0f}, "
        f"longest {max(sources)}; {ratio:.2f} lines of tests for each"
    )


if __name__ == "__main__":
    sys.stdout.write(f"figures: {line(Path(__file__).resolve().parent.parent)}\n")
