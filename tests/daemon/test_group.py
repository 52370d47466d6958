"""A group enters on one visit if the customer says so, by a button and simulated pins."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from drivers.base import ContactChange
from drivers.sim.gpio import SimContact
from kiosk.core.inputs import GroupDeclared, WayChosen
from kiosk.core.values import Json, Way
from kiosk.core.visit_state import Idle, Unlocked
from kiosk.daemon.choices import choice
from kiosk.daemon.devices import _choice, _teller, build
from kiosk.ledger.reader import LedgerReader
from tests.daemon.gatehouse import TRAIL_MIX, Gatehouse
from tests.daemon.test_devices import settings
from tests.daemon.visit_story import Story, check

BUTTON = '[[button]]\nname = "together"\nkind = "sim"\nway = "group"\n'


@pytest.fixture
def button(gate: Gatehouse) -> Iterator[SimContact]:
    """Yield the group's button of a gate."""
    button = SimContact("together", {})
    button.open(_teller(_choice("group"), gate.rhythm))
    yield button
    button.close()


def press(gate: Gatehouse, button: SimContact) -> None:
    """Press the button until the owner has heard of it."""
    button.obey({"do": "press", "for_s": 0.1})
    gate.hear()


def data_of(gate: Gatehouse, kind: str) -> Mapping[str, Json]:
    with LedgerReader(gate.path) as reader:
        return next(each.record.data for each in reader.events() if each.record.type == kind)


def test_the_door_stays_unlocked_for_the_others_and_all_are_on_one_visit(
    gate: Gatehouse, button: SimContact
) -> None:
    story = Story(gate)
    gate.show()
    story.hear()
    press(gate, button)
    assert gate.title() == "Come in together"
    for _ in range(3):
        story.walk_through()
        assert gate.lock.is_unlocked
    story.pass_time(31)
    assert not gate.lock.is_unlocked
    assert len(gate.owner.gate.inside) == 1
    assert data_of(gate, "visit.entered")["group"] is True
    story.leave()
    story.end_of_day()
    assert gate.types().count("visit.opened") == gate.types().count("exit.unpaid") == 1
    check(gate)
    assert TRAIL_MIX in gate.owner.gate.gone


def test_without_the_button_the_door_locks_behind_the_first(gate: Gatehouse) -> None:
    Story(gate).come_in()
    assert not gate.lock.is_unlocked


def test_the_button_does_nothing_where_nobody_was_let_in(
    gate: Gatehouse, button: SimContact
) -> None:
    press(gate, button)
    assert isinstance(gate.owner.gate.entry, Idle)
    assert gate.unlocks() == 0
    assert gate.types() == []


def test_p1_a_group_that_cannot_be_recorded_gets_no_longer_unlock(gate: Gatehouse) -> None:
    gate.show()
    gate.hear()
    entry = gate.owner.gate.entry
    assert isinstance(entry, Unlocked)
    gate.ledger.close()
    gate.owner.take(GroupDeclared(gate.clock.now()))
    Story(gate).pass_time(11)
    assert not gate.lock.is_unlocked


def test_a_configuration_can_have_a_button_for_groups(tmp_path: Path, gate: Gatehouse) -> None:
    contacts = build(settings(tmp_path, more=BUTTON)).contacts
    (meaning,) = (meaning for contact, meaning in contacts if contact.name == "together")
    at = gate.clock.now()
    assert meaning(ContactChange("together", True, 0.0), at) == GroupDeclared(at)
    assert meaning(ContactChange("together", False, 0.0), at) is None


def test_every_choice_is_an_input_and_others_are_none(gate: Gatehouse) -> None:
    at = gate.clock.now()
    assert [choice(name, at) for name in (*Way, "leave", "group")] == [
        *(WayChosen(at, way) for way in Way),
        WayChosen(at, None),
        GroupDeclared(at),
    ]
    with pytest.raises(ValueError, match="bribe"):
        choice("bribe", at)
