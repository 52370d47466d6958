"""What the ledger says about the visits of a play, read from its own file while the daemon runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kiosk.core.events import EventRecord
from kiosk.ledger.reader import LedgerReader

PAGE: Final = 256


@dataclass(slots=True)
class Seen:
    """One try to come in, as its events tell it.

    Attributes:
        decision: The first answer: granted, offered or refused.
        answers: How many decisions there were.
        lines: Of the outcome, as the event holds them.
    """

    id: str
    decision: str = ""
    reason: str = ""
    way: str | None = None
    outcome: str | None = None
    answers: int = 0
    choices: int = 0
    granted: bool = False
    entered: bool = False
    lines: list[dict[str, Any]] = field(default_factory=list)
    unpaid_minor: int = 0

    @property
    def inside(self) -> bool:
        """Whether this customer is in the shop."""
        return self.entered and self.outcome is None


@dataclass(slots=True)
class Day:
    """Everything that was seen so far.

    Attributes:
        losses: Exits with nobody known.
        anonymous: Their tags.
    """

    tries: dict[str, Seen] = field(default_factory=dict)
    anonymous: list[str] = field(default_factory=list)
    losses: int = 0


class Witness:
    """Reads new entries at each look; the ledger's writer is not disturbed.

    What an earlier play left in the ledger is not part of this day.
    """

    def __init__(self, path: Path) -> None:
        self._reader = LedgerReader(path)
        self._next = 0
        self._before: frozenset[str] = frozenset()
        self._day = Day()
        self._before = frozenset(self.look().tries)
        self._day = Day()

    @property
    def earlier(self) -> bool:
        """Whether an earlier play left visits in the ledger."""
        return bool(self._before)

    def look(self) -> Day:
        """Return the day so far."""
        while events := self._reader.events(self._next, self._next + PAGE):
            for event in events:
                self._note(event.record)
            self._next += len(events)
        return self._day

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def _note(self, event: EventRecord) -> None:
        data: Mapping[str, Any] = event.data
        if event.visit is None:
            if event.type == "exit.unresolved":
                self._day.losses += 1
                self._day.anonymous.extend(data["epcs"])
            return
        if event.visit in self._before:
            return
        seen = self._day.tries.setdefault(event.visit, Seen(event.visit))
        match event.type.split("."):
            case ["decision", "made"]:
                self._decided(seen, data)
            case ["choice", "taken"]:
                seen.choices += 1
            case ["visit", "opened"]:
                seen.granted = True
                seen.way = data["way"]
            case ["visit", "entered"]:
                seen.entered = True
            case ["exit", outcome]:
                seen.outcome = outcome
                seen.lines = list(data["lines"])
                seen.unpaid_minor = data["unpaid_minor"]

    def _decided(self, seen: Seen, data: Mapping[str, Any]) -> None:
        seen.answers += 1
        if seen.answers == 1:
            seen.decision = data["decision"]
            seen.reason = data["reason"]
