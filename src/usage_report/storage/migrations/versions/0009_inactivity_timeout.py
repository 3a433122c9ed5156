"""The inactivity timeout closes each span at the first gap in its session's activity.

Until now, everything that no event had ended was closed at the session's last event, which could be
the deletion of a recording weeks later. Figures differ only for sessions in which something was
never ended, which are those that are open. They are marked as pending, and keep their figures until
the app or the next command has processed them, which takes as long as for as many new events.
Nothing else is recomputed, and the migration itself is one pass over the sessions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("longest_gap", sa.BigInteger))
    has_gap = sa.column("longest_gap").is_not(None)
    op.create_index(
        "sessions_gap",
        "sessions",
        ["team_id", "longest_gap"],
        sqlite_where=has_gap,
        postgresql_where=has_gap,
    )
    sessions = sa.table(
        "sessions", sa.column("is_open", sa.Boolean), sa.column("is_pending", sa.Boolean)
    )
    op.execute(sessions.update().where(sessions.c.is_open).values(is_pending=True))
