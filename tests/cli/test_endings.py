"""How the program ends: a reader that has gone, a full disk, Ctrl-C, a closed terminal."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

from kiosk.__main__ import CLOSED_EXIT_CODE, CTRL_C_EXIT_CODE, main
from kiosk.cli.app import Noun
from kiosk.cli.spelling import spelled
from tests.environment import environment
from tests.patience import patient_s

Kiosk = Callable[..., Any]
LIMIT_S = 30.0

PLANTED = """\
import typer
app = typer.Typer()
@app.command()
def hostile(): raise typer.BadParameter("\\x1b[2J\\u202e")
"""


def start(
    *words: str, stdout: int | IO[bytes] | None = None, before: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    command = [*before, sys.executable, "-m", "kiosk", *words]
    # Measuring coverage in the child would write files of its own, on a disk without room.
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    return subprocess.Popen(command, env=env, stdout=stdout, stderr=subprocess.PIPE)


def told(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Return exit code and what standard error got."""
    _, err = process.communicate(timeout=patient_s(LIMIT_S))
    return process.returncode, err.decode()


def test_a_reader_that_has_gone_is_no_error_to_speak_of() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    process = start("config", "schema", stdout=theirs)
    os.close(theirs)
    assert told(process) == (CLOSED_EXIT_CODE, "")


def test_a_disk_without_room_for_the_output_is_said_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        code, err = told(start("config", "schema", stdout=full))
    assert code == 2
    assert err == ("kiosk: No space left on device: it was not written; make room and try again\n")


def test_a_terminal_that_is_closed_is_none() -> None:
    process = subprocess.Popen(
        ["sh", "-c", f"exec {sys.executable} -m kiosk --version >&-"], stderr=subprocess.PIPE
    )
    assert told(process) == (0, "")


def test_ctrl_c_ends_without_a_word(tmp_path: Path) -> None:
    config = tmp_path / "pipe"
    os.mkfifo(config)
    process = start("config", "check", str(config), stdout=subprocess.DEVNULL)
    with config.open("wb"):  # it reads its configuration by now, and waits for the end
        process.send_signal(signal.SIGINT)
        assert told(process) == (CTRL_C_EXIT_CODE, "")


@pytest.mark.parametrize("room", [0, 20, 100, 3000])
def test_a_disk_that_fills_up_leaves_no_half_of_a_shop(room: int, tmp_path: Path) -> None:
    full_disk = ("prlimit", f"--fsize={room}")  # no file of this child grows beyond
    code, err = told(start("init", str(tmp_path / "shop"), before=full_disk))
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"kiosk: {tmp_path}/shop/")
    assert not (tmp_path / "shop").exists()


def test_a_proof_that_does_not_fit_is_said_and_no_device_is_replaced(
    kiosk: Kiosk, state: Path
) -> None:
    done = kiosk("ledger", "prove", "0", "--state", state, "-o", "/dev/full")
    assert done.code == 2
    assert done.err == "kiosk: /dev/full: No space left on device; nothing was written\n"
    assert Path("/dev/full").is_char_device()
    assert kiosk("ledger", "prove", "0", "--state", state, "-o", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


@pytest.fixture
def planted(tmp_path: Path) -> dict[str, Noun]:
    """A noun whose verbs end in ways that real ones do rarely."""
    package = tmp_path / "ending_cli"
    package.mkdir()
    (package / "ends.py").write_text(PLANTED, encoding="utf-8")
    sys.path.insert(0, str(tmp_path))
    return {"ends": Noun("Planted.", "Planted", package="ending_cli")}


def test_control_characters_in_an_error_are_written_out(
    planted: dict[str, Noun], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["ends", "hostile"], planted)
    sys.path.pop(0)
    assert "\\x1b[2J\\u202e" in capsys.readouterr().err


# the program's name


def test_a_printed_command_is_spelled_as_it_was_called(tmp_path: Path) -> None:
    elsewhere = tmp_path / "my venv" / "bin" / "kiosk"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.touch(0o755)
    with environment(KIOSK_AS=None):
        assert spelled("/usr/bin/pytest") == "kiosk"
        assert spelled("/x/kiosk/__main__.py") == f"{sys.executable} -m kiosk"
        assert spelled(str(elsewhere)) == f"'{elsewhere}'"
        with environment(PATH=str(elsewhere.parent)):
            assert spelled(str(elsewhere)) == "kiosk"
    with environment(KIOSK_AS="./run kiosk"):
        assert spelled(str(elsewhere)) == "./run kiosk"


def test_an_error_names_the_help_as_it_was_called(kiosk: Kiosk) -> None:
    with environment(KIOSK_AS="./run kiosk"):
        assert kiosk("id", "verify").err == (
            "kiosk: Missing argument 'TOKEN' (see ./run kiosk id verify --help)\n"
        )
    assert kiosk("id", "veri").err == (
        "kiosk: No such command 'veri'. Did you mean 'verify'? (see kiosk id --help)\n"
    )
    assert CTRL_C_EXIT_CODE == 130
