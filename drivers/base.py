"""What every device says and can do: readings, seams and errors.

Drivers know nothing of the kiosk. Seconds are `time.monotonic()` seconds. A constructor takes
configuration only and does no input or output; the thread that opens a device closes it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

READ_TIMEOUT_S: Final = 0.2  # a poll never blocks longer, so that stopping takes < 1 s


class DriverError(Exception):
    """Root of the drivers' errors, split by what the caller does next.

    DriverError
    +-- DeviceUnavailableError  not there or busy: open again later, with back-off
    +-- DeviceLostError         was there: close and open again
    +-- DeviceConfigError       wrong configuration: do not retry
    +-- MissingLibraryError     its library is not installed: do not retry

    Attributes:
        device: Name of the device from the configuration.
    """

    exit_code: int = 3

    def __init__(self, device: str, message: str) -> None:
        super().__init__(f"{device}: {message}")
        self.device = device


class DeviceUnavailableError(DriverError):
    """The device is not there or is in use; nothing was changed."""


class DeviceLostError(DriverError):
    """The device was open and went away."""


class DeviceConfigError(DriverError):
    """The configuration names something that this device cannot be."""

    exit_code = 2


class MissingLibraryError(DriverError):
    """The library that speaks to the device is not installed."""


@dataclass(frozen=True, slots=True)
class TagRead:
    """One read of one tag.

    Attributes:
        epc: Full EPC bytes (UHF) or the 5 bytes of an EM4100 id (LF).
        at: Monotonic seconds when the frame was complete.
        reader: Name of the reader.
        rssi_dbm: Signal strength; None when the protocol has none.
        antenna: Antenna number from 1.
        tech: "uhf" or "lf".
    """

    epc: bytes
    at: float
    reader: str
    rssi_dbm: int | None = None
    antenna: int = 1
    tech: Literal["uhf", "lf"] = "uhf"


@dataclass(frozen=True, slots=True)
class CodeRead:
    """A text in the token grammar, read from a picture; nothing else leaves the driver."""

    text: str
    at: float
    device: str


@dataclass(frozen=True, slots=True)
class ContactChange:
    """A contact that has been stable at a new level.

    Attributes:
        active: Meaning of the level for this contact: door open, beam broken, button pressed.
    """

    device: str
    active: bool
    at: float


@dataclass(frozen=True, slots=True)
class Health:
    """How a device is doing; counters only ever grow.

    Attributes:
        ok: The device is open and has spoken within its own limit.
        detail: One plain sentence for the owner's page; no tag, code or person in it.
    """

    ok: bool
    detail: str
    last_seen: float | None = None
    counters: Mapping[str, int] = field(default_factory=dict)


class RfidReader(Protocol):
    """A reader in continuous inventory."""

    name: str

    def open(self) -> None:
        """Open, identify, re-apply settings and start reading.

        Raises:
            DeviceUnavailableError: Not there, busy or silent; nothing stays open.
        """

    def poll(self, timeout_s: float) -> Sequence[TagRead]:
        """Reads since the last call, oldest first; empty when the field was quiet.

        Raises:
            DeviceLostError: The link is gone; close and open again.
        """

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""

    def health(self) -> Health:
        """State and counters: frames, checksum_errors, resyncs, reads."""


class CodeReader(Protocol):
    """A source of code texts: camera with decoder, or the eye's socket."""

    name: str

    def open(self) -> None:
        """Open the source.

        Raises:
            DeviceUnavailableError: Not there or busy; nothing stays open.
        """

    def poll(self, timeout_s: float) -> Sequence[CodeRead]:
        """Texts read since the last call; a text in view is repeated at every frame.

        Raises:
            DeviceLostError: The source is gone; close and open again.
        """

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""

    def health(self) -> Health:
        """State and counters: frames, decoded, stale, rejected."""


class Lock(Protocol):
    """A lock whose safe level follows its declared fail mode.

    Attributes:
        fail_mode: "secure" (power unlocks) or "safe" (power locks).
    """

    name: str
    fail_mode: Literal["secure", "safe"]

    def open(self) -> None:
        """Claim the pin at its safe level, with no edge on the way."""

    def unlock(self, hold_s: float) -> None:
        """Unlock for `hold_s`, at most the configured limit; a later expiry wins."""

    def lock(self) -> None:
        """Lock now, ending an unlock that is under way; at any time, from any thread."""

    @property
    def is_unlocked(self) -> bool:
        """Whether the pin is commanded to unlock now; what was commanded, not what is so."""

    def close(self) -> None:
        """Drive the safe level and release the pin; may be called twice."""

    def health(self) -> Health:
        """State and counters: unlocks, relocks."""


class Contact(Protocol):
    """A debounced input: door contact, beam, button, tamper loop."""

    name: str

    def open(self, put: Callable[[ContactChange], None]) -> None:
        """Claim the pin; `put` is called from the driver's thread and must only enqueue."""

    def is_active(self) -> bool:
        """The stable level, in the contact's own meaning."""

    def close(self) -> None:
        """Release the pin; may be called twice."""

    def health(self) -> Health:
        """State and counters: changes, glitches."""


Signal = Literal["idle", "checking", "granted", "offered", "refused", "fault", "exit"]


class Indicator(Protocol):
    """Lamps and buzzer; meaning is told by pattern, never by colour alone."""

    name: str

    def open(self) -> None:
        """Claim the pins, all off."""

    def show(self, signal: Signal) -> None:
        """Show a signal until the next one; returns at once."""

    def close(self) -> None:
        """All off; may be called twice."""

    def health(self) -> Health:
        """State and counters: shown."""


class Screen(Protocol):
    """Lines of text for the customer; no personal data ever reaches it."""

    name: str

    def open(self) -> None:
        """Claim the display."""

    def show(self, title: str, lines: Sequence[str]) -> None:
        """Replace what is shown; returns at once."""

    def close(self) -> None:
        """Blank the display; may be called twice."""

    def health(self) -> Health:
        """State and counters: shown."""


class SimDevice(Protocol):
    """A simulator's second face: what the script makes the world do to the device."""

    name: str

    def obey(self, order: Mapping[str, object]) -> Mapping[str, object]:
        """Carry out one order of the script, as documented in the simulator's module.

        Raises:
            ValueError: Unknown order or argument; nothing was changed.
        """
