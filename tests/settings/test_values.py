"""Single values are refused with their remedy, and nothing that may be secret is quoted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.settings import SettingsError, load
from kiosk.settings.values import is_loopback

Write = Callable[..., Path]

URL = "http://127.0.0.1:8080"
KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path)
    (line,) = caught.value.lines
    return line.removeprefix(f"{path}:").partition(": ")[2]


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("hub.example", "hub.url: is not an address (write http://host:port)"),
        ("ftp://hub.example", "hub.url: is not an address (write http://host:port)"),
        ("http://", "hub.url: is not an address (write http://host:port)"),
        ("http://hub:x", "hub.url: is not an address (write http://host:port)"),
        ("http://hub:99999", "hub.url: is not an address (write http://host:port)"),
        ("http://hub:0", "hub.url: is not an address (write http://host:port)"),
        ("http://[::1", "hub.url: is not an address (write http://host:port)"),
        ("http://me:pass@hub", "hub.url: holds a password (put it into token_file)"),
        ("http://me@hub", "hub.url: holds a password (put it into token_file)"),
        ("http://hub/?token=pass", "hub.url: must end with the path (remove everything from ?"),
        ("http://hub/#pass", "hub.url: must end with the path"),
    ],
)
def test_an_address_is_a_plain_one_and_never_quoted(url: str, what: str, write: Write) -> None:
    line = refusal(write((URL, url)))
    assert line.startswith(what)
    assert "pass@" not in line
    assert "=pass" not in line


def test_an_address_ends_without_a_slash(write: Write) -> None:
    assert load(write((URL, "https://hub.example/shop/"))).hub.url == "https://hub.example/shop"


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("not a key!", "hub.owner_key: is not base64url (copy it from kiosk keys show"),
        (KEY + "=", "hub.owner_key: is not base64url"),
        (KEY[:-3], "hub.owner_key: is 30 bytes, a public key has 32 (copy all of it)"),
        ("", "hub.owner_key: is 0 bytes"),
    ],
)
def test_an_owner_key_is_a_public_key(key: str, what: str, write: Write) -> None:
    assert refusal(write((KEY, key))).startswith(what)


@pytest.mark.parametrize("name", ["", "Door", "a b", "a/b", "a~b", "-a", "a" * 33, "tür", "a\\n"])
def test_a_name_fits_a_log_and_an_address(name: str, write: Write) -> None:
    line = refusal(write(('name = "door-1"', f'name = "{name}"')))
    assert line.startswith("kiosk.name: must be lower case, digits and . _ -")


@pytest.mark.parametrize("text", ["", "a\\u0007b"])
def test_a_text_is_printable(text: str, write: Write) -> None:
    line = refusal(write(('shop = "corner"', f'shop = "corner"\naudience = "{text}"')))
    assert line == "kiosk.audience: must be printable text and not empty"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example", False),
        ("http:///", False),
    ],
)
def test_this_machine_is_known(url: str, *, loopback: bool) -> None:
    assert is_loopback(url) is loopback
