"""How many exits each kiosk read, and how many of them mostly not, day by day."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reading",
        sa.Column("kiosk", sa.String, primary_key=True),
        sa.Column("day", sa.BigInteger, primary_key=True),
        sa.Column("exits", sa.BigInteger, nullable=False),
        sa.Column("unread", sa.BigInteger, nullable=False),
    )
