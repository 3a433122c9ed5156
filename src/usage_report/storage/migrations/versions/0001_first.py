"""The first schema. Frozen: later changes are migrations of their own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KINDS = ("audio_video", "audio", "video", "screenshare")
_SUMS = (
    "participation",
    *(f"broadcast_{k}" for k in _KINDS),
    *(f"consumed_{k}" for k in _KINDS),
    *(
        "estimated",
        "recorded",
        "captions",
        "whiteboard",
        "breakout",
        "storage",
        "sessions",
        "chat",
        "qa",
        "silenced",
    ),
)
_PEAKS = ("participants", "concurrent_sessions", "session_participants", "concurrent_recordings")
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(n, sa.Text, nullable=False) for n in names]


def _big(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(n, sa.BigInteger, nullable=False) for n in names]


def _blob(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(n, sa.LargeBinary, nullable=False) for n in names]


def _key(name: str, type_: Any, *constraints: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, *constraints, primary_key=True)


def _team() -> sa.Column[Any]:
    return _key(
        "team_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("teams.id")
    )


def _flag(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(n, sa.Boolean, nullable=False) for n in names]


def upgrade() -> None:
    op.create_table("meta", _key("key", sa.Text), *_text("value"))
    op.create_table(
        "teams",
        _key("id", _SERIAL),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        *_text("zone"),
        sa.Column("billing_day", sa.SmallInteger, nullable=False),
        *_flag("sample"),
        *_big("data_version", "created_at"),
    )
    op.create_table(
        "limits",
        _team(),
        _key("metric", sa.Text),
        _key("since", sa.Text),
        sa.Column("value", sa.Double, nullable=False),
    )
    op.create_table(
        "sources",
        _team(),
        _key("source", sa.Text),
        *_big("events", "last_event", "first_received", "last_received"),
    )
    op.create_table(
        "sessions",
        _key("id", _SERIAL),
        sa.Column("team_id", _SERIAL, sa.ForeignKey("teams.id"), nullable=False),
        *_blob("key"),
        *_text("session"),
        *_big("first_event", "last_event"),
        *_flag("pending"),
        *_text("room"),
        sa.Column("start", sa.BigInteger),
        *_flag("open", "estimated"),
        sa.Column("anomalies", sa.Integer, nullable=False),
    )
    op.create_index("sessions_key", "sessions", ["team_id", "key"], unique=True)
    op.create_index("sessions_last", "sessions", ["team_id", "last_event"])
    for name, column, flag in (
        ("sessions_pending", "first_event", "pending"),
        ("sessions_open", "last_event", "open"),
    ):
        where: sa.ColumnClause[Any] = sa.column(flag)
        op.create_index(
            name, "sessions", ["team_id", column], sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "events",
        _key("key", sa.LargeBinary),
        *_blob("content"),
        sa.Column("session_id", _SERIAL, sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("code", sa.SmallInteger, nullable=False),
        *_big("time", "received_at"),
        *_text(
            "source", "id", "room", "subject", "connection", "person", "name", "detail", "extra"
        ),
    )
    op.create_index("events_session", "events", ["session_id"])
    op.create_table(
        "quarantine",
        _key("id", _SERIAL),
        sa.Column("key", sa.LargeBinary, nullable=False, unique=True),
        *_text("team", "source", "format", "origin"),
        *_big("position"),
        *_text("reason", "why"),
        *_blob("raw"),
        *_flag("truncated"),
        *_big("received_at"),
    )
    op.create_table(
        "names",
        _team(),
        _key("what", sa.SmallInteger),
        _key("key", sa.LargeBinary),
        *_big("number"),
        *_text("text"),
    )
    op.create_index("names_number", "names", ["team_id", "what", "number"], unique=True)
    op.create_table(
        "session_quarters",
        _team(),
        _key("start", sa.BigInteger),
        _key("session_id", _SERIAL, sa.ForeignKey("sessions.id")),
        *_big(*_SUMS, "peak", "peak_at", "room"),
        *_blob("presence", "activity", "recording"),
    )
    op.create_index("session_quarters_session", "session_quarters", ["session_id"])
    for name in ("team_quarters", "team_days", "team_months"):
        peaks = (n for peak in _PEAKS for n in (peak, f"{peak}_at"))
        op.create_table(
            name,
            _team(),
            _key("start", sa.BigInteger),
            *_big(*_SUMS, *peaks, "persons_count", "rooms_count"),
            *_blob("persons", "rooms"),
        )
