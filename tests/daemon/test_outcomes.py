"""P1 to P3 with a ledger that fails, lies about failing, or dies, at every append of a day."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kiosk.core import visit_records
from kiosk.core.commands import Record
from kiosk.core.events import OPENING, EventRecord
from kiosk.core.values import Moment, Spend
from kiosk.daemon.effects import Effects
from kiosk.daemon.loop import Owner
from kiosk.ledger.errors import LedgerFullError, LedgerWriteError
from kiosk.ledger.store import Appended, Ledger, Replayed
from tests.daemon.gatehouse import TRAIL_MIX, Gatehouse
from tests.daemon.visit_story import Story, check

APPENDS = 10  # no part of a day below makes more of them


class PowerCutError(BaseException):
    """The machine is dark: nothing after this runs."""


class FaultyLedger(Ledger):
    """The real ledger, whose append number `at` and some after it go wrong.

    "refused": nothing is written. "unheard": it is written, and says that it is not. "dark
    before", "dark after": the power fails before or after the commit.
    """

    at = -1
    lasts = 1
    fault = "refused"
    count = 0

    def append(
        self, events: Sequence[EventRecord], at: Moment, spend: Spend | None = None
    ) -> Appended | Replayed:
        """Append, or fail as planned."""
        number = self.count
        self.count += 1
        if not self.at <= number < self.at + self.lasts:
            return super().append(events, at, spend)
        if self.fault == "dark before":
            raise PowerCutError
        if self.fault == "refused" or number > self.at:
            raise LedgerFullError(f"{self.path}: the disk is full")
        super().append(events, at, spend)
        if self.fault == "dark after":
            raise PowerCutError
        raise LedgerWriteError(f"{self.path}: the disk did not say that it was done")


MANY = tuple(f"3034257BF40C0E40{serial:08X}" for serial in range(400))


def test_p3_a_visit_that_leaves_with_hundreds_of_items_ends(memory: Path) -> None:
    trolley(memory / "many")


def test_the_harness_catches_an_outcome_that_no_event_can_hold(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit_records, "fits", lambda _record: True)
    with pytest.raises(AssertionError, match="0 outcomes"):
        trolley(memory / "many")


def trolley(directory: Path) -> None:
    """Leave with more than one event can hold."""
    directory.mkdir()
    house = Gatehouse(directory)
    try:
        story = Story(house)
        story.come_in()
        story.leave(*MANY)
        check(house)
    finally:
        house.close()


def house_with(directory: Path, fault: str, at: int, lasts: int = 1) -> Gatehouse:
    directory.mkdir()
    house = Gatehouse(directory, FaultyLedger)
    ledger = house.ledger
    assert isinstance(ledger, FaultyLedger)
    ledger.fault, ledger.at, ledger.lasts = fault, at, lasts
    return house


def whole(story: Story) -> None:
    story.whole()


def turned_back(story: Story) -> None:
    story.turn_back()


def stayed(story: Story) -> None:
    story.come_in()


STORIES = pytest.mark.parametrize("day", [whole, turned_back, stayed])


def goes_on(house: Gatehouse) -> None:
    """Fail unless the next customer comes in and leaves as if nothing had been."""
    if isinstance(house.ledger, FaultyLedger):
        house.ledger.lasts = 0
    before = house.types().count(OPENING)
    Story(house, 2).whole()
    Story(house, 2).end_of_day()
    check(house)
    assert house.types().count(OPENING) == before + 1, "the next customer was not let in"


@STORIES
@pytest.mark.parametrize("lasts", [1, 4])
@pytest.mark.parametrize("fault", ["refused", "unheard"])
def test_p3_whichever_append_fails_every_visit_ends_once_and_the_gate_goes_on(
    memory: Path, day: Callable[[Story], None], fault: str, lasts: int
) -> None:
    for at in range(APPENDS):
        house = house_with(memory / str(at), fault, at, lasts)
        day(Story(house))
        Story(house).end_of_day()
        check(house)
        goes_on(house)
        house.close()


@STORIES
@pytest.mark.parametrize("fault", ["dark before", "dark after"])
def test_p3_wherever_the_power_fails_the_next_start_gives_every_visit_one_outcome(
    memory: Path, day: Callable[[Story], None], fault: str
) -> None:
    cuts = 0
    for at in range(APPENDS):
        house = house_with(memory / str(at), fault, at)
        try:
            day(Story(house))
        except PowerCutError:
            cuts += 1
        house.close()
        again = Gatehouse(memory / str(at))
        again.owner.recover()
        assert again.unlocks() == 0
        story = Story(again)
        if again.owner.gate.inside:
            story.leave()
        story.end_of_day()
        check(again)
        goes_on(again)
        again.close()
    assert cuts >= 3


class ForgetfulEffects(Effects):
    """The mutant: takes an outcome that is there already for a failure to write it."""

    def _without_ended(self, record: Record) -> Record:
        return record


class CarelessOwner(Owner):
    """The mutant: never looks for visits that the ledger opened unheard."""

    def _end_strays(self, now: Moment) -> None:
        del now


@pytest.mark.parametrize("mutant", ["forgetful", "careless"])
def test_the_harness_catches_what_takes_an_unheard_write_for_none(
    memory: Path, mutant: str
) -> None:
    caught = 0
    for at in range(APPENDS):
        house = house_with(memory / str(at), "unheard", at, lasts=4)
        if mutant == "forgetful":
            house.effects.__class__ = ForgetfulEffects
        else:
            house.owner.__class__ = CarelessOwner
        try:
            whole(Story(house))
            Story(house).end_of_day()
            check(house)
            goes_on(house)
        except AssertionError:
            caught += 1
        house.close()
    assert caught


def test_p3_the_lines_of_an_outcome_that_was_written_unheard_count(memory: Path) -> None:
    house = house_with(memory / "day", "unheard", at=-1)
    ledger = house.ledger
    assert isinstance(ledger, FaultyLedger)
    story = Story(house)
    story.come_in()
    ledger.at = ledger.count + 2  # exit started, door opened, outcome
    story.leave()
    assert house.types().count("exit.unpaid") == 1
    assert TRAIL_MIX in house.owner.gate.gone
    house.close()


def test_p1_an_earlier_write_that_was_unheard_never_stands_in_for_one_that_fails(
    memory: Path,
) -> None:
    house = Gatehouse(memory)
    ledger, now = house.ledger, house.clock.now()
    before = ledger._head
    ledger.append([EventRecord("device.started")], now)
    # As after a failed write whose file could not be opened anew at once.
    ledger._head = before
    ledger._disconnect()
    with pytest.raises(LedgerWriteError, match="needs a customer"):
        ledger.append([EventRecord("scan.accepted", personal={"customer": "ada"})], now)
    assert house.types() == ["device.started"]
    house.close()
