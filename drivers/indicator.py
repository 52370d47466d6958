"""Lamps and a buzzer on GPIO lines; every signal has a rhythm of its own.

Colour only helps: with one lamp, or for an eye that tells no colours, the rhythm alone says it.
Options: `pins`, either {green, red, buzzer = GPIO} with at least one, or a list in that order;
`active_high` (default true).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread, current_thread
from typing import Final

from drivers.base import DeviceConfigError, DriverError, Health, Signal
from drivers.gpio import LAST_PIN, Output, Pins
from drivers.options import Options, fact, whole

PARTS: Final = ("green", "red", "buzzer")
LAMPS: Final = frozenset(("green", "red"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one signal looks and sounds like.

    Attributes:
        lamps: The lamps that blink; without any of them, whatever lamp there is.
        rhythm: Seconds on, off, on, off ..., again and again.
        beeps: Seconds on, off, on ..., once.
    """

    lamps: frozenset[str]
    rhythm: tuple[float, ...]
    beeps: tuple[float, ...] = ()


PATTERNS: Final[Mapping[Signal, Pattern]] = {
    "idle": Pattern(frozenset(("green",)), (0.1, 2.9)),
    "checking": Pattern(LAMPS, (0.15, 0.15)),
    "granted": Pattern(frozenset(("green",)), (1.0, 0.0), (0.6,)),
    "offered": Pattern(LAMPS, (0.15, 0.15, 0.15, 0.85), (0.1, 0.1, 0.1)),
    "refused": Pattern(
        frozenset(("red",)), (0.1, 0.1, 0.1, 0.1, 0.1, 0.8), (0.1, 0.1) * 2 + (0.1,)
    ),
    "fault": Pattern(frozenset(("red",)), (1.5, 1.5)),
    "exit": Pattern(frozenset(("green",)), (0.5, 0.5), (0.15,)),
}


def phase(rhythm: Sequence[float], elapsed: float, *, again: bool) -> tuple[bool, float | None]:
    """Return whether it is on after `elapsed` seconds, and how long that lasts (None: for good)."""
    total = sum(rhythm)
    if not total or (elapsed >= total and not again):
        return False, None
    left = elapsed % total
    for at, span in enumerate(rhythm):
        if left < span:
            return at % 2 == 0, span - left
        left -= span
    return False, 0.0  # rounding: the next look falls into the next turn


class GpioIndicator:
    """Shows signals; see `drivers.base.Indicator`."""

    def __init__(
        self, name: str, options: Options, pins: Pins, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._numbers = _pin_numbers(name, options)
        self._active_high = fact(name, options, "active_high", default=True)
        self._pins = pins
        self._clock = clock
        self._changed = Condition()
        self._lines: dict[str, Output] = {}
        self._signal: Signal | None = None
        self._since = 0.0
        self._fault = ""
        self._thread: Thread | None = None
        self._counts = {"opens": 0, "shown": 0}

    def open(self) -> None:
        """Claim the pins, all off.

        Raises:
            DeviceUnavailableError: A pin is held by something else.
            DeviceConfigError: A pin cannot be an output.
        """
        self.close()
        with self._changed:
            try:
                for part, pin in self._numbers.items():
                    self._lines[part] = Output(
                        self.name, pin, self._pins, active_high=self._active_high
                    )
            except DriverError:
                self._release()
                raise
            self._signal = None
            self._fault = ""
            self._counts["opens"] += 1
            self._thread = Thread(target=self._run, name=f"indicator {self.name}", daemon=True)
            self._thread.start()

    def show(self, signal: Signal) -> None:
        """Show a signal until the next one; returns at once, and does nothing while closed."""
        with self._changed:
            if self._thread is not None:
                self._signal = signal
                self._since = self._clock()
                self._counts["shown"] += 1
                self._changed.notify_all()

    def close(self) -> None:
        """All off; may be called twice and raises nothing."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is not None:
            thread.join()
        self._release()

    def health(self) -> Health:
        """State and counters: shown."""
        with self._changed:
            counts = dict(self._counts)
            if self._thread is None:
                return Health(False, "closed", None, counts)
            return Health(not self._fault, self._fault or self._signal or "off", None, counts)

    def _run(self) -> None:
        with self._changed:
            while self._thread is current_thread():
                self._changed.wait(self._drive())

    def _drive(self) -> float | None:
        """Set every line for this moment; return when to look again."""
        if self._signal is None:
            return None
        pattern = PATTERNS[self._signal]
        elapsed = self._clock() - self._since
        lit, lamp_left = phase(pattern.rhythm, elapsed, again=True)
        loud, beep_left = phase(pattern.beeps, elapsed, again=False)
        lamps = pattern.lamps & self._lines.keys() or LAMPS
        try:
            for part, line in self._lines.items():
                line.set(on=loud if part == "buzzer" else lit and part in lamps)
            self._fault = ""
        except DriverError:
            self._fault = "a pin cannot be driven"
        return min(left for left in (lamp_left, beep_left) if left is not None)

    def _release(self) -> None:
        for line in self._lines.values():
            with suppress(DriverError):
                line.set(on=False)
            line.close()
        self._lines = {}


def _pin_numbers(name: str, options: Options) -> dict[str, int]:
    """Return the GPIO number of each part."""
    pins = options.get("pins")
    if isinstance(pins, Mapping):
        named = {str(part): pin for part, pin in pins.items() if pin is not None}
    elif isinstance(pins, Sequence) and not isinstance(pins, str):
        named = dict(zip(PARTS, pins, strict=False)) if len(pins) <= len(PARTS) else {}
    else:
        named = {}
    if not named or not named.keys() <= set(PARTS):
        raise DeviceConfigError(name, f"pins must name one or more of {', '.join(PARTS)}")
    return {part: whole(name, named, part, 0, LAST_PIN) for part in named}
