"""The owner: nothing opens before it is written, and the old gate hears of every failure."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kiosk.core.commands import Command
from kiosk.core.events import EventRecord
from kiosk.core.inputs import (
    DoorClosed,
    DoorOpened,
    ExitRequested,
    ProviderAnswered,
    StaffUnlocked,
)
from kiosk.core.signing import sign
from kiosk.core.values import CoreError, Json, Moment, Spend, Verdict
from kiosk.core.visit_state import Checking, Exiting, Idle, Offered, Refused, Unlocked
from kiosk.daemon.effects import Done, Effects, Result
from kiosk.daemon.loop import Owner
from kiosk.daemon.messages import (
    Asked,
    CodeSeen,
    DocumentFetched,
    FobSeen,
    Happened,
    Stop,
    Uploaded,
)
from kiosk.daemon.rulebook import Rulebook
from kiosk.ledger.errors import LedgerFullError, LedgerWriteError
from kiosk.ledger.store import Appended, Ledger, Replayed
from tests.daemon.gatehouse import ORIGIN, OWNER, SHOP, Gatehouse

ROOM = 1_000_000


class FullLedger(Ledger):
    """A ledger whose disk has room for so many appends: the fault that the ledger itself raises."""

    room = ROOM

    def append(
        self, events: Sequence[EventRecord], at: Moment, spend: Spend | None = None
    ) -> Appended | Replayed:
        """Append, or say that the disk is full."""
        if not self.room:
            raise LedgerFullError(f"{self.path}: the disk is full")
        self.room -= 1
        return super().append(events, at, spend)


def fill(house: Gatehouse, room: int = 0) -> None:
    """Let the disk take so many appends more."""
    assert isinstance(house.ledger, FullLedger)
    house.ledger.room = room


@pytest.fixture
def full(tmp_path: Path) -> Gatehouse:
    """Return a gate whose disk can be filled."""
    return Gatehouse(tmp_path, FullLedger)


def test_p1_a_scan_unlocks_only_after_its_grant_is_in_the_ledger(gate: Gatehouse) -> None:
    gate.show()
    asking = gate.owner.gate.entry
    assert isinstance(asking, Checking)
    assert gate.unlocks() == 0
    gate.hear()
    assert isinstance(gate.owner.gate.entry, Unlocked)
    assert gate.types() == ["scan.accepted", "decision.made", "visit.opened", "lock.commanded"]
    assert gate.unlocks() == 1


def test_p1_a_full_disk_unlocks_nothing_and_says_that_the_machine_has_a_fault(
    full: Gatehouse,
) -> None:
    full.show()
    fill(full)
    full.hear()
    assert full.unlocks() == 0
    assert isinstance(full.owner.gate.entry, Refused)
    assert full.title() == "Our machine has a fault"
    fill(full, ROOM)
    full.show(nonce=b"nonce--2")
    full.hear()
    assert full.unlocks() == 1
    full.close()


class CarelessEffects(Effects):
    """The mutant: goes on after a record that could not be written."""

    def carry_out(self, commands: Sequence[Command], since: Moment | None = None) -> Done:
        """Carry out everything, whatever happened before."""
        for command in commands:
            super().carry_out([command], since)
        return Done()


def test_the_harness_catches_effects_that_unlock_without_a_record(full: Gatehouse) -> None:
    full.owner.effects = CarelessEffects(
        ledger=full.ledger,
        lock=full.lock,
        face=full.effects._face,
        peers=full.peers,
        uploader=full.flushes,
        clock=full.clock,
    )
    full.show()
    fill(full)
    full.hear()
    assert full.unlocks() == 1, "the mutant unlocks, so the test above can fail"
    full.close()


def test_a_used_code_is_refused_and_the_second_answer_opens_nothing(gate: Gatehouse) -> None:
    text = gate.token()
    gate.owner.handle(CodeSeen(text, "entry", gate.clock.now()))
    gate.hear()
    gate.owner.gate = type(gate.owner.gate)()
    gate.owner.handle(CodeSeen(text, "entry", gate.clock.now()))
    assert isinstance(gate.owner.gate.entry, Refused)
    assert gate.title() == "This code was used before"
    assert gate.unlocks() == 1


def test_an_answer_to_another_question_opens_nothing(gate: Gatehouse) -> None:
    gate.show()
    late = gate.answer(Verdict.YES)
    gate.owner.gate = type(gate.owner.gate)()
    gate.owner.handle(Happened(ProviderAnswered(gate.clock.now(), late)))
    assert isinstance(gate.owner.gate.entry, Idle)
    assert gate.unlocks() == 0


def test_a_fob_asks_only_the_list_of_staff(gate: Gatehouse) -> None:
    gate.vouch.verdict = Verdict.UNKNOWN
    gate.owner.handle(FobSeen("6A003BA86C", "entry", gate.clock.now()))
    gate.hear()
    assert not gate.provider.asked
    assert isinstance(gate.owner.gate.entry, Offered)
    assert gate.vouch.asked[0].customer == "fob:6A003BA86C"


def test_staff_open_the_door_while_the_disk_is_full(full: Gatehouse) -> None:
    fill(full)
    full.owner.take(StaffUnlocked(full.clock.now(), "delivery"))
    assert full.unlocks() == 1
    assert isinstance(full.owner.gate.entry, Unlocked)
    full.close()


@pytest.mark.parametrize(("late_s", "opens"), [(0, True), (9, True), (10, False), (3600, False)])
def test_p2_a_step_that_comes_late_opens_for_what_is_left_of_its_hold(
    gate: Gatehouse, late_s: int, *, opens: bool
) -> None:
    assert unlocked_late(gate, late_s) is opens
    gate.owner._let_time_pass()
    assert gate.lock.is_unlocked is opens


def test_the_harness_catches_a_hold_that_counts_from_the_end_of_a_write(gate: Gatehouse) -> None:
    gate.effects.__class__ = TimelessEffects
    assert unlocked_late(gate, 3600) is True


class TimelessEffects(Effects):
    """The mutant: holds every unlock from the moment that it is carried out."""

    def carry_out(self, commands: Sequence[Command], since: Moment | None = None) -> Result:
        """Carry out, whenever that is."""
        del since
        return super().carry_out(commands)


def unlocked_late(gate: Gatehouse, late_s: int) -> bool:
    """Whether the lock was ever opened by staff who asked some time ago."""
    asked = StaffUnlocked(gate.clock.now(), "delivery")
    gate.clock.raise_offset(late_s * 1000)
    gate.owner.take(asked)
    return gate.unlocks() > 0


def test_p2_an_exit_goes_on_while_the_disk_is_full(full: Gatehouse) -> None:
    full.show()
    full.hear()
    full.owner.take(DoorOpened(full.clock.now()))
    full.owner.take(DoorClosed(full.clock.now()))
    fill(full)
    full.owner.take(ExitRequested(full.clock.now(), "button"))
    assert isinstance(full.owner.gate.leaving, Exiting)
    full.close()


def test_p3_a_restart_takes_an_open_visit_to_a_safe_state_once(tmp_path: Path) -> None:
    house = Gatehouse(tmp_path)
    house.show()
    house.hear()
    house.close()
    again = Gatehouse(tmp_path)
    again.owner.recover()
    assert again.types()[-3:] == ["device.recovered", "visit.not_entered", "guests.counted"]
    again.close()
    once_more = Gatehouse(tmp_path)
    once_more.owner.recover()
    assert once_more.types().count("visit.not_entered") == 1
    once_more.close()


def test_a_start_whose_recovery_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    house = Gatehouse(tmp_path)
    house.show()
    house.hear()
    house.close()
    broken = Gatehouse(tmp_path, FullLedger)
    fill(broken)
    with pytest.raises(LedgerWriteError, match="mend the disk"):
        broken.owner.recover()
    broken.close()


def test_time_that_passes_relocks_and_records_that_nobody_came(gate: Gatehouse) -> None:
    gate.show()
    gate.hear()
    gate.clock.raise_offset(11_000)
    gate.inbox.put(Stop())
    gate.owner._let_time_pass()
    gate.owner.run()
    assert not gate.lock.is_unlocked
    assert "visit.not_entered" in gate.types()


def test_a_newer_document_is_adopted_and_an_older_or_forged_one_is_not(gate: Gatehouse) -> None:
    catalogue: dict[str, Json] = {"version": 2, "currency": "EUR", "items": [], "sold": []}
    gate.owner.handle(DocumentFetched("catalogue", sign("catalogue", catalogue, OWNER)))
    assert gate.owner.rules.catalogue.version == 2
    older: dict[str, Json] = {"version": 1, "currency": "EUR", "items": [], "sold": []}
    gate.owner.handle(DocumentFetched("catalogue", sign("catalogue", older, OWNER)))
    gate.owner.handle(DocumentFetched("catalogue", b'{"payload":"e30","kid":"00","sig":"00"}'))
    assert gate.owner.rules.catalogue.version == 2


def test_what_the_hub_acknowledged_moves_the_cursor_and_nonsense_does_not(gate: Gatehouse) -> None:
    gate.show()
    gate.owner.handle(Uploaded(1))
    assert gate.ledger.cursor("hub") == 1
    gate.owner.handle(Uploaded(99))
    assert gate.ledger.cursor("hub") == 1


def test_a_question_is_answered_on_the_owner_thread(gate: Gatehouse) -> None:
    answers: list[object] = []
    gate.owner.handle(Asked({"do": "status"}, answers.append, gate.clock.now()))
    assert answers == [{"ok": True, "asked": "status"}]


def test_an_owner_without_documents_says_which_are_missing(gate: Gatehouse) -> None:
    empty = Rulebook("door", frozenset({SHOP, ORIGIN}), b"k" * 32, {})
    with pytest.raises(CoreError, match="policy, keys, catalogue"):
        Owner(
            book=empty,
            ledger=gate.ledger,
            effects=gate.effects,
            rhythm=gate.rhythm,
            new_visit=gate._new_visit,
            answer=lambda *_: None,
        )


def test_a_wrong_code_is_told_apart_from_a_right_one(gate: Gatehouse) -> None:
    gate.owner.handle(CodeSeen("K1:NONSENSE", "entry", gate.clock.now()))
    assert isinstance(gate.owner.gate.entry, Offered)
    assert gate.title() == "We could not read your code"


def test_a_refused_replay_that_cannot_be_recorded_still_opens_nothing(
    full: Gatehouse,
) -> None:
    text = full.token()
    full.owner.handle(CodeSeen(text, "entry", full.clock.now()))
    full.hear()
    full.owner.gate = type(full.owner.gate)()
    fill(full, 1)
    full.owner.handle(CodeSeen(text, "entry", full.clock.now()))
    assert full.unlocks() == 1
    assert isinstance(full.effects.carry_out([]), Done)
    full.close()


def test_p4_a_restart_minds_a_guest_whom_staff_let_in(tmp_path: Path) -> None:
    house = Gatehouse(tmp_path)
    house.owner.take(StaffUnlocked(house.clock.now(), "delivery"))
    house.owner.take(DoorOpened(house.clock.now()))
    house.owner.take(DoorClosed(house.clock.now()))
    (until_ms,) = house.owner.gate.guests
    house.close()
    for _ in range(2):
        again = Gatehouse(tmp_path)
        again.owner.recover()
        (later_ms,) = again.owner.gate.guests
        assert 0 <= later_ms - until_ms < 60_000
        again.close()


def test_p4_a_restart_of_a_shop_where_nobody_is_inside_minds_nobody(gate: Gatehouse) -> None:
    gate.owner.recover()
    gate.owner.recover()
    assert not gate.owner.gate.others(gate.clock.now().mono_ms)
