"""What the environment sets: `KIOSK_SECTION__KEY` variables and systemd credentials."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableVariable

from kiosk.settings.errors import SettingsError
from kiosk.settings.faults import near
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
        return source()
    except UnreadableVariable as error:
        raise SettingsError(
            [f"environment: {error} (set single keys, as in KIOSK_HUB__URL)"]
        ) from error


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
