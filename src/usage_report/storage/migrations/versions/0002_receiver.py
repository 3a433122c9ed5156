"""Tokens, webhook secrets, and the bodies of what platforms sent."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(n, sa.Text, nullable=False) for n in names]


def _team(**options: Any) -> sa.Column[Any]:
    return sa.Column("team_id", _SERIAL, sa.ForeignKey("teams.id"), **options)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("news_at", sa.BigInteger))
    op.create_table(
        "tokens",
        sa.Column("id", _SERIAL, primary_key=True),
        _team(nullable=False),
        *_text("scope", "label"),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        *_text("hint"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_table(
        "secrets",
        _team(primary_key=True),
        sa.Column("platform", sa.Text, primary_key=True),
        *_text("secret"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", _SERIAL, primary_key=True),
        _team(nullable=False),
        *_text("platform"),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        *_text("url", "headers"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        *(
            sa.Column(n, sa.Integer, nullable=False)
            for n in ("accepted", "duplicates", "quarantined")
        ),
    )
    op.create_index("deliveries_received", "deliveries", ["received_at"])
