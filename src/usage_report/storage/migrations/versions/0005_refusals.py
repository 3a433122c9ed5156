"""Webhook requests with a wrong signature are counted, so that a wrong secret is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("team_id", _SERIAL, sa.ForeignKey("teams.id"), primary_key=True),
        sa.Column("platform", sa.Text, primary_key=True),
        *(sa.Column(n, sa.BigInteger, nullable=False) for n in ("requests", "last_received")),
        sa.Column("why", sa.Text, nullable=False),
    )
