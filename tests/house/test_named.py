"""What the pages name is there: files, functions, commands, and the floors of the house."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import typer

from kiosk.cli.app import NOUNS
from tests.house.conftest import ROOT
from tests.house.test_layout import FILES, SOURCES, name_of

PAGES = [path for path in FILES if path.suffix == ".md"]
HISTORY = ROOT / "CHANGELOG.md"  # may name what is gone
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROOMS = ("kiosk/", "drivers/", "tests/", "config/", "systemd/", "docs/", "tools/", ".ci/")
SYMBOL = re.compile(r"([\w/]+\.py):([A-Za-z_][\w.]*)")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RUN = re.compile(r"^  [a-z]+ .*$", re.MULTILINE)
VERBS = {line.split()[0] for line in RUN.findall((ROOT / "run").read_text())}


def named(page: str) -> Iterator[str]:
    """Code words of a page, without those in blocks."""
    yield from CODE.findall(re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL))


def missing_files(page: str) -> list[str]:
    """Paths of this project that a page names and that are not there."""
    found = (word.partition(":")[0] for word in named(page) if word.startswith(ROOMS))
    paths = [word for word in found if re.fullmatch(r"[\w./-]+", word)]
    return [path for path in paths if not (ROOT / path).exists()]


def defined(tree: ast.Module) -> set[str]:
    """Names of a module's classes and functions, methods as `Class.method`."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
            inner = (one for one in node.body if isinstance(one, ast.FunctionDef))
            names.update(f"{node.name}.{one.name}" for one in inner)
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
    return names


def missing_symbols(page: str) -> list[str]:
    """`file:name` of a page whose file does not define the name."""
    missing = []
    for file, name in SYMBOL.findall(page):
        at = ROOT / file
        if not at.is_file() or name not in defined(ast.parse(at.read_text())):
            missing.append(f"{file}:{name}")
    return missing


def commands(page: str) -> Iterator[list[str]]:
    """Words of every call of the kiosk on a page, from the noun on."""
    blocks = " \n".join(BLOCK.findall(page)).replace("\\\n", " ")
    for line in [*blocks.splitlines(), *named(page)]:
        for call in re.split(r"&&|\||;", line):
            found = re.match(r"\s*(?:sudo )?(?:\./run )?kiosk ([a-z].*)", call)
            if found:
                yield re.split(r"\s+#", found[1])[0].split()


def verbs_of(noun: str) -> dict[str, typer.Typer | None]:
    """Verbs under a noun; a verb that has verbs of its own comes with them."""
    module = import_module(f"{NOUNS[noun].package}.{noun}")
    return verbs_in(module.app)


def verbs_in(app: typer.Typer) -> dict[str, typer.Typer | None]:
    """Verbs of an application."""
    found: dict[str, typer.Typer | None] = {}
    for one in app.registered_commands:
        found[one.name or getattr(one.callback, "__name__", "").strip("_")] = None
    for group in app.registered_groups:
        found[str(group.name)] = group.typer_instance
    return found


def unknown_commands(page: str) -> list[str]:
    """Calls of a page that name a noun or a verb that there is not."""
    unknown = []
    for words in commands(page):
        plain = [word for word in words[:3] if re.fullmatch(r"[a-z]+(\|[a-z]+)*", word)]
        if not plain or plain[0] not in NOUNS:
            unknown.append(" ".join(words))
        elif NOUNS[plain[0]].has_verbs and len(plain) > 1:
            known = verbs_of(plain[0])
            unknown += [" ".join(words) for verb in plain[1].split("|") if verb not in known]
    return unknown


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_of_the_project_that_a_page_names_is_there(page: Path) -> None:
    assert page == HISTORY or missing_files(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_function_that_a_page_names_is_in_its_file(page: Path) -> None:
    assert missing_symbols(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_names_is_one(page: Path) -> None:
    assert page == HISTORY or unknown_commands(page.read_text()) == []


def test_the_code_walk_names_words_of_the_code() -> None:
    words = {one for path in SOURCES for one in WORD.findall(path.read_text())}
    walk = (ROOT / "docs" / "code-walk.md").read_text()
    assert [one for one in named(walk) if WORD.fullmatch(one) and one not in words] == []


def test_what_is_not_there_is_seen() -> None:
    page = (
        "`kiosk/gone.py` `kiosk/core/visit.py:stride` `kiosk/ledger/store.py:Ledger.append` "
        "`kiosk dance` `kiosk door open` `kiosk door unlock --reason x` `kiosk.toml`\n"
        "```sh\n./run kiosk ledger burn --state x   # never\n./run kiosk ledger tail && ls\n```\n"
    )
    assert missing_files(page) == ["kiosk/gone.py"]
    assert missing_symbols(page) == ["kiosk/core/visit.py:stride"]
    assert unknown_commands(page) == ["ledger burn --state x", "dance", "door open"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_verb_of_run_that_a_page_names_is_one(page: Path) -> None:
    named_verbs = set(re.findall(r"\./run ([a-z]+)", page.read_text()))
    assert named_verbs <= VERBS


def floors() -> list[set[str]]:
    """Parts of every floor of the import contract, from the ground up."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {each["id"]: each for each in settings["tool"]["importlinter"]["contracts"]}
    layers = [set(re.findall(r"\w+", layer)) for layer in contracts["floors"]["layers"]]
    below = [layer for layer in contracts["drivers-below"]["layers"] if layer != "kiosk"]
    return [set(below), *reversed(layers)]


def test_contributing_and_readme_draw_the_floors_of_the_contract() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    block = contributing[contributing.index("\n6  ") : contributing.index("\n```\n\nWhat `|`")]
    drawn = re.split(r"^\d  ", block, flags=re.MULTILINE)[1:]
    house = (ROOT / "README.md").read_text().partition("## The house")[2]
    rows = re.findall(r"^\| \d \|([^|]*)\|", house, re.MULTILINE)
    for floor, part, row in zip(reversed(floors()), drawn, rows, strict=True):
        assert set(re.findall(r"(?:kiosk/)?(\w+)(?:/|\.py)(?=\s|$)", part)) == floor
        assert set(re.findall(r"`(?:kiosk/)?(\w+)(?:/|\.py)?`", row)) == floor


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_is_to_be_pasted_is_shell(page: Path) -> None:
    for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        ran = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, ""), block
