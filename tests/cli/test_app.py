"""The command line as a whole: what help costs, how a noun is found, how an error ends."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kiosk.__main__ import FAULT_EXIT_CODE, main
from kiosk.cli.app import NOUNS, Noun, build
from tests.environment import environment

HEAVY = ("cv2", "fastapi", "sqlalchemy", "requests", "gpiozero", "sqlite3", "numpy", "uvicorn")


def run(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *words],
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"} | extra,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Mapping[str, Noun]]:
    """A table of one noun, whose verbs end in every way."""
    package = tmp_path / "planted_cli"
    package.mkdir()
    (package / "planted.py").write_text(
        "import signal, typer\n"
        "app = typer.Typer()\n"
        "class Refused(Exception):\n    exit_code = 4\n"
        "@app.command()\ndef refuse(): raise Refused('hub: no answer\\nhub: start it')\n"
        "@app.command()\ndef silent(): raise Refused\n"
        "@app.command()\ndef fault(): raise ValueError('K1:SECRET')\n"
        "@app.command()\ndef disk(): open('/nowhere/at/all')\n"
        "@app.command()\ndef socket(): raise OSError('K1:SECRET')\n"
        "@app.command()\ndef stop(): signal.raise_signal(signal.SIGINT)\n"
        "@app.command()\ndef finding(): raise typer.Exit(1)\n"
    )
    sys.path.insert(0, str(tmp_path))
    yield {"planted": Noun("Planted.", "Planted", package="planted_cli")}
    sys.path.remove(str(tmp_path))
    for module in ("planted_cli.planted", "planted_cli"):
        sys.modules.pop(module, None)


def test_help_names_every_noun_with_its_line() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for name, noun in NOUNS.items():
        assert f" {name} " in shown.stdout
        assert noun.help in shown.stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import json, sys\n"
        "from kiosk.__main__ import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    print(json.dumps(sorted(sys.modules)))\n"
    )
    # Measuring coverage in the child would load modules of its own.
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    loaded = json.loads(shown.stdout.splitlines()[-1])
    assert not set(HEAVY) & set(loaded)
    rooms = {name for name in loaded if name.startswith("kiosk.")}
    words = {"kiosk.core", "kiosk.core.printable"}
    line = {"kiosk.cli", *(f"kiosk.cli.{name}" for name in ("app", "spelling", "usage"))}
    assert rooms == {"kiosk.__main__", *line, *words}


@pytest.mark.parametrize("name", NOUNS)
def test_every_noun_is_there_and_teaches(name: str) -> None:
    shown = run(name, "--help")
    assert shown.returncode == 0, shown.stderr
    assert f"kiosk {name}" in shown.stdout
    assert "fastapi" not in shown.stderr


def test_a_line_of_help_fits_one_line() -> None:
    assert max(len(noun.help) for noun in NOUNS.values()) <= 60


def test_no_words_teach_and_are_an_error_of_usage() -> None:
    shown = run()
    assert shown.returncode == 2
    assert "doctor" in shown.stdout + shown.stderr


def test_an_unknown_noun_is_refused_with_the_nearest() -> None:
    shown = run("dor")
    assert shown.returncode == 2
    assert "'door'" in shown.stderr


def test_the_version_is_shown() -> None:
    shown = run("--version")
    assert shown.returncode == 0
    assert shown.stdout.startswith("kiosk 0.")


def test_the_shell_completes_nouns_and_verbs() -> None:
    nouns = run(_KIOSK_COMPLETE="complete_bash", COMP_WORDS="kiosk led", COMP_CWORD="1")
    assert nouns.stdout.split() == ["ledger"]
    verbs = run(_KIOSK_COMPLETE="complete_bash", COMP_WORDS="kiosk ledger ver", COMP_CWORD="2")
    assert verbs.stdout.split() == ["verify"]


@pytest.mark.parametrize(
    ("verb", "code", "lines"),
    [
        ("refuse", 4, ["kiosk: hub: no answer", "kiosk: hub: start it"]),
        ("silent", 4, ["kiosk: Refused"]),
        ("disk", 2, ["kiosk: /nowhere/at/all: No such file or directory"]),
        ("stop", 130, []),
        ("finding", 1, []),
    ],
)
def test_an_error_ends_in_plain_lines_and_its_code(
    planted: Mapping[str, Noun],
    capsys: pytest.CaptureFixture[str],
    verb: str,
    code: int,
    lines: list[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["planted", verb], planted)
    assert ended.value.code == code
    assert capsys.readouterr().err.splitlines() == lines


@pytest.mark.parametrize("verb", ["fault", "socket"])
def test_a_fault_of_ours_names_its_place_but_not_its_text(
    planted: Mapping[str, Noun], capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["planted", verb], planted)
    shown = capsys.readouterr().err
    assert ended.value.code == FAULT_EXIT_CODE
    assert re.fullmatch(
        r"kiosk: fault at \S+planted\.py:\d+: \w+Error \(KIOSK_DEBUG=1 .*\)\n", shown
    )
    assert "SECRET" not in shown


def test_the_debug_switch_shows_where(planted: Mapping[str, Noun]) -> None:
    with environment(KIOSK_DEBUG="1"), pytest.raises(ValueError, match="SECRET"):
        main(["planted", "fault"], planted)


def test_only_the_called_noun_is_loaded(planted: Mapping[str, Noun]) -> None:
    build(["--help"], planted)
    assert "planted_cli.planted" not in sys.modules
    build(["planted", "--help"], planted)
    assert "planted_cli.planted" in sys.modules
