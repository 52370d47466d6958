"""The shape of a transition table: every pair of state and input has a row, nothing included.

The tables generate the documents in `docs/` and are checked against random play by the tests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kiosk.core.commands import Command
from kiosk.core.visit_state import Gate

Step = tuple[Gate, tuple[Command, ...]]
"""What a transition returns: the new gate and what to do, in order."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of a table.

    Attributes:
        handler: `(rules, gate, state, input) -> Step`, pure; None when nothing happens.
        to: Every state in which the row may end.
        why: What the row means, for the generated table.
    """

    handler: Callable[..., Step] | None
    to: tuple[type, ...]
    why: str


Table = Mapping[tuple[type, type], Move]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the gate: its states, its inputs, its table."""

    name: str
    states: tuple[type, ...]
    inputs: tuple[type, ...]
    table: Table = field(default_factory=dict)


def nothing(why: str) -> Move:
    """Return a row in which nothing happens on purpose, and why."""
    return Move(None, (), why)
