"""A simulated screen keeps what a customer would see."""

import pytest

from drivers.sim.screen import SimScreen


def test_what_is_shown_is_told_as_plain_text() -> None:
    screen = SimScreen("screen", {})
    screen.show("before open", [])
    screen.open()
    assert screen.obey({"do": "state"}) == {"title": "", "lines": []}
    screen.show("Welcome\x1b[2J", ["One\nline"])
    assert screen.obey({"do": "state"}) == {"title": "Welcome [2J", "lines": ["One line"]}
    screen.close()
    assert screen.obey({"do": "state"}) == {"title": "", "lines": []}
    assert screen.health().counters == {"opens": 1, "shown": 1}


def test_another_order_is_refused() -> None:
    with pytest.raises(ValueError, match="do must be one of state"):
        SimScreen("screen", {}).obey({"do": "show"})
