"""The environment goes before credentials, and credentials before the file."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.settings import SettingsError, load, load_hub
from tests.environment import environment

Write = Callable[..., Path]


@pytest.fixture
def setenv() -> Iterator[Callable[[str, str], None]]:
    with environment():
        yield os.environ.__setitem__


SetEnv = Callable[[str, str], None]


def test_a_variable_goes_before_the_file_in_the_type_of_its_key(
    write: Write, setenv: SetEnv
) -> None:
    setenv("KIOSK_KIOSK__NAME", "123")
    setenv("KIOSK_LOCK__PIN", "18")
    setenv("KIOSK_LOCK__MAX_HOLD_S", "7.5")
    setenv("KIOSK_LOCK__EXTERNAL_PULL", "true")
    setenv("KIOSK_HUB__TOKEN_FILE", "hub.token")
    setenv("kiosk_log__level", "debug")
    path = write()
    settings = load(path)
    assert settings.kiosk.name == "123"
    assert (settings.lock.pin, settings.lock.max_hold_s) == (18, 7.5)
    assert settings.lock.external_pull is True
    assert settings.hub.token_file == path.parent / "hub.token"
    assert settings.log.level == "debug"


def test_a_variable_may_stand_in_for_what_the_file_lacks(write: Write, setenv: SetEnv) -> None:
    path = write(('[gate]\negress = "handle"\n', ""), ('fail_mode = "secure"\n', ""))
    setenv("KIOSK_GATE__EGRESS", "release-button")
    setenv("KIOSK_LOCK__FAIL_MODE", "safe")
    setenv("KIOSK_INDICATOR__KIND", "gpio")
    setenv("KIOSK_INDICATOR__PINS__GREEN", "5")
    settings = load(path)
    assert settings.gate.egress == "release-button"
    assert settings.indicator is not None
    assert settings.indicator.pins is not None
    assert settings.indicator.pins.green == 5


def test_an_array_of_tables_comes_as_json(write: Write, setenv: SetEnv) -> None:
    setenv("KIOSK_READER", '[{"name":"a","kind":"m100","port":"sim:","role":"exit"}]')
    (reader,) = load(write()).reader
    assert reader.port == "sim:"


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("KIOSK_LOCK__PIN", "x", "lock.pin: must be a whole number, is text"),
        ("KIOSK_LOCK__PIN", "99", "lock.pin: must be at most 27, is 99"),
        ("KIOSK_LOCK__MAX_HOLD_S", "60.5", "lock.max_hold_s: must be at most 60"),
        ("KIOSK_LOCK__PINN", "9", "lock.pinn: unknown key (did you mean pin?)"),
        ("KIOSK_LOCK__PIN", "5", "lock.pin: GPIO 5 is high from power-on"),
        ("KIOSK_LOCK__PIN", "27", "door.pin: GPIO 27 is taken by lock.pin"),
        ("KIOSK_DOOR__PIN", "17", "door.pin: GPIO 17 is taken by lock.pin"),
        ("KIOSK_LOK__PIN", "9", "unknown section (did you mean lock?)"),
        ("KIOSK_FOO__BAR__BAZ", "9", "unknown section (known: kiosk, hub"),
    ],
)
def test_a_wrong_variable_is_named(
    name: str, value: str, what: str, write: Write, setenv: SetEnv
) -> None:
    setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load(write())
    (line,) = caught.value.lines
    assert what in line
    assert line.startswith(f"environment {name}: ") or "taken by lock.pin" in line


def test_a_whole_table_in_a_variable_must_be_json(write: Write, setenv: SetEnv) -> None:
    setenv("KIOSK_LOG", "debug")
    with pytest.raises(SettingsError, match=r"^environment: .*log.*set single keys"):
        load(write())


@pytest.mark.parametrize("name", ["KIOSK_DEBUG", "KIOSK_CLOCK_OFFSET_FILE", "KIOSK_", "A__B"])
def test_other_variables_are_not_ours_to_judge(name: str, write: Write, setenv: SetEnv) -> None:
    setenv(name, "1")
    assert load(write()).kiosk.name == "door-1"


def test_a_kiosks_variables_do_not_stop_a_hub(tmp_path: Path, setenv: SetEnv) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(
        '[hub]\nstate_dir = "h"\nshop = "corner"\n'
        'owner_key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"\n',
        encoding="utf-8",
    )
    setenv("KIOSK_LOCK__PIN", "18")
    setenv("KIOSK_HUB__LISTEN", "[::1]:9000")
    assert load_hub(path).hub.listen == "[::1]:9000"


def test_credentials_go_before_the_file_and_variables_before_them(
    write: Write, setenv: SetEnv, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name in ("hub.token", "provider.token"):
        (credentials / name).write_text(f"secret-of-{name}\n", encoding="ascii")
    setenv("CREDENTIALS_DIRECTORY", str(credentials))
    path = write(("[provider]", 'token_file = "elsewhere"\n[provider]'))
    settings = load(path)
    assert settings.hub_token == "secret-of-hub.token"
    assert settings.provider_token == "secret-of-provider.token"
    (tmp_path / "mine").write_text("mine\n", encoding="ascii")
    setenv("KIOSK_HUB__TOKEN_FILE", str(tmp_path / "mine"))
    assert load(path).hub_token == "mine"


def test_an_empty_credentials_directory_changes_nothing(
    write: Write, setenv: SetEnv, tmp_path: Path
) -> None:
    setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load(write()).hub.token_file is None
