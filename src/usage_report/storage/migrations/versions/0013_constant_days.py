"""A UTC day in which nothing of a session changes is one row instead of 96.

Rows get a length. Sessions that may have such a day are marked as pending and are processed again;
no figure changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_DAY = 86_400_000


def upgrade() -> None:
    for table in ("session_quarters", "team_quarters"):
        op.add_column(
            table, sa.Column("quarters", sa.SmallInteger, nullable=False, server_default="1")
        )
    names = ("first_event", "last_event", "on_from", "on_until", "is_pending")
    sessions = sa.table("sessions", *(sa.column(name) for name in names))
    c = sessions.c
    is_long = (c.last_event - c.first_event >= _DAY) | (c.on_until - c.on_from >= _DAY)
    op.execute(sessions.update().where(is_long).values(is_pending=sa.true()))
