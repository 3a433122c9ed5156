"""Each source knows its earliest event: a report counts the sources that have one before ``as_of``.

It is taken from the events. Figures of time spans are unchanged.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_sources = sa.table(
    "sources",
    sa.column("team_id", sa.BigInteger),
    sa.column("source", sa.Text),
    sa.column("first_event", sa.BigInteger),
)
_EARLIEST = (
    "SELECT sessions.team_id, events.source, MIN(events.time) FROM events "
    "JOIN sessions ON sessions.id = events.session_id GROUP BY sessions.team_id, events.source"
)


def upgrade() -> None:
    op.add_column("sources", sa.Column("first_event", sa.BigInteger))
    connection = op.get_bind()
    for team_id, source, earliest in connection.exec_driver_sql(_EARLIEST).all():
        own = (_sources.c.team_id == team_id) & (_sources.c.source == source)
        connection.execute(_sources.update().where(own).values(first_event=earliest))
    with op.batch_alter_table("sources") as batch:
        batch.alter_column("first_event", existing_type=sa.BigInteger, nullable=False)
