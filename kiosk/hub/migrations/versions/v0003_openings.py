"""The doors that staff opened, and when; those of before are in the logs only."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "opening",
        sa.Column("kiosk", sa.String, primary_key=True),
        sa.Column("idx", sa.BigInteger, primary_key=True),
        sa.Column("visit", sa.String),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("opening_at", "opening", ["at_ms"])
