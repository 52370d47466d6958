"""GPIO pins without a board: gpiozero's mock factory with pins that a world outside can drive."""

import errno
import time
from collections import deque
from functools import cache
from typing import Any, Final

from gpiozero.pins import Factory
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.options import Options, whole

EDGES_KEPT: Final = 10_000
LONE_PIN: Final = 17


class WirePin(MockPin):  # type: ignore[misc] # gpiozero has no types
    """A mock pin that claims an output in one step, as the real one, and remembers its edges.

    Attributes:
        history: (monotonic seconds, level) of the claim as an output and of each change.
        broken: Whether driving and reading fail, as on a line that another program took.
    """

    def __init__(self, factory: Factory, info: Any) -> None:  # noqa: ANN401 - gpiozero's
        self.history: deque[tuple[float, bool]] = deque(maxlen=EDGES_KEPT)
        self.broken = False
        self._wired: bool | None = None
        super().__init__(factory, info)

    def wire(self, *, level: bool) -> None:
        """Let the world outside hold the line at `level`, whatever the pull is."""
        self._wired = level
        if self.function == "input":
            (self.drive_high if level else self.drive_low)()

    def output_with_state(self, state: object) -> None:
        """Claim the line as an output at `state`."""
        self._function = "output"
        self._state = bool(state)
        self.history.append((time.monotonic(), self._state))

    def _set_state(self, value: object) -> None:
        self._check()
        super()._set_state(value)

    def _get_state(self) -> object:
        self._check()
        return super()._get_state()

    def _check(self) -> None:
        if self.broken:
            raise OSError(errno.EIO, "the line does not answer")

    def _change_state(self, value: object) -> bool:
        changed = bool(super()._change_state(value))
        if changed:
            self.history.append((time.monotonic(), bool(value)))
        return changed

    def _set_pull(self, value: str) -> None:
        if self._wired is None:
            super()._set_pull(value)
        else:
            self._pull = value


def sim_factory() -> MockFactory:
    """Return a new factory of such pins."""
    return MockFactory(pin_class=WirePin)


@cache
def shared_factory() -> MockFactory:
    """Return this process's factory: two devices on one pin clash there as on a board."""
    return sim_factory()


def place(name: str, options: Options) -> tuple[MockFactory, int]:
    """Return the factory and the pin of a simulated device.

    A device with a `pin` lives on the shared factory, or on the one in `pin_factory`; one
    without a pin gets a factory of its own.
    """
    given = options.get("pin_factory")
    if options.get("pin") is None:
        return (given if isinstance(given, MockFactory) else sim_factory()), LONE_PIN
    pin = whole(name, options, "pin", 0, 27)
    return (given if isinstance(given, MockFactory) else shared_factory()), pin
