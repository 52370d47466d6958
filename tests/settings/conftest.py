"""A small right configuration, and a way to write changed ones."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.environment import environment

SMALL = """\
[kiosk]
name = "door-1"
shop = "corner"
state_dir = "state"

[hub]
url = "http://127.0.0.1:8080"
owner_key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

[provider]
kind = "none"

[gate]
egress = "handle"

[lock]
kind = "gpio"
fail_mode = "secure"
pin = 17
active_high = true

[door]
kind = "gpio"
pin = 27

[exit]
trigger = "button"
pin = 22

[camera]
kind = "sim"
"""


@pytest.fixture(autouse=True)
def _plain_environment() -> Iterator[None]:
    """Take out what the caller's environment would configure."""
    ours = [name for name in os.environ if name.upper().startswith("KIOSK_") and "__" in name]
    with environment(CREDENTIALS_DIRECTORY=None, **dict.fromkeys(ours)):
        yield


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of the small configuration with some texts replaced and more added."""

    def writer(*changes: tuple[str, str], more: str = "") -> Path:
        text = SMALL
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "kiosk.toml"
        path.write_text(text + more, encoding="utf-8")
        return path

    return writer
