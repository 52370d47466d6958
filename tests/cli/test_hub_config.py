"""`kiosk hub --config` takes what the file says, unless an option says otherwise."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.shipped import shipped

Kiosk = Callable[..., Any]

LIMIT_S = 30.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    text = shipped("hub.toml")
    for old, new in (
        ('"/var/lib/kiosk-hub"', '"state"'),
        ('"127.0.0.1:8080"', '"127.0.0.1:0"'),
        ('"corner"', '"mill"'),
    ):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "hub.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_hub_serves_as_the_file_says(config: Path, tmp_path: Path) -> None:
    words = ["hub", "--config", str(config)]
    with subprocess.Popen(
        [sys.executable, "-m", "kiosk", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("ready "))
        process.terminate()
        assert process.wait(LIMIT_S) == 0
    assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", line)
    assert "mill" in (tmp_path / "state" / "shop").read_text(encoding="utf-8")


def test_an_option_goes_before_the_file(config: Path, kiosk: Kiosk) -> None:
    done = kiosk("hub", "--config", config, "--listen", "nonsense")
    assert done.code == 2
    assert "nonsense" in done.err


def test_a_wrong_file_is_told_by_its_lines(config: Path, kiosk: Kiosk) -> None:
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("next_after_s = 60", "next_after_s = 0"), encoding="utf-8")
    done = kiosk("hub", "--config", config)
    assert done.code == 2
    assert re.search(r"hub\.toml:\d+: hub\.next_after_s: must be at least 1, is 0", done.err)
