"""What the settings of a kiosk answer beside what was written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.core.signing import b64decode
from kiosk.settings import Settings, SettingsError, load

Write = Callable[..., Path]

TOKEN = ('url = "http://127.0.0.1:8080"', 'url = "http://127.0.0.1:8080"\ntoken_file = "t"')


def test_the_log_is_named_after_shop_and_kiosk(write: Write) -> None:
    assert load(write()).origin == "corner/door-1"


def test_tokens_are_made_out_to_shop_or_kiosk_and_one_more_name(write: Write) -> None:
    assert load(write()).audiences == {"corner", "corner/door-1"}
    more = write(('shop = "corner"', 'shop = "corner"\naudience = "annex"'))
    assert load(more).audiences == {"corner", "corner/door-1", "annex"}


def test_the_owners_key_is_32_bytes(write: Write) -> None:
    assert len(b64decode(load(write()).owner_key)) == 32


def test_staffs_list_lies_in_the_state_directory_unless_it_is_named(write: Write) -> None:
    settings = load(write())
    assert settings.allow_list == settings.kiosk.state_dir / "vouched.toml"
    named = load(write(('kind = "none"', 'kind = "vouch"\nallow_list = "/staff.toml"')))
    assert named.allow_list == Path("/staff.toml")


def test_short_words_for_what_the_daemon_asks(write: Write) -> None:
    settings = load(write(more='[clock]\ntrust = "always"\n'))
    assert (settings.linger_s, settings.clock_trust) == (10.0, "always")
    assert settings.clock_offset_file is None


def test_without_a_token_file_there_is_no_token(write: Write) -> None:
    settings = load(write())
    assert (settings.hub_token, settings.provider_token) == ("", "")


def test_a_token_is_one_line_of_its_file_read_at_each_call(write: Write) -> None:
    path = write(TOKEN)
    settings = load(path)
    for token in ("first", "second"):
        (path.parent / "t").write_text(f"{token}\n", encoding="ascii")
        assert settings.hub_token == token


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "No such file or directory (put the token there, mode 0600)"),
        (b"", "holds no token (one line, no spaces)"),
        (b"\n\n", "holds no token"),
        (b"two words\n", "holds no token"),
        (b"two\nlines\n", "holds no token"),
        (b"\xff\xfe", "not plain text"),
        (b"nul\x00", "holds no token"),
    ],
    ids=str,
)
def test_a_broken_token_file_is_told_without_its_content(
    content: bytes | None, what: str, write: Write
) -> None:
    path = write(TOKEN)
    if content is not None:
        (path.parent / "t").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        _ = load(path).hub_token
    assert str(caught.value).startswith(f"{path.parent}/t: hub.token_file: {what}")


def test_no_token_shows_in_what_settings_print(write: Write) -> None:
    path = write(TOKEN)
    (path.parent / "t").write_text("very-secret\n", encoding="ascii")
    settings = load(path)
    assert settings.hub_token == "very-secret"
    assert "very-secret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_schema_tells_every_key_and_refuses_unknown_ones() -> None:
    schema = Settings.model_json_schema()
    assert schema["additionalProperties"] is False
    for table in schema["$defs"].values():
        assert table["additionalProperties"] is False
        assert all(key.get("description") for key in table["properties"].values()), table["title"]
