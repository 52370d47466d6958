"""The kinds of values a configuration holds, each with the remedy when it is not one."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kiosk.core.signing import PUBLIC_BYTES, b64decode

EXAMPLE_OWNER_KEY: Final = "PASTE-THE-OWNERS-PUBLIC-KEY"  # as config/*.toml has it
LAST_PIN: Final = 27  # the 40-pin header has GPIO 0 to 27
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
NAME_RULE: Final = "lower case, digits and . _ -, at most 32 (as in corner-1)"


class Section(BaseModel):
    """A table of the configuration: strict, frozen, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FileSettings(BaseSettings):
    """A whole file; it takes what was merged for it, and nothing behind its back."""

    model_config = SettingsConfigDict(strict=True, extra="forbid", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the values of the call only: files and environment are merged before it."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def fault(message: str) -> PydanticCustomError:
    """Return the error to raise from a validator; the message names the remedy."""
    return PydanticCustomError("rule", "{message}", {"message": message})


def is_loopback(url: str) -> bool:
    """Say whether the address is this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _name(value: str) -> str:
    if NAME.fullmatch(value) is None:
        raise fault(f"must be {NAME_RULE}")
    return value


def _url(value: str) -> str:
    # The address itself is never quoted: a password may be in it.
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise fault("is not an address (write http://host:port)") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise fault("is not an address (write http://host:port)")
    if parts.username is not None or parts.password is not None:
        raise fault("holds a password (put it into token_file)")
    if parts.query or parts.fragment:
        raise fault("must end with the path (remove everything from ? or #)")
    return value.rstrip("/")


def _owner_key(value: str) -> str:
    if value == EXAMPLE_OWNER_KEY:
        raise fault("is still the example's (paste what kiosk keys show owner.key prints)")
    try:
        size = len(b64decode(value))
    except ValueError as error:
        raise fault("is not base64url (copy it from kiosk keys show owner.key)") from error
    if size != PUBLIC_BYTES:
        raise fault(f"is {size} bytes, a public key has {PUBLIC_BYTES} (copy all of it)")
    return value


def _text(value: str) -> str:
    if not value or not value.isprintable():
        raise fault("must be printable text and not empty")
    return value


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
Url = Annotated[str, AfterValidator(_url)]
OwnerKey = Annotated[str, AfterValidator(_owner_key)]
Pin = Annotated[int, Field(ge=0, le=LAST_PIN)]
File = Annotated[Path, Field(strict=False)]
"""A path; a relative one counts from the directory of the configuration file."""
