"""The one door: what `./run` says, and what it does on a machine that lacks something."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.conftest import ROOT

RUN = ROOT / "run"
PLAIN_TOOLS = (
    "cat",
    "chmod",
    "cksum",
    "dirname",
    "env",
    "grep",
    "id",
    "mkdir",
    "readlink",
    "rm",
    "sh",
)


def run(*words: str, at: Path = RUN, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Call the script, with a PATH of the test's own when given."""
    return subprocess.run(
        ["/bin/sh", at, *words],
        env={"PATH": path or "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare(tmp_path: Path) -> tuple[Path, str]:
    """Lay out a checkout and a PATH without Python, apt-get, sudo and uv."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("run", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout / name)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in PLAIN_TOOLS:
        (tools / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    return checkout, str(tools)


def plant(tools: str, name: str, script: str) -> None:
    """Put a program of the test's own on the PATH."""
    at = Path(tools) / name
    at.write_text(f"#!/bin/sh\n{script}\n")
    at.chmod(0o755)


def test_help_describes_every_verb() -> None:
    shown = run("help")
    assert shown.returncode == 0
    script = RUN.read_text()
    cases = script[script.index("\ncase $verb in") :]
    verbs = {
        word
        for line in re.findall(r"^    ([a-z][a-z |-]*)\)", cases, re.MULTILINE)
        for word in line.split(" | ")
    }
    described = set(re.findall(r"^  ([a-z]+) ", shown.stdout, re.MULTILINE))
    assert {"demo", "test", "check", "battery", "bench"} <= described
    assert verbs - {"help", "-h", "--help"} == described


def test_no_verb_is_a_call_for_help() -> None:
    assert run().stdout == run("help").stdout


def test_an_unknown_verb_is_an_error_of_usage() -> None:
    shown = run("dance")
    assert shown.returncode == 2
    assert "no verb 'dance'" in shown.stderr


def test_without_python_and_without_rights_it_says_the_line_to_type(
    bare: tuple[Path, str],
) -> None:
    checkout, path = bare
    shown = run("setup", at=checkout / "run", path=path)
    assert shown.returncode == 2
    assert shown.stderr.splitlines()[-1] == (
        "run: needs Python 3.11 or newer with venv: sudo apt-get install python3 python3-venv"
    )


def test_an_old_python_is_not_taken(bare: tuple[Path, str]) -> None:
    checkout, path = bare
    plant(path, "python3", "exit 1")
    assert run("setup", at=checkout / "run", path=path).returncode == 2


def test_a_failed_install_is_not_taken_for_done(bare: tuple[Path, str]) -> None:
    checkout, path = bare
    plant(
        path,
        "python3",
        '[ "$1" = -m ] || exit 0\n'
        'mkdir -p "$3/bin"\n'
        'printf "#!/bin/sh\\nexit 1\\n" >"$3/bin/python"\n'
        'chmod +x "$3/bin/python"',
    )
    shown = run("setup", at=checkout / "run", path=path)
    assert shown.returncode == 2
    assert "could not install" in shown.stderr
    assert not (checkout / ".venv" / "stamp").exists()


def test_an_environment_that_came_along_with_a_copied_checkout_is_made_anew(
    bare: tuple[Path, str],
) -> None:
    checkout, path = bare
    plant(path, "python3", 'echo "made anew" >&2; exit 1')
    came_along = checkout / ".venv" / "bin" / "python"
    came_along.parent.mkdir(parents=True)
    came_along.write_text("#!/bin/sh\nexit 0\n")
    came_along.chmod(0o755)
    (checkout / ".venv" / "stamp").write_text(f"{checkout}\n")
    assert "needs Python" not in run("setup", at=checkout / "run", path=path).stderr
    (checkout / ".venv" / "stamp").write_text("/another/place\n")
    assert "needs Python" in run("setup", at=checkout / "run", path=path).stderr


def test_pip_goes_on_where_uv_cannot(bare: tuple[Path, str]) -> None:
    checkout, path = bare
    plant(path, "uv", '[ "$1" = --version ]')
    plant(path, "python3", "exit 0")
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" >>"$0.said"\n')
    python.chmod(0o755)
    assert run("setup", at=checkout / "run", path=path).returncode == 0
    said = (checkout / ".venv" / "bin" / "python.said").read_text().splitlines()
    installs = [line for line in said if "install" in line]
    assert [line.split()[:3] for line in installs] == [["-m", "pip", "install"]] * 2
    # What the lock does not name is not looked for, and the resolver has no say.
    assert all("--no-deps" in line for line in installs)


@pytest.mark.parametrize("name", ["", "CWT", "TLOG"])
def test_the_locks_name_all_that_their_packages_ask_for(name: str) -> None:
    python = os.environ.get(f"KIOSK_PEER_{name}", sys.executable) if name else sys.executable
    asked = subprocess.run(
        [python, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_a_script_parses(script: str) -> None:
    shell = "bash" if script == ".ci/run" else "sh"
    subprocess.run([shell, "-n", ROOT / script], check=True)


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_a_script_may_be_executed(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111 == 0o111


LOCKS = sorted(ROOT.glob("requirements*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.name))
def test_every_locked_package_has_its_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry


def pins(lock: str) -> dict[tuple[str, str], str]:
    """Version of every package and marker in a lock."""
    pin = re.compile(r"^([a-z0-9.-]+)==([^ ;]+)( ; [^\\]+)?", re.MULTILINE)
    return {(one[1], one[3] or ""): one[2] for one in pin.finditer((ROOT / lock).read_text())}


def test_the_tools_agree_with_the_program_on_shared_packages() -> None:
    program, tools = pins("requirements.lock"), pins("requirements-dev.lock")
    shared = program.keys() & tools.keys()
    assert shared
    assert {one: program[one] for one in shared} == {one: tools[one] for one in shared}
