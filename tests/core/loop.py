"""The owner's loop around the machine, as the daemon runs it, with a ledger that can fail.

The loop keeps a new gate only when the record among the commands was written. Of a failed record
the old gate is told; of a spent nonce too; commands behind the record do not run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from kiosk.core import visit as machine
from kiosk.core.commands import Command, Record, Relock, Show, Unlock
from kiosk.core.events import CLOSING, OPENING, OUTCOMES, EventRecord
from kiosk.core.inputs import Cause, Input, RecordFailed, RecordRefused, TimeUp
from kiosk.core.values import Epc, Json, VisitId
from kiosk.core.visit_others import GUESTS_COUNTED, Count
from kiosk.core.visit_recovery import Unfinished, recover
from kiosk.core.visit_state import Gate, Rules
from kiosk.core.visit_table import Step
from tests.core.gate_cases import at

Stepper = Callable[[Rules, Gate, Input], Step]
Recoverer = Callable[..., Step]


class BrokenPromiseError(AssertionError):
    """A promise of DESIGN 2 or a rule of DESIGN 6 does not hold; the text begins with its name."""


def promise(name: str, *, holds: object, what: object = "") -> None:
    """Raise unless it holds."""
    if not holds:
        raise BrokenPromiseError(f"{name}: {what}")


class DiskFullError(Exception):
    """The ledger could not write; nothing was appended."""


class NonceSpentError(Exception):
    """The nonce was spent before; nothing was appended."""


@dataclass
class Disk:
    """A ledger in memory with the guarantees of the real one.

    Attributes:
        failures: How many of the next appends fail.
        counted: The newest count of guests, and when it was written.
    """

    events: list[EventRecord] = field(default_factory=list)
    spent: dict[tuple[str, str], tuple[EventRecord, ...]] = field(default_factory=dict)
    opened: dict[VisitId, EventRecord] = field(default_factory=dict)
    ended: dict[VisitId, EventRecord] = field(default_factory=dict)
    failures: int = 0
    counted: tuple[EventRecord, int] | None = None

    def append(self, record: Record, at_ms: int) -> None:
        """Write all events and the nonce, or nothing.

        Raises:
            DiskFullError: A failure was ordered.
            NonceSpentError: The nonce was spent before.
            BrokenPromiseError: A visit would open or end twice, or end without opening (P3).
        """
        if self.failures:
            self.failures -= 1
            raise DiskFullError
        if record.spend and (record.spend.kid, record.spend.cti) in self.spent:
            raise NonceSpentError
        promise("P3", holds=record.events, what="an empty record")
        for event in record.events:
            if event.visit and event.type == OPENING:
                promise("P3", holds=event.visit not in self.opened, what=f"reopened {event}")
                self.opened[event.visit] = event
            if event.visit and event.type in CLOSING:
                promise("P3", holds=event.visit in self.opened, what=f"never opened {event}")
                promise("P3", holds=event.visit not in self.ended, what=f"ended twice {event}")
                self.ended[event.visit] = event
            if event.type == GUESTS_COUNTED:
                self.counted = (event, at_ms)
            self.events.append(event)
        if record.spend:
            self.spent[record.spend.kid, record.spend.cti] = record.events

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return what a start has to recover."""
        missing = [visit for visit in self.opened if visit not in self.ended]
        return tuple(Unfinished(visit, self.of(visit)) for visit in missing)

    def count(self, now_ms: int) -> Count | None:
        """Return the newest count of guests as a start finds it."""
        return self.counted and Count(self.counted[0], now_ms - self.counted[1])

    def of(self, visit: str) -> tuple[EventRecord, ...]:
        """Return a visit's events in order."""
        return tuple(each for each in self.events if each.visit == visit)

    def types(self) -> list[str]:
        """Return the type of every event, in order."""
        return [each.type for each in self.events]

    def outcome(self, visit: str) -> EventRecord:
        """Return the event that ended the visit."""
        return self.ended[VisitId(visit)]

    def gone(self) -> frozenset[Epc]:
        """Return the tags that no later visit may be charged for, as a starting daemon asks."""
        found: set[str] = set()
        for event in self.events:
            if event.type in OUTCOMES and event.visit:
                known = event.type != "exit.unresolved"
                found |= {str(each["epc"]) for each in lines_of(event) if known or each["paid"]}
            if event.type == "payment.settled":
                epcs = event.data["epcs"]
                found |= {str(epc) for epc in epcs} if isinstance(epcs, list) else set()
        return frozenset(Epc(each) for each in found)


def lines_of(event: EventRecord) -> list[Mapping[str, Json]]:
    """Return the lines of an outcome."""
    lines = event.data["lines"]
    return [each for each in lines if isinstance(each, Mapping)] if isinstance(lines, list) else []


