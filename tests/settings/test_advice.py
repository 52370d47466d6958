"""What is allowed but unwise is told as a warning, with what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.settings import load

Write = Callable[..., Path]

SOUND = (
    '[screen]\nkind = "console"\n'
    '[[reader]]\nname = "out"\nkind = "m100"\nport = "/dev/serial/by-id/x"\nrole = "exit"\n'
    'region = "EU"\n'
)
TOKEN = ('url = "http://127.0.0.1:8080"', 'url = "http://127.0.0.1:8080"\ntoken_file = "t"')


def test_a_sound_configuration_has_no_warnings(write: Write) -> None:
    assert load(write(TOKEN, more=SOUND)).warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("/dev/serial/by-id/x", "/dev/ttyUSB0", "reader[0].port: /dev/ttyUSB0 changes with the"),
        ("/dev/serial/by-id/x", "/dev/ttyACM1", "reader[0].port: /dev/ttyACM1 changes with the"),
        ('region = "EU"\n', "", "reader[0].region: is not set: the module keeps what it has"),
        ('role = "exit"', 'role = "entry"', "reader: none at the exit: what leaves is not seen"),
        ('kind = "console"', 'kind = "none"', "screen: none: a refusal cannot explain itself"),
        ('[screen]\nkind = "console"\n', "", "screen: none: a refusal cannot explain itself"),
    ],
)
def test_what_is_unwise_about_devices_is_told(
    old: str, new: str, warning: str, write: Write
) -> None:
    (found,) = load(write(TOKEN, more=SOUND.replace(old, new))).warnings
    assert found.startswith(warning)


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("127.0.0.1:8080", "hub.example", "hub.url: anybody on the way can read along (use https)"),
        ("127.0.0.1:8080", "10.0.0.2", "hub.url: anybody on the way can read along (use https)"),
        ('\ntoken_file = "t"', "", "hub.token_file: is not set: without it no payment is seen"),
        (
            'kind = "none"',
            'kind = "http"\nurl = "http://scores.example"',
            "provider.url: anybody on the way can read along (use https)",
        ),
        ('"secure"', '"safe"', "gate.egress: a magnet does not open by a handle (add a button"),
    ],
)
def test_what_is_unwise_about_the_rest_is_told(
    old: str, new: str, warning: str, write: Write
) -> None:
    path = write(TOKEN, more=SOUND)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    (found,) = load(path).warnings
    assert found.startswith(warning)


@pytest.mark.parametrize("url", ["https://hub.example", "http://localhost:1", "http://[::1]:8080"])
def test_sound_addresses_need_no_advice(url: str, write: Write) -> None:
    assert load(write(TOKEN, ("http://127.0.0.1:8080", url), more=SOUND)).warnings == ()


def test_a_magnet_with_a_release_button_is_sound(write: Write) -> None:
    magnet = ('"secure"', '"safe"')
    released = ('egress = "handle"', 'egress = "release-button"')
    assert load(write(TOKEN, magnet, released, more=SOUND)).warnings == ()


def test_a_125_khz_reader_has_no_region(write: Write) -> None:
    fob = '[[reader]]\nname = "fob"\nkind = "rdm6300"\nport = "sim:"\nrole = "entry"\n'
    assert load(write(TOKEN, more=SOUND + fob)).warnings == ()
