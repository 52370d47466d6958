"""A witness who knows what really happened, and judges every step of the gate by it."""

from collections.abc import Callable
from typing import Final

from kiosk.core.commands import AskPayments, AskProvider, Flush, Record, Relock, Show, Unlock
from kiosk.core.events import OPENING
from kiosk.core.inputs import ExitRequested, IdShown, RecordFailed, RecordRefused
from kiosk.core.notice import HUMAN, notice
from kiosk.core.reasons import Reason
from kiosk.core.visit_sides import ENTRY, EXIT
from kiosk.core.visit_state import Gate, Idle, Offered, Quiet, Refused, Unlocked
from kiosk.core.visit_table import Side
from tests.core.loop import Stepped, promise
from tests.core.play.books import REFUSALS, Books
from tests.core.play.shop import Shop

REMEDIES: Final = ("again", "staff", "voucher", "when we open")
READING_MS: Final = 20_000
OUTCOMES_SHOWN: Final = frozenset({Reason.PAID, Reason.EMPTY, Reason.UNPAID, Reason.UNRESOLVED})


class Witness:
    """Judges steps; raises `BrokenPromiseError` with the name of the promise."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.books = Books(shop)
        self.outcome_shown_ms = -READING_MS
        self.pairs: set[tuple[type, type]] = set()
        self.steps = 0

    def stepped(self, step: Stepped) -> None:
        """Judge a step."""
        self.steps += 1
        if step.kept:
            self._p4_answers_are_fair(step.after)
        checks: tuple[Callable[[Stepped], None], ...] = (
            self._p1_record_before_grant,
            self._p2_nothing_holds,
            self._transitions_are_declared,
            self._relock_only_when_due,
            self._p9_time_to_read,
        )
        for check in checks:
            check(step)
        for command in step.done:
            if isinstance(command, Record):
                for event in command.events:
                    self.books.written(step, event, command)
        if step.kept:
            self._room_is_kept(step.after)
            self._lock_has_a_session(step)

    @property
    def causes(self) -> set[tuple[str, str]]:
        """Every outcome that was seen, and why nobody was sure."""
        ends = self.shop.loop.disk.ended.values()
        return {(each.type, str(each.data.get("cause", ""))) for each in ends}

    def ended(self) -> None:
        """Judge the end of the day, when time has come to rest."""
        disk, gate = self.shop.loop.disk, self.shop.loop.gate
        open_visits = sorted(set(disk.opened) - set(disk.ended))
        promise("P3", holds=not open_visits, what=f"never ended: {open_visits}")
        at_rest = isinstance(gate.entry, Idle) and isinstance(gate.leaving, Quiet)
        promise("rest", holds=at_rest and not gate.inside and not gate.owed, what=gate)
        promise("P9", holds=self.shop.screen is Reason.IDLE, what=f"left {self.shop.screen}")

    # --- every step --------------------------------------------------------------------------

    def _p1_record_before_grant(self, step: Stepped) -> None:
        recorded = False
        state = step.before.entry
        granted = isinstance(state, Unlocked) and state.visit is not None
        opening = "lock.commanded" if granted else OPENING
        for command in step.commands:
            if isinstance(command, Record):
                recorded = recorded or any(each.type == opening for each in command.events)
            if isinstance(command, Unlock) and command.cause != "staff":
                promise("P1", holds=recorded, what=f"unlocked before its record: {step.got}")
        count = sum(isinstance(each, Record) for each in step.commands)
        promise("P1", holds=count <= 1, what="one step is one transaction")
        if isinstance(step.got, RecordFailed):
            effects = [each for each in step.commands if isinstance(each, (Record, Unlock))]
            promise("P1", holds=not effects, what=f"a failed record led to {effects}")

    def _p2_nothing_holds(self, step: Stepped) -> None:
        known = (AskPayments, AskProvider, Flush, Record, Relock, Show, Unlock)
        alien = {type(each) for each in step.commands} - set(known)
        promise("P2", holds=not alien, what=alien)
        got = step.got.cause if isinstance(step.got, RecordFailed | RecordRefused) else step.got
        if isinstance(got, ExitRequested):
            begun = not isinstance(step.after.leaving, Quiet)
            promise("P2", holds=begun, what=f"an exit that does not begin: {step.got}")
        if isinstance(got, ExitRequested) or (isinstance(got, IdShown) and got.side == EXIT.name):
            driven = [each for each in step.commands if isinstance(each, Relock | Unlock)]
            promise("P2", holds=not driven, what=f"leaving drives the lock: {driven}")

    def _transitions_are_declared(self, step: Stepped) -> None:
        self._declared(ENTRY, type(step.before.entry), type(step.after.entry), step)
        self._declared(EXIT, type(step.before.leaving), type(step.after.leaving), step)

    def _declared(self, side: Side, old: type, new: type, step: Stepped) -> None:
        causes = [step.got]
        if isinstance(step.got, RecordFailed | RecordRefused):
            causes.append(step.got.cause)
        rows = [side.table[old, type(got)] for got in causes if (old, type(got)) in side.table]
        self.pairs.update((old, type(got)) for got in causes)
        allowed = {old}.union(*(row.to for row in rows))
        names = f"{old.__name__} --{type(step.got).__name__}--> {new.__name__}"
        promise("table", holds=new in allowed, what=names)

    def _relock_only_when_due(self, step: Stepped) -> None:
        timed = any(isinstance(each, Relock) and each.cause == "time" for each in step.commands)
        if timed and self.shop.unlocks:
            began_ms, unlock = self.shop.unlocks[-1]
            over = step.now_ms >= began_ms + unlock.hold_s * 1000
            promise("relock", holds=over, what="the timer of another visit relocked this one")

    def _p9_time_to_read(self, step: Stepped) -> None:
        for command in step.done:
            if not isinstance(command, Show):
                continue
            if command.reason is Reason.IDLE:
                long_ms = step.now_ms - self.outcome_shown_ms
                promise("P9", holds=long_ms >= READING_MS, what=f"gone after {long_ms} ms")
            ours = command.reason in OUTCOMES_SHOWN
            self.outcome_shown_ms = step.now_ms if ours else -READING_MS

    # --- every kept gate ---------------------------------------------------------------------

    def _p4_answers_are_fair(self, gate: Gate) -> None:
        state = gate.entry
        if isinstance(state, Refused):
            fault = state.decision.reason is Reason.NOT_RECORDED
            promise("P4", holds=fault or state.decision.reason in REFUSALS, what=state)
        if isinstance(state, Offered):
            shown = Show("entry", state.decision.reason, state.decision.ways)
            words = " ".join(line for line in notice(shown).lines if line != HUMAN).lower()
            way_on = state.decision.ways or any(each in words for each in REMEDIES)
            promise("P4", holds=way_on and state.decision.reason not in REFUSALS, what=state)

    def _room_is_kept(self, gate: Gate) -> None:
        pending = isinstance(gate.entry, Unlocked) and gate.entry.visit is not None
        limit = self.shop.loop.rules.policy.max_inside
        promise("room", holds=len(gate.inside) + pending <= limit, what=gate.inside)

    def _lock_has_a_session(self, step: Stepped) -> None:
        energised = self.shop.unlocked_ms > step.now_ms
        session = isinstance(step.after.entry, Unlocked)
        promise("session", holds=session or not energised, what=f"unlocked for nobody: {step.got}")
