"""One GPIO line as an output or an input, and the last word of the process on every lock.

gpiozero does the work; its errors end here. An output is claimed at its off level in one step;
see `drivers.gpio_board` for why that takes a pin class of our own.
"""

import atexit
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, Protocol, TypeAlias

from gpiozero import GPIOZeroError, InputDevice, OutputDevice
from gpiozero.exc import GPIOPinInUse, PinFixedPull, PinInvalidPin
from gpiozero.pins import Factory

from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError, DriverError

Pins: TypeAlias = Callable[[], Factory]
"""Returns the pin factory when a device opens; gpiozero's global one is never used."""

LAST_PIN: Final = 27  # the 40-pin header has GPIO 0 to 27
PULLS: Final = {"up": True, "down": False, "none": None}
DEV: Final = Path("/dev")
ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal was closed


class Releasable(Protocol):
    """What must be taken to its safe level before the process ends."""

    def release(self) -> None:
        """Drive the safe level now, whatever else is going on."""


class Output:
    """An output line, off when claimed."""

    def __init__(self, device: str, pin: int, pins: Pins, *, active_high: bool) -> None:
        self._device = device
        try:
            self._line = OutputDevice(
                pin, active_high=active_high, initial_value=False, pin_factory=pins()
            )
        except (GPIOZeroError, OSError) as error:
            raise _refused(device, pin, error) from error

    def set(self, *, on: bool) -> None:
        """Drive the line.

        Raises:
            DeviceLostError: The line cannot be driven.
        """
        try:
            self._line.value = on
        except (GPIOZeroError, OSError) as error:
            raise DeviceLostError(self._device, f"the pin cannot be driven ({error})") from error

    def close(self) -> None:
        """Give the line back at the level it has; may be called twice and raises nothing."""
        with suppress(GPIOZeroError, OSError):
            self._line.close()


class Input:
    """An input line."""

    def __init__(self, device: str, pin: int, pins: Pins, pull: str) -> None:
        self._device = device
        floating = {"active_state": True} if pull == "none" else {}
        try:
            self._line = InputDevice(pin, pull_up=PULLS[pull], pin_factory=pins(), **floating)
        except (GPIOZeroError, OSError) as error:
            raise _refused(device, pin, error) from error

    def level(self) -> bool:
        """Return whether the line is high.

        Raises:
            DeviceLostError: The line cannot be read.
        """
        try:
            return bool(self._line.pin.state)
        except (GPIOZeroError, OSError, AttributeError) as error:
            raise DeviceLostError(self._device, f"the pin cannot be read ({error})") from error

    def watch(self, edge: Callable[[object, object], None]) -> None:
        """Call `edge(ticks, level)` at every edge, from gpiozero's thread.

        Only a weak reference is kept, as gpiozero does: the owner of `edge` must live on.

        Raises:
            DeviceLostError: The line gives no edges.
        """
        try:
            self._line.pin.edges = "both"
            self._line.pin.when_changed = edge
        except (GPIOZeroError, OSError) as error:
            raise DeviceLostError(self._device, f"the pin gives no edges ({error})") from error

    def close(self) -> None:
        """Release the line; may be called twice and raises nothing."""
        with suppress(GPIOZeroError, OSError):
            self._line.close()


_open: Final[list[Releasable]] = []


def keep(lock: Releasable) -> None:
    """Let `release_all` know an open lock."""
    _open.append(lock)


def forget(lock: Releasable) -> None:
    """Drop a closed lock."""
    _open[:] = [each for each in _open if each is not lock]


def release_all() -> None:
    """Drive the safe level of every open lock of this process; raises nothing.

    Runs by itself when the interpreter exits; a signal that kills skips that, so a process that
    owns a lock turns signals into an exit, as `exit_on_signals` does.
    """
    for lock in tuple(_open):
        with suppress(DriverError):
            lock.release()


def exit_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into an exit, locks first, with 128 + their number; main thread."""
    for each in ENDINGS:
        signal.signal(each, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    release_all()
    sys.exit(128 + number)


def _refused(device: str, pin: int, error: Exception) -> DriverError:
    """Return our error for a line that could not be claimed."""
    if isinstance(error, PinInvalidPin | PinFixedPull):
        return DeviceConfigError(device, f"pin {pin} cannot be used so ({error})")
    if isinstance(error, GPIOPinInUse):
        return DeviceUnavailableError(device, f"pin {pin} is used by another device here")
    return DeviceUnavailableError(device, f"pin {pin} cannot be claimed: {_why(error)}")


def _why(error: Exception, dev: Path = DEV) -> str:
    """Return why a line cannot be claimed, and the remedy; lgpio says only that it could not."""
    if "gpiochip" not in str(error):
        return f"{error} (does another program hold it?)"
    chips = sorted(dev.glob("gpiochip*"))
    if not chips:
        return f"there is no {dev}/gpiochip* (is this a Raspberry Pi?)"
    return f"{chips[0]} may not be opened (add this account to the group gpio)"


atexit.register(release_all)
