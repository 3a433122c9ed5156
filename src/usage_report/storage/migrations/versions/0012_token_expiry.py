"""Tokens may expire, and show when they were last used."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for name in ("expires_at", "last_used_at"):
        op.add_column("tokens", sa.Column(name, sa.BigInteger))
