"""A lock on one GPIO line, with a pulse that ends by itself.

Power is the coil's: a fail-secure strike is unlocked by power, a fail-safe magnet is locked by
it. The safe level is always *unpowered*: claimed so, left so, and driven so when anything ends.
Options: `pin`, `fail_mode` ("secure", "safe"), `active_high` (the level that powers the coil),
`max_hold_s`, `external_pull` (a resistor holds the line unpowered while nobody drives it).
"""

import time
from collections.abc import Callable
from threading import Condition, Thread, current_thread
from typing import Final, Literal

from drivers.base import DeviceConfigError, DeviceUnavailableError, DriverError, Health
from drivers.gpio import LAST_PIN, Output, Pins, forget, keep
from drivers.options import Options, choice, fact, number, whole

MAX_HOLD_S: Final = 30.0
RETRY_S: Final = 0.05
OVERDUE_S: Final = 0.5  # the relock thread is this late only when it is stuck
PULLED_UP_PINS: Final = range(9)  # BCM2835 datasheet 6.2: GPIO 0-8 power on pulled up


class GpioLock:
    """Unlocks for a while; see `drivers.base.Lock`. Every method may be called from any thread."""

    def __init__(
        self, name: str, options: Options, pins: Pins, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.fail_mode = _fail_mode(name, options)
        self._pin = whole(name, options, "pin", 0, LAST_PIN)
        self._active_high = _active_level(name, options, self._pin)
        self._max_hold_s = number(name, options, "max_hold_s", MAX_HOLD_S, 3600)
        self._pins = pins
        self._clock = clock
        self._changed = Condition()
        self._line: Output | None = None
        self._powered = False
        self._until: float | None = None
        self._thread: Thread | None = None
        self._released = False
        self._counts = {"opens": 0, "unlocks": 0, "relocks": 0, "faults": 0}

    def open(self) -> None:
        """Claim the pin unpowered, with no edge on the way; then a fail-safe magnet is powered.

        Raises:
            DeviceUnavailableError: The pin is held by something else.
            DeviceConfigError: The pin cannot be an output.
        """
        self.close()
        with self._changed:
            self._line = Output(self.name, self._pin, self._pins, active_high=self._active_high)
            self._released = False
            keep(self)
            self._counts["opens"] += 1
            if self._locked_power:
                self._engage(self._line)
            # Not joined at exit: the exit handlers, which drive the safe level, run after that.
            self._thread = Thread(target=self._supervise, name=f"relock {self.name}", daemon=True)
            self._thread.start()

    def unlock(self, hold_s: float) -> None:
        """Unlock for `hold_s`, at most `max_hold_s`; of two unlocks the later expiry wins.

        A hold that is not above zero unlocks nothing.

        Raises:
            DeviceUnavailableError: The lock is not open, or released for good.
            DeviceLostError: The pin cannot be driven; the relock is tried until it works.
        """
        if not hold_s > 0:
            return
        with self._changed:
            if self._line is None or self._released:
                raise DeviceUnavailableError(self.name, "the lock is not open")
            until = self._clock() + min(hold_s, self._max_hold_s)
            self._until = until if self._until is None else max(self._until, until)
            self._changed.notify_all()
            if not self.is_unlocked:
                self._counts["unlocks"] += 1
                self._power(not self._locked_power)

    def lock(self) -> None:
        """Lock now and forget the pulse; on a closed lock nothing happens.

        Raises:
            DeviceLostError: The pin cannot be driven; it is tried until it works.
        """
        with self._changed:
            if self._line is None or self._released:
                return
            if self.is_unlocked:
                self._until = self._clock()
                self._changed.notify_all()
                self._relock()

    def release(self) -> None:
        """Drive the safe level for good, whatever the fail mode: for the end of the process.

        A step that was under way, stuck in a write, must not power it again.

        Raises:
            DeviceLostError: The pin cannot be driven.
        """
        with self._changed:
            self._released = True
            self._until = None
            self._power(False)

    @property
    def is_unlocked(self) -> bool:
        """Whether the pin is commanded to unlock now; False while closed."""
        with self._changed:
            return self._line is not None and self._powered != self._locked_power

    def close(self) -> None:
        """Drive the safe level and release the pin; may be called twice and raises nothing."""
        with self._changed:
            line, self._line = self._line, None
            thread, self._thread = self._thread, None
            self._until = None
            self._changed.notify_all()
            if line is not None:
                self._end(line)
        if thread is not None and thread is not current_thread():
            thread.join()

    def drive_safe(self) -> None:
        """Claim the pin at its safe level and leave it there, with nobody watching it.

        Raises:
            DeviceUnavailableError: The pin is held by something else, such as the daemon.
        """
        if self._line is None:
            self._line = Output(self.name, self._pin, self._pins, active_high=self._active_high)
        self.release()

    def health(self) -> Health:
        """State and counters: unlocks, relocks, faults."""
        with self._changed:
            counts = dict(self._counts)
            thread, until = self._thread, self._until
            if thread is None:
                return Health(False, "closed", None, counts)
            now = self._clock()
            if not thread.is_alive() or (until is not None and now - until > OVERDUE_S):
                return Health(False, "the relock is overdue", None, counts)
            return Health(True, "unlocked" if self.is_unlocked else "locked", now, counts)

    @property
    def _locked_power(self) -> bool:
        """Whether the coil is powered while locked."""
        return self.fail_mode == "safe"

    def _power(self, on: bool) -> None:  # noqa: FBT001 - the one thing it is about
        if self._line is not None:
            self._line.set(on=on)
            self._powered = on

    def _engage(self, line: Output) -> None:
        """Power a fail-safe magnet for the first time; on failure nothing stays open."""
        try:
            self._power(True)
        except DriverError as error:
            self._line = None
            self._end(line)
            raise DeviceUnavailableError(self.name, "the pin cannot be driven") from error

    def _relock(self) -> None:
        self._power(self._locked_power)
        self._until = None
        self._counts["relocks"] += 1

    def _end(self, line: Output) -> None:
        """Drive the safe level as the last thing on this line."""
        try:
            line.set(on=False)
        except DriverError:
            self._counts["faults"] += 1
        finally:
            self._powered = False
            line.close()
            forget(self)

    def _supervise(self) -> None:
        """Relock when the time is up, until the lock is closed."""
        with self._changed:
            while self._thread is current_thread():
                left = None if self._until is None else self._until - self._clock()
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                try:
                    self._relock()
                except DriverError:
                    self._counts["faults"] += 1
                    self._changed.wait(RETRY_S)


def _fail_mode(name: str, options: Options) -> Literal["secure", "safe"]:
    declared = choice(name, options, "fail_mode", ("secure", "safe"))
    if declared == "secure":
        return "secure"
    if declared == "safe":
        return "safe"
    raise DeviceConfigError(name, 'fail_mode must be declared: "secure" or "safe"')


def _active_level(name: str, options: Options, pin: int) -> bool:
    """Return the powering level, refusing one that the pin has by itself at power-on."""
    if options.get("active_high") is None:
        raise DeviceConfigError(
            name, "active_high must be declared: the level that powers the coil"
        )
    active_high = fact(name, options, "active_high", default=True)
    pulled_up = pin in PULLED_UP_PINS
    if active_high == pulled_up and not fact(name, options, "external_pull", default=False):
        level = "high" if pulled_up else "low"
        raise DeviceConfigError(
            name,
            f"GPIO {pin} is {level} from power-on until the daemon starts, which powers the coil "
            f"(choose another pin, or add a resistor and set external_pull = true)",
        )
    return active_high
