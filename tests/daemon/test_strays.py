"""Visits on paper only end once; a visit that the gate knows is left alone."""

from kiosk.core.inputs import DoorClosed, DoorOpened
from kiosk.core.visit_state import Unlocked
from kiosk.daemon.strays import closing, strays
from tests.daemon.gatehouse import Gatehouse
from tests.daemon.visit_story import Story, check


def test_whoever_is_let_in_or_inside_is_no_stray(gate: Gatehouse) -> None:
    gate.show()
    gate.hear()
    assert isinstance(gate.owner.gate.entry, Unlocked)
    assert strays(gate.ledger.open_visits(), gate.owner.gate) == ()
    gate.owner.take(DoorOpened(gate.clock.now()))
    gate.owner.take(DoorClosed(gate.clock.now()))
    assert strays(gate.ledger.open_visits(), gate.owner.gate) == ()


def test_a_stray_is_ended_under_its_customers_own_key(gate: Gatehouse) -> None:
    gate.show()
    gate.hear()
    gate.owner.gate = type(gate.owner.gate)()
    (stray,) = strays(gate.ledger.open_visits(), gate.owner.gate)
    (ending,) = closing([stray])
    assert (ending.type, ending.visit, ending.customer) == ("visit.not_entered", stray.visit, "ada")


def test_a_ledger_that_is_still_away_is_asked_again_later(gate: Gatehouse) -> None:
    gate.ledger.close()
    gate.show()
    Story(gate).pass_time(5)
    assert gate.owner._doubt_ms is not None
    assert gate.unlocks() == 0


def test_doubt_ends_with_the_first_look_at_a_ledger_that_is_well(gate: Gatehouse) -> None:
    gate.owner._doubt_ms = 0
    Story(gate).whole()
    assert vars(gate.owner)["_doubt_ms"] is None
    check(gate)
