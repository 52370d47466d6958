"""Carries out commands: the only place where a decision touches the world.

Runs on the owner thread. Commands go in order; a record that cannot be written stops the rest.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, assert_never

from drivers.base import DriverError, Indicator, Lock, Screen, Signal
from kiosk.clock import Clock
from kiosk.core.commands import (
    AskPayments,
    AskProvider,
    Command,
    Flush,
    Record,
    Relock,
    Show,
    Unlock,
)
from kiosk.core.events import CLOSING
from kiosk.core.notice import notice
from kiosk.core.reasons import Reason
from kiosk.core.values import Epc, Moment
from kiosk.daemon.peers import Peers
from kiosk.ledger.errors import LedgerError, OutcomeTakenError
from kiosk.ledger.store import Appended, Ledger, Replayed

log = logging.getLogger(__name__)

SIGNALS: Final[dict[Reason, Signal]] = {
    Reason.IDLE: "idle",
    Reason.CHECKING: "checking",
    Reason.MET: "granted",
    Reason.VOUCHER: "granted",
    Reason.VOUCHED: "granted",
    Reason.STAFF: "granted",
    Reason.GROUP: "granted",
    Reason.FORGED: "refused",
    Reason.REPLAYED: "refused",
    Reason.RATE_LIMITED: "refused",
    Reason.NOT_RECORDED: "fault",
    Reason.EXIT_FREE: "exit",
    Reason.READING: "exit",
    Reason.PAID: "exit",
    Reason.EMPTY: "exit",
    Reason.UNPAID: "exit",
    Reason.UNRESOLVED: "exit",
}
"""Every other reason is an offer of another way."""


class Flusher(Protocol):
    """What uploads the log."""

    def flush(self) -> None:
        """Upload now instead of lingering."""


@dataclass(frozen=True, slots=True)
class Done:
    """Everything was carried out.

    Attributes:
        gone: Items on outcomes that the ledger held already: it had said that it could not write
            them, and had. Nothing was written twice (P3), and what it holds counts.
    """

    gone: frozenset[Epc] = frozenset()


@dataclass(frozen=True, slots=True)
class Refused:
    """The nonce was spent before; nothing was written and nothing after it ran."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The ledger could not write; nothing after the record ran."""


Result = Done | Refused | Failed


@dataclass(frozen=True, slots=True)
class Face:
    """What the customer sees and hears; each part may be missing."""

    indicator: Indicator | None = None
    screen: Screen | None = None


class Effects:
    """The hands of the owner thread.

    Args:
        lock: The entry lock; its own deadline bounds every unlock.
        uploader: Told when an event should not linger.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        lock: Lock,
        face: Face,
        peers: Peers,
        uploader: Flusher,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._lock = lock
        self._face = face
        self._peers = peers
        self._uploader = uploader
        self._clock = clock

    def carry_out(self, commands: Sequence[Command], since: Moment | None = None) -> Result:
        """Carry out the commands in order, up to a record that cannot be written.

        Args:
            since: When their cause happened, None for now. An unlock is held from then on, so
                that a slow disk never opens the door for somebody who has left it.
        """
        gone: frozenset[Epc] = frozenset()
        for command in commands:
            if isinstance(command, Record):
                result = self._record(command)
                if not isinstance(result, Done):
                    return result
                gone |= result.gone
            else:
                self._act(command, since)
        return Done(gone)

    def _record(self, record: Record) -> Result:
        try:
            try:
                written, gone = self._append(record), frozenset[Epc]()
            except OutcomeTakenError:
                gone = self._ledger.gone_epcs()
                written = self._append(self._without_ended(record))
        except LedgerError as error:
            kinds = ",".join(event.type for event in record.events)
            log.error("not recorded events=%s why=%s", kinds, error)  # noqa: TRY400 - one line
            return Failed()
        return Refused() if isinstance(written, Replayed) else Done(gone)

    def _append(self, record: Record) -> Appended | Replayed | None:
        if not record.events:
            return None
        return self._ledger.append(record.events, self._clock.now(), record.spend)

    def _without_ended(self, record: Record) -> Record:
        """Return the record without the visits that would end a second time."""
        going_on = {each.visit for each in self._ledger.open_visits()}
        ending = {event.visit for event in record.events if event.type in CLOSING}
        rest = tuple(e for e in record.events if e.visit not in ending - going_on - {None})
        log.warning("already ended events=%d left=%d", len(record.events) - len(rest), len(rest))
        return replace(record, events=rest)

    def _act(
        self,
        command: AskProvider | AskPayments | Unlock | Relock | Show | Flush,
        since: Moment | None,
    ) -> None:
        match command:
            case Unlock():
                self._unlock(command, since)
            case Relock(cause=cause):
                self._drive(self._lock.lock, f"relock for {cause}")
            case AskProvider():
                self._peers.ask_provider(command)
            case AskPayments():
                self._peers.ask_payments(command)
            case Show():
                self._show(command)
            case Flush():
                self._uploader.flush()
            case _:
                assert_never(command)

    def _unlock(self, unlock: Unlock, since: Moment | None) -> None:
        late_ms = self._clock.now().mono_ms - since.mono_ms if since else 0
        left_s = unlock.hold_s - late_ms / 1000
        if left_s <= 0:
            log.warning("unlock too late cause=%s late_ms=%d", unlock.cause, late_ms)
        self._drive(lambda: self._lock.unlock(left_s), f"unlock for {unlock.cause}")

    def _drive(self, move: "Move", what: str) -> None:
        try:
            move()
        except DriverError as error:
            log.error("lock failed what=%s why=%s", what, error)  # noqa: TRY400 - one line

    def _show(self, show: Show) -> None:
        text = notice(show)
        try:
            if self._face.indicator is not None:
                self._face.indicator.show(SIGNALS.get(show.reason, "offered"))
            if self._face.screen is not None:
                self._face.screen.show(text.title, text.lines)
        except DriverError as error:
            log.warning("not shown reason=%s why=%s", show.reason.value, error)


class Move(Protocol):
    """A movement of the lock."""

    def __call__(self) -> None:
        """Move it."""
