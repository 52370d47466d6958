"""The tables are whole, and the committed document is what they say."""

from pathlib import Path

import pytest

from kiosk.core.visit_document import document
from kiosk.core.visit_sides import ENTRY, EXIT
from kiosk.core.visit_table import Side

COMMITTED = Path(__file__).parents[2] / "docs" / "visit-states.md"


def test_the_committed_document_is_what_the_tables_say() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == document(), "run python -m tools.state_tables"


@pytest.mark.parametrize("side", [ENTRY, EXIT], ids=lambda side: side.name)
def test_every_pair_of_state_and_input_has_a_row_and_a_reason(side: Side) -> None:
    assert set(side.table) == {(state, kind) for state in side.states for kind in side.inputs}
    assert all(move.why for move in side.table.values())
    assert all(set(move.to) <= set(side.states) for move in side.table.values())
