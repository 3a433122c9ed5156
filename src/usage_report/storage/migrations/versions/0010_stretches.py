"""Sessions of platforms without session ids are stretches of presence; companions count once.

Marks the room-days among the sessions, and the sessions of which several sources report posts or
recordings. These are processed again from their events, which do not change.
"""

from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

#: Sources whose events did not name their session when this migration was written.
_SOURCES = ("daily", "janus", "jitsi")
#: Recordings and posts.
_CODES = (40, 41, 42, 80, 81, 82)
_ROOM_DAYS = sa.text("room_key IS NOT NULL")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("room_key", sa.LargeBinary(16)))
    op.add_column("sessions", sa.Column("on_from", sa.BigInteger))
    op.add_column("sessions", sa.Column("on_until", sa.BigInteger))
    op.create_index(
        "sessions_room_days",
        "sessions",
        ["team_id", "room_key", "on_until"],
        sqlite_where=_ROOM_DAYS,
        postgresql_where=_ROOM_DAYS,
    )
    _mark_room_days()
    events = sa.table("events", *(sa.column(x) for x in ("session_id", "code", "source")))
    several = (
        sa.select(events.c.session_id)
        .where(events.c.code.in_(_CODES))
        .group_by(events.c.session_id)
        .having(sa.func.min(events.c.source) != sa.func.max(events.c.source))
    )
    sessions = sa.table("sessions", sa.column("id"), sa.column("is_pending", sa.Boolean))
    op.execute(sessions.update().where(sessions.c.id.in_(several)).values(is_pending=True))


def _mark_room_days() -> None:
    c = op.get_bind()
    found = c.execute(
        sa.text(
            "SELECT DISTINCT s.id, s.external_id, e.room FROM events e "
            "JOIN sessions s ON s.id = e.session_id WHERE e.source IN :sources"
        ).bindparams(sa.bindparam("sources", _SOURCES, expanding=True))
    ).all()
    days = [
        {"id": id, "room_key": blake2b(room.encode(), digest_size=16).digest()}
        for id, session, room in found
        if session.startswith(f"{room}/") and _is_number(session[len(room) + 1 :])
    ]
    if days:
        change = sa.text(
            "UPDATE sessions SET room_key = :room_key, is_pending = :is_pending WHERE id = :id"
        )
        c.execute(change, [day | {"is_pending": True} for day in days])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
