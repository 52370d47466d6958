"""`kiosk hub`: its words and its file. What it does is tested in tests/hub/test_server.py."""

import re
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.cli.app import build
from kiosk.serving import ListenError, ServingError, listen

OWNER = "yG0BrYsvtpSyL_YOPJ2eftkNtWBHcrdEUNQJE7mpy68"


def test_help_names_every_option_and_what_is_printed() -> None:
    done = CliRunner().invoke(build(["hub"]), ["hub", "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.output)
    for option in (
        *("--owner-key", "--state", "--listen", "--shop", "--enrol", "--host-name", "--config"),
        *(
            "--next-after-s",
            "--login-code",
            "--trust-clock",
            "--log-level",
            "KIOSK_HUB_OWNER_KEY",
            "ready http://",
        ),
    ):
        assert option in text, option


def test_without_the_owners_key_it_does_not_start() -> None:
    words = ["hub", "--state", "nowhere"]
    done = CliRunner().invoke(build(["hub"]), words, env={"KIOSK_HUB_OWNER_KEY": ""})
    assert done.exit_code == 2


def test_a_file_says_what_the_options_do_not(tmp_path: Path) -> None:
    taken: socket.socket
    with listen("127.0.0.1", 0) as taken:
        address = "{}:{}".format(*taken.getsockname())
        config = tmp_path / "hub.toml"
        config.write_text(
            f'[hub]\nstate_dir = "{tmp_path}/hub"\nlisten = "{address}"\nowner_key = "{OWNER}"\n'
            'shop = "corner"\n'
        )
        with pytest.raises(ListenError, match=re.escape(address)):
            invoke("--config", str(config))
        with pytest.raises(ServingError, match="--owner-key"):
            invoke("--config", str(config), "--owner-key", "AAAA")
    assert not (tmp_path / "hub").exists()


def invoke(*words: str) -> None:
    CliRunner().invoke(build(["hub"]), ["hub", *words], catch_exceptions=False)
