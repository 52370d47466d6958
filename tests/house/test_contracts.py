"""Every import contract and every ban catches the fault it is there for.

A contract that was never seen to fail proves nothing, so each gets its planted fault here.
"""

import tomllib
from typing import NamedTuple

import pytest

from tests.house.conftest import ROOT, Tree


class Plant(NamedTuple):
    """A fault: text added to a file, and the contract that must object."""

    contract: str
    path: str
    text: str


PLANTS = {
    "the core imports the ledger": Plant(
        "floors", "kiosk/core/planted.py", "import kiosk.ledger.errors\n"
    ),
    "the core imports the ledger for types only": Plant(
        "floors",
        "kiosk/core/planted.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import kiosk.ledger.errors\n",
    ),
    "the core imports the ledger inside a function": Plant(
        "floors", "kiosk/core/planted.py", "def f():\n    import kiosk.ledger.errors\n"
    ),
    "the ledger imports the remote room beside it": Plant(
        "floors", "kiosk/ledger/planted.py", "import kiosk.remote\n"
    ),
    "the hub imports the daemon": Plant("floors", "kiosk/hub/planted.py", "import kiosk.daemon\n"),
    "the scores import the hub": Plant(
        "floors", "kiosk/scoring/planted.py", "import kiosk.hub.errors\n"
    ),
    "the daemon imports the command line": Plant(
        "floors", "kiosk/daemon/planted.py", "import kiosk.cli.app\n"
    ),
    "a new module has no floor": Plant("floors", "kiosk/helpers.py", '"""Nowhere."""\n'),
    "a driver imports the kiosk": Plant(
        "drivers-below", "drivers/planted.py", "from kiosk.core import values\n"
    ),
    "the hub reaches for a device": Plant(
        "drivers-held", "kiosk/hub/planted.py", "import drivers.base\n"
    ),
    "a command reaches for a device": Plant(
        "drivers-held", "kiosk/cli/planted.py", "def f():\n    import drivers.base\n"
    ),
    "the core reads a clock": Plant("pure", "kiosk/core/planted.py", "import time\n"),
    "the core opens a database inside a function": Plant(
        "pure", "kiosk/core/planted.py", "def f():\n    import sqlite3\n"
    ),
    "the core logs": Plant("pure", "kiosk/core/planted.py", "import logging\n"),
    "the core draws chance": Plant("pure", "kiosk/core/planted.py", "import secrets\n"),
    "the core asks the network": Plant("pure", "kiosk/core/planted.py", "import requests\n"),
    "the Merkle tree reads a disk": Plant("pure", "kiosk/ledger/merkle.py", "\nimport pathlib\n"),
    "the formula draws chance": Plant("pure", "kiosk/scoring/formula.py", "\nimport random\n"),
    "a decoder reads a port": Plant("pure", "drivers/rfid/m100.py", "\nimport serial\n"),
    "two ledger files import each other": Plant(
        "circles", "kiosk/ledger/planted.py", "import kiosk.ledger.planted_too\n"
    ),
    "the scores open the ledger": Plant(
        "scores-apart", "kiosk/scoring/planted.py", "import kiosk.ledger.errors\n"
    ),
}
OTHER_HALF = "def f():\n    import kiosk.ledger.planted\n"


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_import_breaks_its_contract(tree: Tree, plant: Plant) -> None:
    tree.plant(plant.path, plant.text)
    if plant.contract == "circles":
        tree.plant("kiosk/ledger/planted_too.py", OTHER_HALF)
    ran = tree.tool("lint-imports", "--no-logo", "--contract", plant.contract)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "BROKEN" in ran.stdout


def test_the_tree_keeps_every_contract(tree: Tree) -> None:
    ran = tree.tool("lint-imports", "--no-logo")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout


def test_every_contract_has_a_planted_fault() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]}
    assert contracts == {plant.contract for plant in PLANTS.values()}


BANS = {
    "datetime.datetime.now": "from datetime import datetime\nx = datetime.now()\n",
    "datetime.datetime.utcnow": "from datetime import datetime\nx = datetime.utcnow()\n",
    "datetime.datetime.today": "from datetime import datetime\nx = datetime.today()\n",
    "datetime.date.today": "import datetime\nx = datetime.date.today()\n",
    "uuid": "import uuid\n",
    "unittest.mock": "from unittest import mock\n",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PrivateKey.generate": (
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey\n"
        "x = Ed25519PrivateKey.generate()\n"
    ),
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM.generate_key": (
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n"
        "x = AESGCM.generate_key(256)\n"
    ),
    "cryptography.fernet.Fernet.generate_key": (
        "from cryptography.fernet import Fernet\nx = Fernet.generate_key()\n"
    ),
}


@pytest.mark.parametrize("banned", BANS)
def test_a_banned_name_in_the_core_is_refused(tree: Tree, banned: str) -> None:
    tree.plant("kiosk/core/planted.py", BANS[banned])
    ran = tree.tool("ruff", "check", "--select", "TID251", "kiosk/core")
    assert ran.returncode == 1
    assert f"`{banned}` is banned" in ran.stdout


def test_every_ban_of_the_core_has_a_planted_fault() -> None:
    settings = tomllib.loads((ROOT / "kiosk/core/ruff.toml").read_text())
    assert set(settings["lint"]["flake8-tidy-imports"]["banned-api"]) == set(BANS)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("PTH123", "kiosk/core/planted.py", 'x = open("disk")\n'),
        ("T201", "kiosk/core/planted.py", 'print("voice")\n'),
        ("TID252", "kiosk/ledger/planted.py", "from . import errors\n"),
        ("TID251", "tests/planted.py", "from unittest.mock import Mock\n"),
        ("PLC0415", "kiosk/hub/planted.py", "def f() -> None:\n    import json\n"),
        ("BLE001", "kiosk/hub/planted.py", "try:\n    x = 1\nexcept Exception:\n    x = 2\n"),
        ("ERA001", "kiosk/hub/planted.py", "# x = compute(1)\n"),
        ("FIX002", "kiosk/hub/planted.py", "# TODO: later\n"),
        ("ANN201", "kiosk/hub/planted.py", "def f():\n    return 1\n"),
        ("D100", "kiosk/hub/planted.py", "X = 1\n"),
        ("D103", "kiosk/hub/planted.py", "def f() -> None:\n    pass\n"),
    ],
)
def test_the_lint_refuses_a_planted_habit(tree: Tree, rule: str, path: str, text: str) -> None:
    tree.plant(path, text)
    ran = tree.tool("ruff", "check", "--output-format", "concise", path)
    assert ran.returncode == 1
    assert f" {rule} " in ran.stdout


def test_a_command_that_nobody_carries_out_is_refused_by_the_types(tree: Tree) -> None:
    tree.replace(
        "kiosk/core/commands.py",
        "\nCommand = ",
        "\n@dataclass(frozen=True, slots=True)\n"
        'class Planted:\n    """Do what no one does."""\n\n\nCommand = Planted | ',
    )
    ran = tree.tool("mypy", "--no-error-summary", "kiosk/daemon/effects.py")
    assert ran.returncode == 1
    faults = [line for line in ran.stdout.splitlines() if "effects.py" in line]
    assert any("Planted" in line for line in faults), ran.stdout
