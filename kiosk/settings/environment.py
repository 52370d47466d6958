"""What the environment sets: `KIOSK_SECTION__KEY` variables and systemd credentials."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, get_args

from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableVariable

from kiosk.settings.errors import SettingsError
from kiosk.settings.faults import fields_at, near
from kiosk.settings.places import Key

PREFIX: Final = "KIOSK_"
NESTED: Final = "__"
CREDENTIALS: Final[Mapping[str, Key]] = {
    "hub.token": ("hub", "token_file"),
    "provider.token": ("provider", "token_file"),
}
"""Name of a systemd credential, and the key that it stands for."""


def variables(model: type[BaseSettings]) -> Mapping[str, Any]:
    """Return the values that variables set, in the types of the model where they fit.

    Raises:
        SettingsError: A variable for a whole table that is not JSON.
    """
    source = EnvSettingsSource(model, env_prefix=PREFIX, env_nested_delimiter=NESTED)
    try:
        return {name: _numbered(model, (name,), value) for name, value in source().items()}
    except UnreadableVariable as error:
        raise SettingsError(
            [f"environment: {error} (set single keys, as in KIOSK_HUB__URL)"]
        ) from error


def _numbered(model: type[BaseSettings], key: Key, value: object) -> object:
    """Return `value` with numbers as numbers; the source leaves those out of range as text."""
    if isinstance(value, dict):
        return {name: _numbered(model, (*key, name), each) for name, each in value.items()}
    field = fields_at(model, key[:-1]).get(str(key[-1]))
    if field is None or not isinstance(value, str) or not _is_number(field.annotation):
        return value
    with suppress(ValueError):
        return int(value)
    with suppress(ValueError):
        return float(value)
    return value


def _is_number(annotation: object) -> bool:
    return annotation in {int, float} or any(map(_is_number, get_args(annotation)))


def unknown_variables(sections: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for every variable that names no section."""
    for name in sorted(os.environ):
        section, nested, _ = name.upper().removeprefix(PREFIX).partition(NESTED)
        if name.upper().startswith(PREFIX) and nested and section.lower() not in sections:
            yield f"environment {name}: unknown section ({near(section.lower(), sections)})"


def variable(key: Key) -> str | None:
    """Return the name of the variable that sets this key, None when there is none."""
    wanted = PREFIX + NESTED.join(str(word) for word in key).upper()
    return next((name for name in os.environ if name.upper() == wanted), None)


def credentials() -> Iterator[tuple[Key, Path]]:
    """Yield the keys whose values systemd has passed as credentials."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return
    for name, key in CREDENTIALS.items():
        path = Path(directory) / name
        if path.exists():
            yield key, path
