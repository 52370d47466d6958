"""The house rules that no linter knows: sizes, words, docstrings and what lies at the top."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LONG
from tests.house.conftest import ROOT

FILE_LINES = 400
FUNCTION_LINES = 40
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "config",
    "docs",
    "drivers",
    "kiosk",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements-peer-cwt.lock",
    "requirements-peer-tlog.lock",
    "requirements.lock",
    "run",
    "systemd",
    "tests",
    "tools",
}
VAGUE_MODULES = {"util", "utils", "helper", "helpers", "manager", "common", "misc", "base_utils"}


def files() -> list[Path]:
    """Every file that git keeps, or would keep; without git, all but what is made here."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        names = [name_of(path) for path in ROOT.rglob("*") if not MADE & set(path.parts)]
    else:
        names = listed.stdout.split("\0")
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def name_of(path: Path) -> str:
    """Path from the root, as a test id."""
    return str(path.relative_to(ROOT))


MADE = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()} | {".git"}
FILES = files()
PYTHON = [path for path in FILES if path.suffix == ".py"]
SOURCES = [path for path in PYTHON if path.relative_to(ROOT).parts[0] in ("kiosk", "drivers")]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef, path: Path) -> int:
    """Lines of a function without its docstring, and of a command without its options.

    A command's options and docstring are its page of help, which may be as long as it needs.
    """
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    inside = (function.end_lineno or 0) - body[0].lineno + 1
    head = function.body[0].lineno - function.lineno
    return inside if "cli" in path.parts else head + inside


def public_without_docstring(body: list[ast.stmt], inside: str = "") -> Iterator[str]:
    """Names of public classes and functions that say nothing about themselves."""
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{inside}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from public_without_docstring(node.body, f"{inside}{node.name}.")


def identifiers(tree: ast.AST) -> Iterator[str]:
    """Names that a module gives: to modules, classes, functions, arguments, variables, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def words_in(identifier: str) -> set[str]:
    """Lower-case words of a snake_case or CamelCase name."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


def test_the_top_level_holds_only_what_is_listed() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == TOP_LEVEL


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_no_file_is_longer_than_a_reader_can_hold(path: Path) -> None:
    lines = path.read_text().count("\n")
    assert lines <= FILE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_source_file_keeps_the_house_rules(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a module says what it is for"
    assert not list(public_without_docstring(tree.body))
    long = [f.name for f in functions(tree) if lines_of(f, path) > FUNCTION_LINES]
    assert not long, f"longer than {FUNCTION_LINES} lines"
    assert path.stem not in VAGUE_MODULES
    strangers = [name for name in identifiers(tree) if words_in(name) & {"user", "person"}]
    assert not strangers, "the word is customer, owner or staff"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_import_hides_behind_type_checking(path: Path) -> None:
    hidden = "TYPE_CHECKING" in path.read_text()
    assert not hidden


def test_the_tests_mirror_the_source() -> None:
    own_rooms = {"config", "house", "journeys"}
    rooms = {path.relative_to(ROOT).parts[1] for path in PYTHON if "tests" in path.parts}
    known = {path.name for path in (ROOT / "kiosk").iterdir()} | {"drivers"}
    strays = {room for room in rooms if not room.endswith(".py")} - own_rooms - known
    assert not strays


SECRET_WORDS = {
    "a path of a build machine": re.compile(r"/(work|home|root|Users)/[a-z]"),
    "a package host": re.compile(r"(pypi|pythonhosted|piwheels|npmjs)\.(org|com)"),
    "an index option": re.compile(r"--(extra-)?index-url|--find-links"),
}


@pytest.mark.parametrize("what", SECRET_WORDS)
def test_no_file_names_where_it_was_made(what: str) -> None:
    pattern = SECRET_WORDS[what]
    named = []
    for path in FILES:
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named += [f"{name_of(path)}: {found[0]}" for found in pattern.finditer(text)]
    assert not named


@pytest.mark.parametrize("start", LONG)
def test_what_the_tests_begin_with_is_there(start: str) -> None:
    assert list(ROOT.glob(f"{start}*"))
