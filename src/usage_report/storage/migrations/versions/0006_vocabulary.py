"""Tables and columns have the names of the glossary. Data is kept; nothing is recomputed."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TABLES = (("names", "entities"), ("refusals", "signature_failures"))
_COLUMNS = (
    ("teams", "sample", "is_sample"),
    ("sessions", "session", "external_id"),
    ("sessions", "pending", "is_pending"),
    ("sessions", "news_at", "pending_since"),
    ("sessions", "open", "is_open"),
    ("sessions", "estimated", "is_estimated"),
    ("quarantine", "truncated", "is_truncated"),
    ("entities", "number", "dense_id"),
    ("entities", "text", "external_id"),
    *(
        (table, old, new)
        for table in ("session_quarters", "team_quarters", "team_days", "team_months")
        for old, new in (("estimated", "estimated_ms"), ("silenced", "closed_by_timeout"))
    ),
)
#: Partial indexes name a renamed column in their condition. They are created again, so that
#: both databases state the condition alike.
_PARTIAL = (
    ("sessions_pending", "first_event", "is_pending"),
    ("sessions_open", "last_event", "is_open"),
)


def upgrade() -> None:
    for name, _, _ in _PARTIAL:
        op.drop_index(name, "sessions")
    op.drop_index("names_number", "names")
    for old, new in _TABLES:
        op.rename_table(old, new)
    for table, old, new in _COLUMNS:
        # Both databases rename in place, without copying the table.
        op.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{old}" TO "{new}"')
    op.create_index("entities_dense_id", "entities", ["team_id", "what", "dense_id"], unique=True)
    for name, column, flag in _PARTIAL:
        where: sa.ColumnClause[Any] = sa.column(flag)
        op.create_index(
            name, "sessions", ["team_id", column], sqlite_where=where, postgresql_where=where
        )
