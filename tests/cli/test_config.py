"""`kiosk config` says what is wrong, what it comes to, and nothing secret."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.settings import load
from tests.environment import environment
from tests.shipped import CONFIG, shipped

Kiosk = Callable[..., Any]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of store.toml with some texts replaced."""

    def writer(*changes: tuple[str, str]) -> Path:
        text = shipped("store.toml")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "kiosk.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return writer


Changed = Callable[..., Path]


@pytest.mark.parametrize("name", ["store.toml", "hub.toml"])
def test_the_shipped_files_want_the_owners_key_and_nothing_else(
    name: str, kiosk: Kiosk, tmp_path: Path
) -> None:
    done = kiosk("config", "check", CONFIG / name)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.endswith(
        "hub.owner_key: is still the example's (paste what kiosk keys show owner.key prints)\n"
    )
    path = tmp_path / name
    path.write_text(shipped(name), encoding="utf-8")
    done = kiosk("config", "check", path)
    assert (done.code, done.out, done.err) == (0, f"{path}: ok\n", "")


def test_the_directory_of_a_kiosk_means_its_file(kiosk: Kiosk, changed: Changed) -> None:
    path = changed()
    assert kiosk("config", "check", "--state", path.parent).out == f"{path}: ok\n"
    shown = kiosk("config", "show", path).out
    assert kiosk("config", "show", "--state", path.parent).out == shown
    assert kiosk("config", "check", path, "--state", path.parent).code == 2


def test_every_fault_is_a_line_and_the_code_is_2(kiosk: Kiosk, changed: Changed) -> None:
    path = changed(("pin = 17", "pin = 4"), ('egress = "handle"', 'egres = "handle"'))
    done = kiosk("config", "check", path)
    assert done.code == 2
    assert done.out == ""
    lines = done.err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"kiosk: {path}:")
    assert ": gate.egress: is missing" in lines[0]
    assert "gate.egres: unknown key (did you mean egress?)" in lines[1]
    assert "lock.pin: GPIO 4 is high from power-on" in lines[2]


def test_faults_come_as_json_too(kiosk: Kiosk, changed: Changed) -> None:
    path = changed(("pin = 17", "pin = 4"))
    done = kiosk("config", "check", path, "--json")
    told = json.loads(done.out)
    assert done.code == 2
    assert told["ok"] is False
    assert len(told["errors"]) == 1


def test_warnings_name_their_line_and_cost_nothing(kiosk: Kiosk, changed: Changed) -> None:
    path = changed(("/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", "/dev/ttyUSB0"))
    line = path.read_text(encoding="utf-8").split("/dev/ttyUSB0")[0].count("\n") + 1
    done = kiosk("config", "check", path)
    assert done.code == 0
    warning, ok = done.out.splitlines()
    assert warning.startswith(f"warning: {path}:{line}: reader[0].port: /dev/ttyUSB0 changes")
    assert ok == f"{path}: ok"
    assert len(json.loads(kiosk("config", "check", path, "--json").out)["warnings"]) == 1


@pytest.mark.parametrize("path", ["none.toml", "."])
def test_what_is_no_file_is_one_line(path: str, kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("config", "check", tmp_path / path)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "Traceback" not in done.err


def test_what_is_shown_is_what_counts_and_loads_again(
    kiosk: Kiosk, changed: Changed, tmp_path: Path
) -> None:
    path = changed(("fps = 15\n", ""))
    with environment(KIOSK_HUB__LINGER_S="3.5"):
        shown = kiosk("config", "show", path).out
        expected = load(path)
    values = tomllib.loads(shown)
    assert values["camera"]["fps"] == 15
    assert values["hub"]["linger_s"] == 3.5
    again = tmp_path / "again.toml"
    again.write_text(shown, encoding="utf-8")
    assert load(again) == expected


def test_a_token_is_never_shown(kiosk: Kiosk, changed: Changed, tmp_path: Path) -> None:
    token = tmp_path / "hub.token"
    path = changed(('"/etc/kiosk/hub.token"', f'"{token}"'))
    assert f'token_file = "{token}" # missing' in kiosk("config", "show", path).out
    token.write_text("very-secret\n", encoding="ascii")
    plain = kiosk("config", "show", path).out
    told = kiosk("config", "show", path, "--json").out
    assert f'token_file = "{token}" # ********' in plain
    assert json.loads(told)["hub"]["token"] == "********"
    assert json.loads(told)["provider"]["token"] == "missing"
    assert "very-secret" not in plain + told


def test_a_hubs_file_is_shown_too(kiosk: Kiosk, tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(shipped("hub.toml"), encoding="utf-8")
    assert tomllib.loads(kiosk("config", "show", path).out)["hub"]["listen"] == "127.0.0.1:8080"


def test_the_schema_is_json_schema_with_a_word_for_every_key(kiosk: Kiosk) -> None:
    schema = json.loads(kiosk("config", "schema").out)
    assert "lock" in schema["required"]
    assert schema["$defs"]["LockSection"]["properties"]["pin"]["description"]
    hub = json.loads(kiosk("config", "schema", "--hub").out)
    assert list(hub["properties"]) == ["hub"]
