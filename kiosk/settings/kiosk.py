"""The whole configuration of a kiosk, as the daemon takes it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kiosk.settings.advice import advice
from kiosk.settings.devices import (
    ButtonSection,
    CameraSection,
    DoorSection,
    ExitSection,
    IndicatorSection,
    LockSection,
    ReaderSection,
    ScreenSection,
)
from kiosk.settings.errors import SettingsError
from kiosk.settings.places import dotted
from kiosk.settings.values import File, FileSettings, Name, OwnerKey, Section, Text, Url


class KioskSection(Section):
    """Who this kiosk is."""

    name: Annotated[Name, Field(description="this kiosk, unique in its shop")]
    shop: Annotated[Name, Field(description="the shop, as in its policy")]
    state_dir: Annotated[File, Field(description="keys, ledger and sockets; kiosk init makes it")]
    audience: Annotated[
        Text | None, Field(description="one more name that tokens may be made out to")
    ] = None


class HubSection(Section):
    """Where the log goes, and whose rules count."""

    url: Annotated[Url, Field(description="address of the hub")]
    owner_key: Annotated[
        OwnerKey, Field(description="the owner's public key: only what it signed is believed")
    ]
    token_file: Annotated[
        File | None, Field(description="the kiosk's token for the hub; mode 0600")
    ] = None
    linger_s: Annotated[
        float,
        Field(gt=0, le=3600, description="how long plain events wait for company"),
    ] = 10.0


class ProviderSection(Section):
    """Who says whether a customer meets a threshold."""

    kind: Annotated[
        Literal["http", "vouch", "none"],
        Field(description="http: a score service; vouch: staff's list; none: nobody is asked"),
    ]
    url: Annotated[Url | None, Field(description="address of the score service")] = None
    token_file: Annotated[
        File | None, Field(description="the token for the score service; mode 0600")
    ] = None
    allow_list: Annotated[
        File | None, Field(description="staff's list; vouched.toml in state_dir if unset")
    ] = None


class GateSection(Section):
    """How people get out when everything else is dead."""

    egress: Annotated[
        Literal["handle", "release-button"],
        Field(description="what opens the door from inside without this machine"),
    ]


class SimSection(Section):
    """The simulators of a play."""

    socket: Annotated[File, Field(description="where a play gives its orders")]


class ClockSection(Section):
    """How the time is known."""

    offset_file: Annotated[
        File | None, Field(description="the clock offset that a play's processes share")
    ] = None
    trust: Annotated[
        Literal["auto", "always"],
        Field(description="auto: as the kernel says; always: other means keep the clock"),
    ] = "auto"


class LogSection(Section):
    """What is logged."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="the least that is logged")
    ] = "info"


class Settings(FileSettings):
    """Everything the daemon is told; made by `load`."""

    model_config = SettingsConfigDict(title="kiosk.toml")

    kiosk: KioskSection
    hub: HubSection
    provider: ProviderSection
    gate: GateSection
    lock: LockSection
    door: DoorSection
    exit: ExitSection
    camera: CameraSection | None = None
    exit_camera: CameraSection | None = None
    reader: Annotated[tuple[ReaderSection, ...], Field(strict=False)] = ()
    button: Annotated[tuple[ButtonSection, ...], Field(strict=False)] = ()
    indicator: IndicatorSection | None = None
    screen: ScreenSection | None = None
    sim: SimSection | None = None
    clock: ClockSection = ClockSection()
    log: LogSection = LogSection()

    @property
    def origin(self) -> str:
        """The name of this kiosk's log, `shop/kiosk`."""
        return f"{self.kiosk.shop}/{self.kiosk.name}"

    @property
    def audiences(self) -> frozenset[str]:
        """The names that a token for this kiosk may be made out to."""
        more = {self.kiosk.audience} if self.kiosk.audience else set()
        return frozenset({self.kiosk.shop, self.origin} | more)

    @property
    def owner_key(self) -> str:
        """The owner's public key, base64url."""
        return self.hub.owner_key

    @property
    def hub_token(self) -> str:
        """The token for the hub, "" when none is named; read from its file at each call.

        Raises:
            SettingsError: The file is named and cannot be read.
        """
        return _token("hub.token_file", self.hub.token_file)

    @property
    def provider_token(self) -> str:
        """The token for the score service, as `hub_token`.

        Raises:
            SettingsError: The file is named and cannot be read.
        """
        return _token("provider.token_file", self.provider.token_file)

    @property
    def allow_list(self) -> Path:
        """Staff's list of customers they vouch for."""
        return self.provider.allow_list or self.kiosk.state_dir / "vouched.toml"

    @property
    def linger_s(self) -> float:
        """How long plain events wait for company before they are uploaded."""
        return self.hub.linger_s

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed but unwise, one line each."""
        values = self.model_dump(exclude_none=True)
        return tuple(f"{dotted(key)}: {what}" for key, what in advice(values))

    @property
    def clock_offset_file(self) -> Path | None:
        """The clock offset of a play, None outside one."""
        return self.clock.offset_file

    @property
    def clock_trust(self) -> Literal["auto", "always"]:
        """How the wall clock is judged."""
        return self.clock.trust


def _token(key: str, path: Path | None) -> str:
    if path is None:
        return ""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not plain text"
        remedy = "put the token there, mode 0600"
        if isinstance(error, PermissionError):
            remedy = "it is another account's: sudo -u kiosk, or sudo"
        raise SettingsError([f"{path}: {key}: {why} ({remedy})"]) from error
    if not token.isprintable() or " " in token or not token:
        raise SettingsError([f"{path}: {key}: holds no token (one line, no spaces)"])
    return token
