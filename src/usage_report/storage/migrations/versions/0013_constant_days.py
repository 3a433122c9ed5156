"""A UTC day in which nothing of a session changes is one row; room-days are one history.

Rows of quarters get a length. Sessions that may have a day without changes are marked as pending
and processed again, which changes no figure. So are all room-days, which are now folded together
where something is on from one to the next, and sessions with recordings that are named by their
session, because another recording of a session no longer takes their deletion.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_DAY = 86_400_000
_RECORDING_CODES = (40, 41, 42)
_ROOM_DAYS = sa.text("room_key IS NOT NULL")


def upgrade() -> None:
    for table in ("session_quarters", "team_quarters"):
        op.add_column(
            table, sa.Column("quarters", sa.SmallInteger, nullable=False, server_default="1")
        )
    names = ("id", "external_id", "first_event", "last_event", "room_key", "is_pending")
    sessions = sa.table("sessions", *(sa.column(name) for name in names))
    c = sessions.c
    is_long = c.last_event - c.first_event >= _DAY
    again = is_long | c.room_key.is_not(None)
    op.execute(sessions.update().where(again).values(is_pending=sa.true()))
    events = sa.table("events", *(sa.column(x) for x in ("session_id", "code", "subject")))
    unnamed = (
        sa.select(c.id)
        .join(events, events.c.session_id == c.id)
        .where(events.c.code.in_(_RECORDING_CODES), events.c.subject == c.external_id)
    )
    op.execute(sessions.update().where(c.id.in_(unnamed)).values(is_pending=sa.true()))
    op.drop_index("sessions_room_days", "sessions")
    for name, *columns in (
        ("sessions_room_days", "room_key", "last_event"),
        ("sessions_on", "on_until"),
    ):
        op.create_index(
            name,
            "sessions",
            ["team_id", *columns],
            sqlite_where=_ROOM_DAYS,
            postgresql_where=_ROOM_DAYS,
        )
