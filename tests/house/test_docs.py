"""The pages say what is so: links lead somewhere, decisions have numbers, quoted help is true."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.conftest import ROOT
from tests.house.test_layout import FILES, name_of

PAGES = [path for path in FILES if path.suffix == ".md"]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGE_LINES = 60  # a decision is read standing up
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HELP = re.compile(r"^```console\n\$ (kiosk [^\n]*--help)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Names by which the headings of a page can be linked to."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        at = (page.parent / target).resolve() if target else page
        if not at.exists() or (anchor and at.suffix == ".md" and anchor not in anchors(at)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert not broken_links(page)


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](gone.md) [b](#one) [c](#two) [d](page.md#one) [e](https://x.org)\n")
    assert broken_links(page) == ["gone.md", "#two"]


def test_decisions_are_numbered_from_one_without_gap_or_twin() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_its_four_parts_on_one_page(page: Path) -> None:
    text = page.read_text()
    assert re.match(rf"# {int(page.name[:4])}\. ", text)
    parts = re.findall(r"^\*\*(Context|Options|Decision|Consequences)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Options", "Decision", "Consequences"]
    assert len(text.splitlines()) <= PAGE_LINES


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_quoted_help_is_what_the_program_says(page: Path) -> None:
    for command, quoted in HELP.findall(page.read_text()):
        shown = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)],
            env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert [line.rstrip() for line in quoted.strip().splitlines()] == [
            line.rstrip() for line in shown.stdout.strip().splitlines()
        ]


def test_the_changelog_speaks_to_those_whom_it_affects() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## Unreleased$|^## \d+\.\d+\.\d+", text, re.MULTILINE)
    for word in ("Customers", "Owners", "Staff"):
        assert f"**{word}**" in text
