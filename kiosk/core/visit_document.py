"""The gate's tables as a document: Markdown of every pair, and a Mermaid diagram of every side.

Generated from the very tables that the machine runs on, so that the document cannot say otherwise.
"""

from typing import Final

from kiosk.core.visit_sides import ENTRY, EXIT
from kiosk.core.visit_table import Side

HEAD: Final = """# The states of a gate

Generated from `kiosk/core/visit_sides.py` by `tools/state_tables.py`; a test keeps it true. A gate
has two sides that move on their own, because one customer may leave while another is answered.
Staying in the same state is always possible; "·" marks a pair in which nothing happens, on
purpose, and says why.
"""


def document() -> str:
    """Return the whole document."""
    return HEAD + "".join(_section(side) for side in (ENTRY, EXIT))


def _section(side: Side) -> str:
    title = f"\n## The {side.name} side\n\n"
    return title + _diagram(side) + "\n" + "".join(_table(side, state) for state in side.states)


def _diagram(side: Side) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {side.states[0].__name__}"]
    for state in side.states:
        for kind in side.inputs:
            move = side.table[state, kind]
            lines += [
                f"    {state.__name__} --> {to.__name__}: {kind.__name__}"
                for to in move.to
                if to is not state
            ]
    return "\n".join([*lines, "```"]) + "\n"


def _table(side: Side, state: type) -> str:
    rows = [f"\n### {state.__name__}\n", "| input | may lead to | what happens |", "|---|---|---|"]
    for kind in side.inputs:
        move = side.table[state, kind]
        to = ", ".join(each.__name__ for each in move.to) or "stays"
        rows.append(f"| {kind.__name__} | {'·' if move.handler is None else to} | {move.why} |")
    return "\n".join(rows) + "\n"
