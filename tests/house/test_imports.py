"""What a room may lean on: the core on pure packages, a command on little, a process on its own."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.cli.app import NOUNS
from tests.house.conftest import ROOT

PURE_PACKAGES = {"base45", "cbor2", "cryptography", "orjson"}
COMMANDS = [ROOT / "kiosk" / "cli" / f"{noun}.py" for noun in NOUNS]


def imported(body: list[ast.stmt]) -> Iterator[str]:
    """Dotted names that a list of statements imports, not looking into functions."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def loaded_by(module: str) -> set[str]:
    """Modules in memory after importing one, in a process of its own."""
    code = f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return set(json.loads(ran.stdout))


def test_the_core_leans_on_pure_packages_only() -> None:
    used: set[str] = set()
    for path in (ROOT / "kiosk" / "core").glob("*.py"):
        statements = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.stmt)]
        used |= {name.split(".")[0] for name in imported(statements)}
    assert used - set(sys.stdlib_module_names) - {"kiosk"} <= PURE_PACKAGES


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: str(path.name))
def test_a_command_loads_little_before_it_is_called(path: Path) -> None:
    for name in imported(ast.parse(path.read_text()).body):
        root = name.split(".")[0]
        light = root == "typer" or root in sys.stdlib_module_names or name.startswith("kiosk.cli.")
        assert light, f"import {name} inside the command"


@pytest.mark.parametrize(
    ("process", "strangers"),
    [
        ("kiosk.daemon.app", {"fastapi", "starlette", "sqlalchemy", "alembic", "uvicorn"}),
        ("kiosk.hub.app", {"cv2", "gpiozero", "serial", "pyzbar", "zxingcpp"}),
        ("kiosk.scoring.service", {"cv2", "gpiozero", "serial", "kiosk.hub", "kiosk.ledger"}),
    ],
)
def test_a_process_does_not_carry_what_it_never_uses(process: str, strangers: set[str]) -> None:
    assert not loaded_by(process) & strangers
