"""A story at the gate: the pure machine, moved input by input, with its own deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kiosk.core.commands import Command, Record, Show
from kiosk.core.events import EventRecord
from kiosk.core.inputs import (
    DoorClosed,
    DoorOpened,
    ExitRequested,
    Input,
    PaymentsFailed,
    PaymentsSeen,
    TimeUp,
)
from kiosk.core.reasons import Reason
from kiosk.core.values import Epc, Payment, Verdict
from kiosk.core.visit import next_due_ms, step
from kiosk.core.visit_state import Gate, Rules, Settling
from tests.core import gate_cases as cases
from tests.core.gate_cases import at


@dataclass
class Story:
    """One gate through one story; time passes by its own deadlines."""

    rules: Rules = field(default_factory=cases.rules)
    gate: Gate = field(default_factory=Gate)
    now_ms: int = 100_000
    events: list[EventRecord] = field(default_factory=list)
    last: tuple[Command, ...] = ()
    tries: int = 0

    def take(self, fact: Input) -> tuple[Command, ...]:
        """Take one input, keep what it leads to."""
        self.gate, self.last = step(self.rules, self.gate, fact)
        for command in self.last:
            if isinstance(command, Record):
                self.events.extend(command.events)
        return self.last

    def wait(self, ms: int) -> None:
        """Let time pass, deadline by deadline."""
        until = self.now_ms + ms
        for _ in range(1000):
            due = next_due_ms(self.rules, self.gate)
            if due is None or due > until:
                break
            self.now_ms = max(self.now_ms, due)
            self.take(TimeUp(at(self.now_ms)))
        else:
            raise AssertionError("time alone never comes to rest")
        self.now_ms = until

    def show(self, name: str = "ada", *, side: str = "entry") -> str:
        """Show a fresh code; return the attempt."""
        self.tries += 1
        visit = f"v{self.tries}"
        claim = cases.signed(name, f"{self.tries:016x}")
        self.take(cases.shown(self.now_ms, claim, visit, side))
        return visit

    def answer(self, verdict: Verdict | None, *, provider: str = "http") -> None:
        """Answer the open question."""
        entry: Any = self.gate.entry
        threshold = cases.THRESHOLD if provider == "http" else "entry"
        self.take(
            cases.answered(
                self.now_ms, entry.request_id, verdict, provider=provider, threshold=threshold
            )
        )

    def door(self, *, passed: bool = True) -> None:
        """Open the door and, a second later, close it."""
        self.take(DoorOpened(at(self.now_ms)))
        if passed:
            self.wait(1000)
            self.take(DoorClosed(at(self.now_ms)))

    def come_in(self, name: str = "ada") -> str:
        """Come in by the score."""
        visit = self.show(name)
        self.answer(Verdict.YES)
        self.door()
        return visit

    def leave(self, *epcs: Epc, payments: Sequence[Payment] | None = (), reads: int = 8) -> None:
        """Press the button, walk out with these tags, and let it be settled."""
        self.take(ExitRequested(at(self.now_ms), "button"))
        self.take(DoorOpened(at(self.now_ms)))
        for _ in range(reads):
            self.now_ms += 120
            if epcs:
                self.take(cases.tags(self.now_ms, *epcs))
        self.take(DoorClosed(at(self.now_ms)))
        self.wait(2000)
        self.pay(payments)
        self.wait(6000)

    def pay(self, payments: Sequence[Payment] | None) -> None:
        """Answer the question about payments, if one is open."""
        leaving = self.gate.leaving
        if isinstance(leaving, Settling):
            through = max([0, *(each.number for each in payments or ())])
            if payments is None:
                self.take(PaymentsFailed(at(self.now_ms), leaving.request_id))
            else:
                given = tuple(payments)
                self.take(PaymentsSeen(at(self.now_ms), given, through, leaving.request_id))

    def types(self, prefix: str = "") -> list[str]:
        """Return the types of the events so far."""
        return [event.type for event in self.events if event.type.startswith(prefix)]

    def outcome(self) -> EventRecord:
        """Return the last outcome."""
        return [event for event in self.events if event.type.startswith("exit.")][-1]

    def shown(self) -> Reason:
        """Return what the screen says after the last input."""
        return [each.reason for each in self.last if isinstance(each, Show)][-1]


def of(commands: Sequence[Command], kind: type) -> list[Any]:
    return [each for each in commands if isinstance(each, kind)]
