"""Suppressions are counted rightly, held to the ceiling, and each rule left out has its reason."""

import re
from pathlib import Path

import pytest

from tests.house.conftest import ROOT
from tools import suppressions


def write(root: Path, source: str) -> None:
    """Lay one source file into an otherwise empty tree."""
    (root / "kiosk").mkdir()
    (root / "kiosk" / "module.py").write_text(source)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("x = 1  # type: ignore[assignment]", "type: ignore"),
        ("x = 1  # noqa: E501", "noqa"),
        ("# ruff: noqa: D100", "noqa"),
        ("x = 1  # pragma: no cover", "pragma: no cover"),
        ("x = 1  # pragma: no branch", "pragma: no cover"),
    ],
)
def test_a_suppression_is_counted(tmp_path: Path, line: str, kind: str) -> None:
    write(tmp_path, line + "\n")
    assert suppressions.count(tmp_path)[kind] == 1


def test_a_text_that_looks_like_a_suppression_is_not_counted(tmp_path: Path) -> None:
    write(tmp_path, 'x = "# noqa"\ny = "# type: ignore"\n')
    assert suppressions.count(tmp_path).total() == 0


def test_one_more_than_the_ceiling_is_refused() -> None:
    assert suppressions.judge({"noqa": 3}, {"noqa": 2}) == [
        "3 of `noqa`, 2 allowed: mend the cause instead"
    ]


def test_one_less_brings_the_ceiling_down() -> None:
    assert suppressions.judge({"noqa": 1}, {"noqa": 2}) == [
        "1 of `noqa`, 2 allowed: lower the ceiling to 1"
    ]


def test_a_kind_without_a_ceiling_is_not_allowed_at_all() -> None:
    assert suppressions.judge({"noqa": 1}, {})


def test_the_tree_is_at_its_ceiling() -> None:
    assert suppressions.judge(suppressions.count(ROOT), suppressions.ceiling(ROOT)) == []


def test_every_silenced_rule_in_the_sources_gives_its_reason() -> None:
    bare = []
    for path in sorted((ROOT / "kiosk").rglob("*.py")) + sorted((ROOT / "drivers").rglob("*.py")):
        for comment in suppressions.comments(path.read_text()):
            for kind, pattern in suppressions.KINDS.items():
                if pattern.search(comment) and not re.search(r" - \w|.# \w", comment):
                    bare.append(f"{path.relative_to(ROOT)}: {kind}: {comment}")
    assert not bare, "write the reason behind it, after ' - ' or a second '#'"


def test_every_lint_rule_left_out_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.pydocstyle]")]
    rules = [line for line in lint.splitlines() if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert rules
    assert [rule for rule in rules if "# " not in rule] == []
