"""Write docs/visit-states.md from the tables of the visit machine."""

from pathlib import Path

from kiosk.core.visit_document import document

TARGET = Path(__file__).parent.parent / "docs" / "visit-states.md"

if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
