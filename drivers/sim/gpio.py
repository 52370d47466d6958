"""Simulated lock, contact and indicator: the real drivers on pins without a board.

Orders. Lock: `state`. Contact: `set` (active), `press` (for_s), `bounce` (n edges, then active).
Indicator: `state`.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from gpiozero.pins.mock import MockFactory

from drivers.base import ContactChange, Health, Signal
from drivers.contact import GpioContact
from drivers.indicator import GpioIndicator
from drivers.lock import GpioLock
from drivers.options import Options, fact
from drivers.sim.orders import Order, amount, count, truth, verb
from drivers.sim.pins import WirePin, place, shared_factory, sim_factory

PRESS_S: Final = 0.2
BOUNCE_S: Final = 0.001
LOCK_DEFAULTS: Final = {"fail_mode": "secure", "active_high": True}
LAMP_PINS: Final = {"green": 22, "red": 23, "buzzer": 24}


class SimLock:
    """A lock on a simulated pin; the script sees its edges."""

    def __init__(self, name: str, options: Options) -> None:
        self._factory, pin = place(name, options)
        self._pin_number = pin
        given = {key: value for key, value in options.items() if value is not None}
        wired = {**LOCK_DEFAULTS, **given, "pin": pin, "external_pull": True}
        self._active_high = fact(name, wired, "active_high", default=True)
        self._lock = GpioLock(name, wired, lambda: self._factory)
        self.name = name
        self.fail_mode: Literal["secure", "safe"] = self._lock.fail_mode

    def open(self) -> None:
        """Claim the pin; see `GpioLock.open`."""
        self._lock.open()

    def unlock(self, hold_s: float) -> None:
        """Unlock for `hold_s`."""
        self._lock.unlock(hold_s)

    def lock(self) -> None:
        """Lock now."""
        self._lock.lock()

    @property
    def is_unlocked(self) -> bool:
        """Whether the pin is commanded to unlock now."""
        return self._lock.is_unlocked

    def close(self) -> None:
        """Drive the safe level and release the pin."""
        self._lock.close()

    def drive_safe(self) -> None:
        """Claim the pin at its safe level and leave it there."""
        self._lock.drive_safe()

    def health(self) -> Health:
        """State and counters: unlocks, relocks."""
        return self._lock.health()

    def obey(self, order: Order) -> Mapping[str, object]:
        """`state`: whether it is unlocked, and the edges between the two.

        Raises:
            ValueError: Unknown order.
        """
        verb(order, ("state",))
        edges: list[list[object]] = []
        unlocked = False
        for at, level in tuple(_pin(self._factory, self._pin_number).history):
            now = (level == self._active_high) == (self.fail_mode == "secure")
            if now != unlocked:
                unlocked = now
                edges.append([at, now])
        return {"unlocked": unlocked, "edges": edges}


class SimContact:
    """A contact on a simulated pin that the script presses."""

    def __init__(self, name: str, options: Options) -> None:
        self._factory, pin = place(name, options)
        self._pin_number = pin
        wired = {**options, "pin": pin}
        self._active_high = fact(name, wired, "active_high", default=False)
        self._contact = GpioContact(name, wired, lambda: self._factory)
        self.name = name
        self._active = False

    def open(self, put: Callable[[ContactChange], None]) -> None:
        """Claim the pin; see `GpioContact.open`."""
        self._wire(active=self._active)
        self._contact.open(put)

    def is_active(self) -> bool:
        """The stable level, in the contact's own meaning."""
        return self._contact.is_active()

    def close(self) -> None:
        """Release the pin."""
        self._contact.close()

    def health(self) -> Health:
        """State and counters: changes, glitches."""
        return self._contact.health()

    def obey(self, order: Order) -> Mapping[str, object]:
        """`set` active, `press` for_s (then released), `bounce` n times and end in active.

        Raises:
            ValueError: Unknown order or argument.
        """
        do = verb(order, ("set", "press", "bounce"))
        if do == "press":
            for_s = amount(order, "for_s", PRESS_S, 0, 5)
            self._wire(active=True)
            time.sleep(for_s)
            self._wire(active=False)
        elif do == "bounce":
            edges = count(order, "n", 8, 1000)
            active = truth(order, "active", default=not self._active)
            for _ in range(edges):
                self._wire(active=not self._active)
                time.sleep(BOUNCE_S)
            self._wire(active=active)
        else:
            self._wire(active=truth(order, "active"))
        return {"active": self._active}

    def _wire(self, *, active: bool) -> None:
        self._active = active
        _pin(self._factory, self._pin_number).wire(level=active == self._active_high)


class SimIndicator:
    """Lamps and buzzer on simulated pins."""

    def __init__(self, name: str, options: Options) -> None:
        given = options.get("pin_factory")
        pins = options.get("pins")
        fallback = shared_factory() if pins else sim_factory()
        factory = given if isinstance(given, MockFactory) else fallback
        self._indicator = GpioIndicator(
            name, {**options, "pins": pins or LAMP_PINS}, lambda: factory
        )
        self.name = name
        self._signal: Signal | None = None

    def open(self) -> None:
        """Claim the pins, all off."""
        self._indicator.open()

    def show(self, signal: Signal) -> None:
        """Show a signal until the next one."""
        self._signal = signal
        self._indicator.show(signal)

    def close(self) -> None:
        """All off."""
        self._indicator.close()

    def health(self) -> Health:
        """State and counters: shown."""
        return self._indicator.health()

    def obey(self, order: Order) -> Mapping[str, object]:
        """`state`: the signal that is shown and how many were.

        Raises:
            ValueError: Unknown order.
        """
        verb(order, ("state",))
        return {"signal": self._signal, "shown": self.health().counters["shown"]}


def _pin(factory: MockFactory, number: int) -> WirePin:
    pin: Any = factory.pin(number)
    if not isinstance(pin, WirePin):
        raise TypeError(f"pin_factory must make WirePin pins, not {type(pin).__name__}")
    return pin