class Hands(Protocol):
    """Who carries out the commands that are no records."""

    def act(self, command: Command) -> None:
        """Carry it out."""


@dataclass(frozen=True)
class Stepped:
    """One step of the machine, after it was carried out.

    Attributes:
        after: The gate that the machine returned, kept or not.
        done: The commands that were carried out, records included.
    """

    before: Gate
    got: Input
    after: Gate
    commands: tuple[Command, ...]
    done: tuple[Command, ...]
    now_ms: int

    @property
    def kept(self) -> bool:
        """Whether everything was carried out, so that the gate was kept."""
        return len(self.done) == len(self.commands)


class Watch(Protocol):
    """Who looks at every step."""

    def stepped(self, step: Stepped) -> None:
        """Judge a step."""


@dataclass
class Bystander:
    """Hands that only remember what was done."""

    done: list[Command] = field(default_factory=list)

    def act(self, command: Command) -> None:
        """Remember it."""
        self.done.append(command)

    def stepped(self, step: Stepped) -> None:
        """Judge nothing."""


SPINS: Final = 50


class Loop:
    """One gate and its owner.

    Args:
        step: The machine; a mutant in its place shows that a check can fail.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        disk: Disk | None = None,
        step: Stepper = machine.step,
        recover_by: Recoverer = recover,
        gate: Gate | None = None,
    ) -> None:
        self.rules = rules
        self.disk = disk or Disk()
        self.step = step
        self.recover_by = recover_by
        self.gate = gate or Gate()
        self.now_ms = 1_000_000
        self.quiet = Bystander()
        self.hands: Hands = self.quiet
        self.watch: Watch = self.quiet

    def take(self, fact: Cause) -> None:
        """Step with one fact and carry out what follows, as the owner thread does."""
        try:
            self._try(fact)
        except NonceSpentError:
            try:
                self._try(RecordRefused(fact.at, fact))
            except DiskFullError:
                self._try(RecordFailed(fact.at, fact))
        except DiskFullError:
            self._try(RecordFailed(fact.at, fact))

    def give(self, *facts: Cause) -> list[Command]:
        """Take facts at their own moments; return what was done meanwhile."""
        begun = len(self.quiet.done)
        for fact in facts:
            self.until(fact.at.mono_ms)
            self.take(fact)
        return self.quiet.done[begun:]

    def until(self, ms: int) -> list[Command]:
        """Let time pass; every deadline on the way is told. Return what was done meanwhile."""
        begun = len(self.quiet.done)
        while True:
            due_ms = machine.next_due_ms(self.rules, self.gate)
            if due_ms is None or due_ms > ms:
                break
            self.now_ms = max(self.now_ms, due_ms)
            self.take(TimeUp(at(self.now_ms)))
            after_ms = machine.next_due_ms(self.rules, self.gate)
            spins = after_ms is not None and after_ms <= self.now_ms
            promise("rest", holds=not spins, what=f"time spins at {self.gate}")
        self.now_ms = max(self.now_ms, ms)
        return self.quiet.done[begun:]

    def rest(self) -> list[Command]:
        """Let time pass until nothing is waited for; return what was done meanwhile."""
        begun = len(self.quiet.done)
        for _ in range(SPINS):
            due_ms = machine.next_due_ms(self.rules, self.gate)
            if due_ms is None:
                return self.quiet.done[begun:]
            self.until(due_ms)
        raise BrokenPromiseError(f"rest: no end in sight at {self.gate}")

    def restart(self) -> None:
        """Lose everything but the disk, and start again."""
        fresh = Gate(gone=self.disk.gone())
        found = self.disk.unfinished()
        count = self.disk.count(self.now_ms)
        gate, commands = self.recover_by(self.rules, fresh, found, at(self.now_ms), count)
        for command in commands:
            if isinstance(command, Record):
                self.disk.append(command, self.now_ms)
            else:
                self.hands.act(command)
        self.gate = gate

    def _try(self, got: Input) -> None:
        before = self.gate
        gate, commands = self.step(self.rules, before, got)
        done: list[Command] = []
        try:
            for command in commands:
                if isinstance(command, Record):
                    self.disk.append(command, self.now_ms)
                else:
                    self.hands.act(command)
                done.append(command)
            self.gate = gate
        finally:
            self.watch.stepped(Stepped(before, got, gate, commands, tuple(done), self.now_ms))


def shows(commands: Sequence[Command]) -> list[str]:
    """Return the reasons that were shown, in order."""
    return [each.reason.value for each in commands if isinstance(each, Show)]


def locks(commands: Sequence[Command]) -> list[str]:
    """Return what was done to the lock, in order."""
    return [
        f"{type(each).__name__} {each.cause}"
        for each in commands
        if isinstance(each, Unlock | Relock)
    ]
