"""A person at the gate of a simulated shop: presses, pushes the door, carries things past.

The hand is on the simulators, the eye on the daemon's status. Every act says whether its effect
was seen in time; none waits longer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

SETTLED_S: Final = 20.0  # exit window, absence, payments, and a busy Pi
PASS_S: Final = 0.9  # a customer walking past the antenna (basket: 6 slices of 150 ms)
PRESS_S: Final = 0.25
RSSI_DBM: Final = -52


class World(Protocol):
    """A running kiosk whose devices are simulated."""

    def tell(self, device: str, do: str, **arguments: object) -> Mapping[str, Any]:
        """Give a simulated device an order and return what it says."""

    def status(self) -> Mapping[str, Any]:
        """Return the daemon's status."""

    def wait_for(self, seen: Callable[[], bool], limit_s: float) -> bool:
        """Return whether `seen` came true in time."""

    def let_pass(self, for_s: float) -> None:
        """Let real time pass, as a person takes it."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Acts in one world.

    Attributes:
        reader: Name of the exit reader.
        seen_s: How long the effect of an act is waited for.
    """

    world: World
    reader: str
    seen_s: float

    def press(self, button: str) -> None:
        """Press a button for a moment."""
        self.world.tell(button, "press", for_s=PRESS_S)

    def swing(self, *, opened: bool) -> bool:
        """Open or close the door."""
        self.world.tell("door", "set", active=opened)
        return self.world.wait_for(lambda: self._status("door_open") is opened, self.seen_s)

    def walk_out(self, epcs: Sequence[str], code: str = "") -> bool:
        """Press, push the door, carry tags past the antenna, and wait until all is settled.

        Args:
            code: What is held to the exit camera meanwhile, "" for nothing.
        """
        tell = self.world.tell
        if epcs:
            tell(self.reader, "enter", epcs=list(epcs), rssi_dbm=RSSI_DBM)
        if code:
            tell("exit-camera", "show", text=code)
        try:
            self._ask_to_leave()
            tell("door", "set", active=True)
            self.world.wait_for(lambda: self._status("exit") == "reading", self.seen_s)
            self.world.let_pass(PASS_S)
        finally:
            if epcs:
                tell(self.reader, "leave", epcs=list(epcs))
            tell("door", "set", active=False)
            if code:
                tell("exit-camera", "clear")
        return self.world.wait_for(lambda: self._status("exit") == "quiet", SETTLED_S)

    def _ask_to_leave(self) -> None:
        """Press the button inside, where there is one; elsewhere the door is enough."""
        if "exit" in self.world.status()["devices"]:
            self.press("exit")
            self.world.wait_for(lambda: self._status("exit") != "quiet", self.seen_s)

    def _status(self, key: str) -> object:
        return self.world.status().get(key)
