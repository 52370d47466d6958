"""A copy of the sources in which a test may plant a fault."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent


class Tree:
    """A copy of the tree; `plant` adds to a file and `mend` takes everything planted out again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._before: dict[Path, str | None] = {}

    def plant(self, path: str, text: str) -> None:
        """Append `text` to a file, making the file when it is not there."""
        at = self.root / path
        self._before.setdefault(at, at.read_text() if at.exists() else None)
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text((self._before[at] or "") + text)

    def replace(self, path: str, old: str, new: str) -> None:
        """Put `new` in the place of `old`, which must be there."""
        at = self.root / path
        before = at.read_text()
        assert old in before, f"{path} does not hold {old!r}"
        self._before.setdefault(at, before)
        at.write_text(before.replace(old, new))

    def mend(self) -> None:
        """Take every planted fault out."""
        for path, text in self._before.items():
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        self._before.clear()

    def tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a tool of the virtual environment in the copy."""
        return subprocess.run(
            [TOOLS / name, *arguments],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(self.root), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """One copy for all tests of a module."""
    root = tmp_path_factory.mktemp("tree")
    leave: Callable[[str, list[str]], set[str]] = shutil.ignore_patterns("__pycache__", "static")
    for folder in ("kiosk", "drivers", "tools"):
        shutil.copytree(ROOT / folder, root / folder, ignore=leave)
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, root / file)
    return Tree(root)


@pytest.fixture
def tree(copied: Tree) -> Iterator[Tree]:
    """Hand out the copy, clean before and after."""
    yield copied
    copied.mend()
