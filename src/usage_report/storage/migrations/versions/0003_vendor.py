"""Vendors' own figures, and how far the pull of them has come."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _team() -> sa.Column[Any]:
    return sa.Column("team_id", _SERIAL, sa.ForeignKey("teams.id"), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "vendor_figures",
        _team(),
        *(sa.Column(n, sa.Text, primary_key=True) for n in ("vendor", "day", "metric")),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("fetched_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pulls",
        _team(),
        sa.Column("vendor", sa.Text, primary_key=True),
        *(
            sa.Column(n, sa.Text, nullable=False)
            for n in ("first", "last", "stream", "next", "date_end")
        ),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
