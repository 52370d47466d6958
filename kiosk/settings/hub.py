"""The whole configuration of a hub, for machines on which `kiosk hub` runs as a service."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from kiosk.settings.values import File, FileSettings, Name, OwnerKey, Section, Text, fault

MAX_PORT: Final = 65535


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise fault("must be HOST:PORT (as in 127.0.0.1:8080)")
    return value


class HubServerSection(Section):
    """Where the hub listens, keeps its state, and whose documents it publishes."""

    state_dir: Annotated[File, Field(description="everything the hub keeps; backed up as a whole")]
    listen: Annotated[
        Text,
        AfterValidator(_address),
        Field(description="address and port; a proxy with TLS stands before it"),
    ] = "127.0.0.1:8080"
    shop: Annotated[Name, Field(description="the shop, as in its policy")]
    owner_key: Annotated[
        OwnerKey, Field(description="the owner's public key: only what it signed is published")
    ]
    enrol: Annotated[
        tuple[Text, ...],
        Field(strict=False, description="verifier keys of the kiosks' logs to believe"),
    ] = ()
    host_names: Annotated[
        tuple[Text, ...],
        Field(strict=False, description="names of the pages beside localhost and addresses"),
    ] = ()
    next_after_s: Annotated[
        int, Field(ge=1, le=3600, description="how long kiosks linger before the next upload")
    ] = 60


class HubSettings(FileSettings):
    """Everything the hub is told; made by `load_hub`."""

    model_config = SettingsConfigDict(title="hub.toml")

    hub: HubServerSection
