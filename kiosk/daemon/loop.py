"""The owner thread: takes messages, steps the machine, keeps the new gate once it is durable.

It alone holds the gate and the rules, and it alone writes the ledger. Everything else puts
messages into its inbox.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final, assert_never

from kiosk.core.commands import Record
from kiosk.core.identity import verify
from kiosk.core.inputs import (
    Cause,
    IdRejected,
    IdShown,
    RecordFailed,
    RecordRefused,
    TimeUp,
)
from kiosk.core.values import Claim, CoreError, CustomerRef, Json, Moment, Tier, VisitId
from kiosk.core.visit import next_due_ms, step
from kiosk.core.visit_others import FORGOTTEN_MS, GUESTS_COUNTED, Count, age_ms
from kiosk.core.visit_recovery import Unfinished, recover
from kiosk.core.visit_state import RETRY_MS, Gate, Idle, Rules
from kiosk.daemon.effects import Done, Effects, Failed, Refused
from kiosk.daemon.messages import (
    Asked,
    CodeSeen,
    DocumentFetched,
    FobSeen,
    Happened,
    Message,
    Stop,
    Uploaded,
)
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.rulebook import Rulebook
from kiosk.daemon.strays import closing, strays
from kiosk.ledger.errors import LedgerError, LedgerWriteError
from kiosk.ledger.outbox import HUB
from kiosk.ledger.store import Ledger

log = logging.getLogger(__name__)

PART: Final = "owner"
WAIT_S: Final = 1.0  # the longest wait, so that the watchdog hears a beat
QUIET_MS: Final = 30_000  # without anybody, until the write-ahead log is folded away
PLAY_WAIT_S: Final = 0.02  # while a play may move the clock under us

Question = Callable[["Owner", Asked], Mapping[str, Json] | None]
"""Answers a question of the control socket, None when a worker replies later."""


class Owner:
    """The state of one gate and the thread that may change it.

    Args:
        book: The owner's documents; its rules must be complete.
        new_visit: Gives a fresh visit id.
        answer: Answers questions of the control socket, on this thread.

    Raises:
        CoreError: A document is missing from the book.
    """

    def __init__(
        self,
        *,
        book: Rulebook,
        ledger: Ledger,
        effects: Effects,
        rhythm: Rhythm,
        new_visit: Callable[[], VisitId],
        answer: Question,
    ) -> None:
        rules = book.rules()
        if rules is None:
            raise CoreError(f"rules: {', '.join(book.missing())} missing; publish them first")
        self.book = book
        self.rules: Rules = rules
        self.ledger = ledger
        self.effects = effects
        self.gate = Gate(gone=ledger.gone_epcs())
        self._inbox = rhythm.inbox
        self._clock = rhythm.clock
        self._beats = rhythm.beats
        self._new_visit = new_visit
        self._answer = answer
        self._moving = rhythm.clock.can_move
        self._doubt_ms: int | None = None
        self._quiet_ms = 0

    def recover(self, *, door_open: bool = False) -> None:
        """Take every visit that has no outcome to a safe state, mind the guests, and record it.

        Args:
            door_open: Whether the door stands open now: no change will tell of it.

        Raises:
            LedgerWriteError: It cannot be recorded; the daemon must not start.
        """
        self.gate = replace(self.gate, door_open=door_open)
        now = self._clock.now()
        unfinished = [Unfinished(each.visit, each.records) for each in self.ledger.open_visits()]
        gate, commands = recover(self.rules, self.gate, unfinished, now, self._count(now))
        if not isinstance(self.effects.carry_out(commands), Done):
            raise LedgerWriteError(
                f"{self.ledger.path}: what became of open visits could not be written; "
                "see the line before, and mend the disk"
            )
        self.gate = gate
        log.info("recovered visits=%d inside=%d", len(unfinished), len(gate.inside))

    def _count(self, now: Moment) -> Count | None:
        """Return whom the ledger says the gate minded last, beside its visits."""

        def age(at: Moment, boot: str) -> int:
            return age_ms(at, now, same_boot=boot == self.ledger.boot)

        found = self.ledger.newest(GUESTS_COUNTED, lambda at, boot: age(at, boot) > FORGOTTEN_MS)
        return None if found is None else Count(found.record, age(found.at, found.boot))

    def run(self) -> None:
        """Handle messages until `Stop`; call it on the owner thread."""
        while True:
            self._beats.beat(PART)
            message = self._inbox.take(self._wait_s(), self._clock.now())
            if isinstance(message, Stop):
                break
            if message is not None:
                self.handle(message)
            self._let_time_pass()
            self._tidy(busy=message is not None)
        self._beats.leave(PART)

    def take(self, fact: Cause) -> None:
        """Step the machine with one fact and carry out what follows."""
        gate, commands = step(self.rules, self.gate, fact)
        match self.effects.carry_out(commands, fact.at):
            case Done() as done:
                self._keep(gate, done)
            case Refused():
                self._told(RecordRefused(fact.at, fact), fact)
            case Failed():
                self._doubt_ms = fact.at.mono_ms + RETRY_MS
                self._told(RecordFailed(fact.at, fact), fact)

    def _keep(self, gate: Gate, done: Done) -> None:
        self.gate = replace(gate, gone=gate.gone | done.gone) if done.gone else gate

    def _told(self, news: RecordRefused | RecordFailed, fact: Cause) -> None:
        """Tell the old state what became of its record."""
        gate, commands = step(self.rules, self.gate, news)
        done = self.effects.carry_out(commands)
        if isinstance(done, Done):
            self._keep(gate, done)
        elif isinstance(news, RecordRefused):
            self._told(RecordFailed(fact.at, fact), fact)

    def handle(self, message: Message) -> None:
        """Handle one message; on the owner thread only."""
        match message:
            case Happened(fact=fact):
                self.take(fact)
            case CodeSeen():
                self.take(self._identified(message))
            case FobSeen():
                customer = CustomerRef(f"fob:{message.fob}")
                claim = Claim(customer, Tier.CLAIM, None)
                self.take(IdShown(message.at, claim, self._new_visit(), message.side))
            case Uploaded(size=size):
                self._uploaded(size)
            case DocumentFetched():
                self._adopt(message)
            case Asked(reply=reply):
                answer = self._answer(self, message)
                if answer is not None:
                    reply(answer)
            case Stop():
                pass
            case _:
                assert_never(message)

    def _identified(self, seen: CodeSeen) -> IdShown | IdRejected:
        rules = self.rules
        said = verify(seen.text, rules.keys, rules.audiences, seen.at)
        visit = self._new_visit()
        if isinstance(said, Claim):
            return IdShown(seen.at, said, visit, seen.side)
        return IdRejected(seen.at, said, visit, seen.side)

    def _let_time_pass(self) -> None:
        now = self._clock.now()
        due_ms = next_due_ms(self.rules, self.gate)
        if due_ms is not None and due_ms <= now.mono_ms:
            self.take(TimeUp(now))
        if self._doubt_ms is not None and self._doubt_ms <= now.mono_ms:
            self._end_strays(now)

    def _tidy(self, *, busy: bool) -> None:
        """Fold the ledger's write-ahead log away once nobody has come for a while."""
        now_ms = self._clock.now().mono_ms
        if busy or self.gate.inside or not isinstance(self.gate.entry, Idle):
            self._quiet_ms = now_ms + QUIET_MS
        elif now_ms >= self._quiet_ms:
            self._quiet_ms = now_ms + QUIET_MS
            with suppress(LedgerError):  # the next append says it, or goes on
                self.ledger.idle()

    def _end_strays(self, now: Moment) -> None:
        """End visits that the ledger opened after all when it had said that it could not (P3)."""
        self._doubt_ms = now.mono_ms + RETRY_MS
        try:
            found = strays(self.ledger.open_visits(), self.gate)
        except LedgerError:
            return  # still away; the record that failed was logged
        if not found or isinstance(self.effects.carry_out((Record(closing(found)),)), Done):
            self._doubt_ms = None

    def _wait_s(self) -> float:
        longest_s = PLAY_WAIT_S if self._moving else WAIT_S
        due_ms = next_due_ms(self.rules, self.gate)
        if due_ms is None:
            return longest_s
        return min(longest_s, max(0.0, (due_ms - self._clock.now().mono_ms) / 1000))

    def _uploaded(self, size: int) -> None:
        try:
            self.ledger.acked(HUB, size, "")
        except LedgerError as error:
            log.warning("upload not noted why=%s", error)

    def _adopt(self, fetched: DocumentFetched) -> None:
        try:
            book = self.book.adopt(fetched.kind, fetched.envelope)
            version = book.versions[fetched.kind]
            self.ledger.put_document(fetched.kind, version, fetched.envelope)
        except (CoreError, LedgerError) as error:
            log.warning("document not adopted kind=%s why=%s", fetched.kind, error)
            return
        self.book = book
        self.rules = book.rules() or self.rules
        log.info("document adopted kind=%s version=%d", fetched.kind, version)
