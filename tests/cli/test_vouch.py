"""Staff keep the list from the command line; errors are one line and an exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the list is."""
    return tmp_path / "vouched.toml"


def vouch(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `kiosk vouch` with these words."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", "vouch", *words],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_add_list_and_remove(file: Path) -> None:
    where = ("--file", str(file))
    assert (
        vouch("add", "customer-7", "--until", "2099-12-31", "--by", "Ann", *where).returncode == 0
    )
    assert vouch("add", "fob:04", "--until", "2020-01-01", "--by", "Bob", *where).returncode == 0
    assert vouch("list", *where).stdout.splitlines() == [
        "customer-7  until 2100-01-01T00:00:00+00:00  by Ann",
        "fob:04  until 2020-01-02T00:00:00+00:00  by Bob  (over)",
    ]
    assert json.loads(vouch("list", "--json", *where).stdout)["vouched"][0] == {
        "customer": "customer-7",
        "until": "2100-01-01T00:00:00+00:00",
        "by": "Ann",
        "holds": True,
    }
    assert vouch("remove", "fob:04", *where).returncode == 0
    again = vouch("remove", "fob:04", *where)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"kiosk: {file}: this customer is not on the list\n"


def test_a_date_that_is_none_is_named_and_nothing_is_written(file: Path) -> None:
    done = vouch("add", "customer-7", "--until", "soon", "--by", "Ann", "--file", str(file))
    assert done.returncode == 2
    assert done.stderr == "kiosk: --until soon: want a day or a time with its offset\n"
    assert not file.exists()


def test_a_broken_list_is_one_line_and_exit_2(file: Path) -> None:
    file.write_text("[[vouched]]\n")
    done = vouch("list", "--file", str(file))
    assert done.returncode == 2
    assert done.stderr.startswith(f"kiosk: {file}: vouched[0]: must hold")
    assert done.stderr.count("\n") == 1
