"""A person at a simulated gate does things in the order of life, and says what was not seen."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kiosk.stage.visitor import Visitor

EPCS = ["AA", "BB"]


class Toy:
    """A world of one gate: every order is noted, the exit goes its way at once.

    Args:
        parts: Devices that are there.
        deaf: Whether the kiosk sees nothing of it.
    """

    def __init__(self, *parts: str, deaf: bool = False) -> None:
        self.told: list[str] = []
        self._deaf = deaf
        self._gate: dict[str, Any] = {
            "devices": dict.fromkeys(parts),
            "door_open": False,
            "exit": "quiet",
        }

    def tell(self, device: str, do: str, **arguments: object) -> Mapping[str, Any]:
        """Note the order; the gate follows it."""
        told = " ".join([device, do, *(f"{key}={value}" for key, value in arguments.items())])
        self.told.append(told)
        if self._deaf:
            return {}
        if device == "exit":
            self._gate["exit"] = "exiting"
        if device == "door":
            self._gate["door_open"] = arguments["active"]
            self._gate["exit"] = "reading" if arguments["active"] else "quiet"
        return {}

    def status(self) -> Mapping[str, Any]:
        """Return how the gate is."""
        return self._gate

    def wait_for(self, seen: Callable[[], bool], limit_s: float) -> bool:
        """Look once: in this world everything has happened by then."""
        assert limit_s > 0
        return seen()

    def let_pass(self, for_s: float) -> None:
        """Note how long a person took."""
        self.told.append(f"pass {for_s}")


def test_who_leaves_presses_pushes_and_takes_the_things_along() -> None:
    world = Toy("exit", "exit-1")
    assert Visitor(world, "exit-1", 1.0).walk_out(EPCS, code="K1:X")
    assert world.told == [
        "exit-1 enter epcs=['AA', 'BB'] rssi_dbm=-52",
        "exit-camera show text=K1:X",
        "exit press for_s=0.25",
        "door set active=True",
        "pass 0.9",
        "exit-1 leave epcs=['AA', 'BB']",
        "door set active=False",
        "exit-camera clear",
    ]


def test_where_no_button_is_inside_the_door_is_pushed_at_once() -> None:
    world = Toy("exit-1")
    assert Visitor(world, "exit-1", 1.0).walk_out([])
    assert world.told == ["door set active=True", "pass 0.9", "door set active=False"]


def test_what_was_taken_past_the_reader_is_gone_even_when_the_walk_was_cut_off() -> None:
    class Breaks(Toy):
        """A world that ends in the middle."""

        def let_pass(self, for_s: float) -> None:
            """End."""
            raise InterruptedError(for_s)

    world = Breaks("exit")
    with pytest.raises(InterruptedError):
        Visitor(world, "exit-1", 1.0).walk_out(EPCS)
    assert world.told[-2:] == ["exit-1 leave epcs=['AA', 'BB']", "door set active=False"]


def test_a_door_that_nobody_saw_move_is_told() -> None:
    assert Visitor(Toy(), "", 1.0).swing(opened=True)
    assert not Visitor(Toy(deaf=True), "", 1.0).swing(opened=True)
