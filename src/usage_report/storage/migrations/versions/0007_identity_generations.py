"""Events are indexed by identity in generations, so that ingest costs the same at any size.

Events that are there already are the first generation; it is closed by the next append if it is
full. Nothing of them changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXTS = ("source", "id", "room", "subject", "connection", "person", "name", "detail", "extra")


def upgrade() -> None:
    op.create_table(
        "identity_generations",
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("filter", sa.LargeBinary),
    )
    op.execute(
        "INSERT INTO identity_generations (generation, events) "
        "SELECT 0, count(*) FROM events HAVING count(*) > 0"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.add_column(
            "events", sa.Column("generation", sa.Integer, nullable=False, server_default="0")
        )
        op.alter_column("events", "generation", server_default=None)
        op.drop_constraint("events_pkey", "events")
        op.create_primary_key("events_pkey", "events", ["generation", "key"])
    else:
        _copy()


def _copy() -> None:
    """Copy the table, in its order: SQLite cannot change a primary key."""
    op.drop_index("events_session", "events")
    op.rename_table("events", "events_before")
    op.create_table(
        "events",
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("session_id", _SERIAL, sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("code", sa.SmallInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _TEXTS),
    )
    columns = ", ".join(
        f'"{name}"'
        for name in ("key", "content", "session_id", "code", "time", "received_at", *_TEXTS)
    )
    op.execute(
        f"INSERT INTO events (generation, {columns}) "
        f"SELECT 0, {columns} FROM events_before ORDER BY rowid"
    )
    op.drop_table("events_before")
    op.create_index("events_session", "events", ["session_id"])
