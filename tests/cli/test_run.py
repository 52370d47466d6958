"""`kiosk run` where something is missing: one line with a remedy, the code of its kind."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.patience import patient_s

Kiosk = Callable[..., Any]
LIMIT_S = 60.0


@pytest.fixture
def shop(kiosk: Kiosk, tmp_path: Path) -> Path:
    """A shop whose devices hang on pins that this machine does not have."""
    kiosk("init", tmp_path / "shop")
    return tmp_path / "shop"


def run(*words: str) -> tuple[int, str]:
    """Return exit code and standard error of a process of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("KIOSK_")}
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=patient_s(LIMIT_S),
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(find_spec("lgpio") is not None, reason="this machine has the library")
def test_a_missing_library_names_the_doctor_and_is_a_matter_of_hardware(shop: Path) -> None:
    line = "kiosk: lock: lock 'gpio' needs the library lgpio (kiosk doctor says how to get it)\n"
    assert run("run", "--state", str(shop)) == (3, line)
    assert run("door", "lock", "--state", str(shop)) == (3, line)


def test_a_configuration_that_is_wrong_starts_nothing(shop: Path) -> None:
    config = shop / "kiosk.toml"
    text = config.read_text(encoding="utf-8").replace('egress = "handle"', 'egress = "handel"')
    config.write_text(text, encoding="utf-8")
    code, err = run("run", "--state", str(shop))
    assert code == 2
    assert "'handel' is not one of handle, release-button (did you mean handle?)" in err
    assert not (shop / "daemon.lock").exists()


def test_a_state_directory_that_is_gone_is_named(shop: Path, tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    text = (shop / "kiosk.toml").read_text(encoding="utf-8")
    config.write_text(text.replace(f'"{shop}"', f'"{tmp_path}/none"'), encoding="utf-8")
    code, err = run("run", "--config", str(config))
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"kiosk: {tmp_path}/none: No such file or directory")


def test_an_eye_for_a_camera_that_is_not_configured_starts_nothing(
    shop: Path, tmp_path: Path
) -> None:
    code, err = run("eye", "--state", str(shop), "--socket", str(tmp_path / "eye.sock"), "--exit")
    assert (code, err) == (
        2,
        "kiosk: exit_camera: the configuration has no [exit_camera] (add one)\n",
    )
