"""A disk that is full at any step: the lock stays idle, the exit free, each visit ends once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kiosk.core.commands import Command
from kiosk.core.events import EventRecord
from kiosk.core.inputs import DoorOpened, ExitRequested
from kiosk.core.values import Moment, Spend
from kiosk.core.visit_state import Reading
from kiosk.daemon.effects import Done, Effects
from kiosk.ledger.store import Appended, Ledger, Replayed
from tests.daemon.gatehouse import Gatehouse
from tests.daemon.visit_story import Story, check
from tests.scarce import full_disk

APPENDS = 8


class CrampedLedger(Ledger):
    """The real ledger on a disk that is full from append number `at` on, for some appends."""

    at = 0
    lasts = 1
    count = 0
    refused = 0

    def append(
        self, events: Sequence[EventRecord], at: Moment, spend: Spend | None = None
    ) -> Appended | Replayed:
        """Append, on whatever disk there is."""
        number = self.count
        self.count += 1
        if not self.at <= number < self.at + self.lasts:
            return super().append(events, at, spend)
        self.refused += 1
        with full_disk():
            return super().append(events, at, spend)


def cramped(directory: Path, at: int, lasts: int) -> Gatehouse:
    directory.mkdir()
    house = Gatehouse(directory, CrampedLedger)
    assert isinstance(house.ledger, CrampedLedger)
    house.ledger.at, house.ledger.lasts = at, lasts
    return house


@pytest.mark.parametrize("lasts", [1, 3])
def test_p3_a_disk_that_is_full_for_a_while_leaves_each_visit_its_one_outcome(
    memory: Path, lasts: int
) -> None:
    for at in range(APPENDS):
        house = cramped(memory / str(at), at, lasts)
        Story(house).whole()
        Story(house).end_of_day()
        check(house)
        Story(house, 2).whole()
        Story(house, 2).end_of_day()
        check(house)
        assert isinstance(house.ledger, CrampedLedger)
        assert house.ledger.refused == lasts
        assert house.types().count("visit.opened") >= 1
        house.close()


def test_p1_p2_a_disk_that_stays_full_lets_nobody_in_and_everybody_out(memory: Path) -> None:
    house = cramped(memory / "full", 4, 1000)
    first = Story(house)
    first.come_in()
    assert house.unlocks() == 1
    Story(house, 2).turn_back()
    assert house.unlocks() == 1
    first.tell(ExitRequested(house.clock.now(), "button"))
    first.happens(DoorOpened)
    assert isinstance(house.owner.gate.leaving, Reading)
    assert not house.lock.is_unlocked
    house.close()
    again = Gatehouse(memory / "full")
    again.owner.recover()
    story = Story(again)
    story.leave()
    story.end_of_day()
    check(again)
    again.close()


class HopefulEffects(Effects):
    """The mutant: unlocks whatever became of the record."""

    def carry_out(self, commands: Sequence[Command], since: Moment | None = None) -> Done:
        """Carry out each command by itself."""
        for command in commands:
            super().carry_out([command], since)
        return Done()


def test_the_harness_catches_an_unlock_on_a_full_disk(memory: Path) -> None:
    house = cramped(memory / "full", 1, 1000)
    house.effects.__class__ = HopefulEffects
    Story(house).turn_back()
    with pytest.raises(AssertionError, match="without a record"):
        check(house)
    house.close()
