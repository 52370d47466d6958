"""The GPIO lines of a Raspberry Pi, through gpiozero and lgpio. Imported only on a real kiosk.

The stock pin claims an output low and sets its level after that, which powers an active-low lock
for a moment at every start (gpiozero#1177), and lets go of it floating (gpiozero#1146).
"""

import atexit
import errno
import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, Final

from gpiozero.pins import Factory

from drivers.contact import GpioContact
from drivers.gpio import Pins
from drivers.indicator import GpioIndicator
from drivers.lock import GpioLock
from drivers.options import Options

_opening: Final = Lock()


def _lgpio_pins() -> Any:  # noqa: ANN401 - gpiozero has no types
    """Return gpiozero's lgpio module; importing lgpio makes a FIFO in `LG_WD`."""
    if "LG_WD" not in os.environ:
        directory = tempfile.mkdtemp(prefix="kiosk-lg-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        os.environ["LG_WD"] = directory
    return importlib.import_module("gpiozero.pins.lgpio")


lgpio_pins: Final = _lgpio_pins()
lgpio: Final = lgpio_pins.lgpio


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Turn lgpio's errors, which have a root of their own, into `OSError`."""
    try:
        yield
    except lgpio.error as error:
        raise OSError(errno.EIO, str(error)) from error


class SafePin(lgpio_pins.LGPIOPin):  # type: ignore[misc, name-defined] # gpiozero has no types
    """A pin that is claimed at its first level and, as an output, never let go floating."""

    def __init__(self, factory: Factory, info: object) -> None:
        # Not LGPIOPin's: it claims every pin as a floating input before anything else.
        super(lgpio_pins.LGPIOPin, self).__init__(factory, info)
        self._pwm = None
        self._bounce = None
        self._callback = None
        self._edges = lgpio.BOTH_EDGES
        self._driven = False

    def output_with_state(self, state: object) -> None:
        """Claim the line as an output at `state`, in one step."""
        with _as_os_error():
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(bool(state)))  # noqa: SLF001 - as gpiozero's own pins do
        self._driven = True

    def close(self) -> None:
        """Free an input; an output stays claimed at its level until the process ends."""
        if self._driven:
            return
        with _as_os_error():
            self.when_changed = None
            lgpio.gpio_free(self.factory._handle, self._number)  # noqa: SLF001 - as above

    def _set_function(self, value: str) -> None:
        with _as_os_error():
            super()._set_function(value)
        self._driven = value == "output"

    def _get_state(self) -> object:
        with _as_os_error():
            return super()._get_state()

    def _set_state(self, value: object) -> None:
        with _as_os_error():
            super()._set_state(value)

    def _set_pull(self, value: str) -> None:
        with _as_os_error():
            super()._set_pull(value)

    def _enable_event_detect(self) -> None:
        with _as_os_error():
            super()._enable_event_detect()


@cache
def _factory() -> Factory:
    with _as_os_error():
        factory = lgpio_pins.LGPIOFactory()
    factory.pin_class = SafePin
    return factory


def board() -> Factory:
    """Return this process's pin factory; opens the GPIO chip at the first call.

    Raises:
        OSError: There is no GPIO chip, or this account may not use it.
        GPIOZeroError: This is not a Raspberry Pi.
    """
    with _opening:
        return _factory()


def lock(name: str, options: Options, pins: Pins = board) -> GpioLock:
    """Return a lock on this board."""
    return GpioLock(name, options, pins)


def contact(name: str, options: Options, pins: Pins = board) -> GpioContact:
    """Return a contact on this board."""
    return GpioContact(name, options, pins)


def indicator(name: str, options: Options, pins: Pins = board) -> GpioIndicator:
    """Return an indicator on this board."""
    return GpioIndicator(name, options, pins)
