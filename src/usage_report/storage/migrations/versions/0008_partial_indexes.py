"""SQLite can use the indexes of pending and of open sessions.

SQLite uses a partial index only for queries that state its condition in the same words. Queries
state ``is_pending = 1``, the indexes stated ``is_pending``, so every look for pending sessions read
all sessions. PostgreSQL knows the two to be the same.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_PARTIAL = (
    ("sessions_pending", "first_event", "is_pending"),
    ("sessions_open", "last_event", "is_open"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, column, flag in _PARTIAL:
        op.drop_index(name, "sessions")
        op.create_index(name, "sessions", ["team_id", column], sqlite_where=sa.text(f"{flag} = 1"))
