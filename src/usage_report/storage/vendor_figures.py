"""What a vendor reports: its figures of each day, and how far reading them has come.

``reporting.vendor_figures`` reads the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.events import CODE, Event, identity
from usage_report.storage import bulk, identity_index
from usage_report.storage import tables as t

_STARTED, _DELETED = CODE["recording.started"], CODE["recording.deleted"]
_p, _f = t.pulls.c, t.vendor_figures.c


class Cursor(NamedTuple):
    """How far a pull has come. Days are texts ``YYYY-MM-DD``."""

    #: The days asked for, both inclusive.
    first: str
    last: str
    #: What is being read: sessions, participants, recordings or statistics. Empty at the end.
    stream: str
    #: First day of the stream that has not been read.
    next: str
    #: What the vendor's parameter ``date_end`` turned out to mean: ``inclusive``, ``exclusive``, or
    #: empty while that is not known.
    date_end: str = ""


class Recording(NamedTuple):
    """Where a recording was made."""

    room: str
    session: str


def cursor(c: Connection, team: int, vendor: str) -> Cursor | None:
    """Return how far the pull of a team has come, or ``None`` before the first one."""
    columns = [_p[name] for name in Cursor._fields]
    row = c.execute(sa.select(*columns).where(_p.team_id == team, _p.vendor == vendor)).first()
    return Cursor(*row) if row else None


def save_cursor(c: Connection, team: int, vendor: str, cursor: Cursor, now: int) -> None:
    """Store how far the pull of a team has come. ``now``: epoch ms."""
    columns = (*Cursor._fields, "updated_at")
    bulk.upsert(
        c,
        t.pulls,
        ("team_id", "vendor", *columns),
        [(team, vendor, *cursor, now)],
        ("team_id", "vendor"),
        {name: f'excluded."{name}"' for name in columns},
    )


def replace_figures(
    c: Connection, team: int, vendor: str, day: str, figures: Mapping[str, float], now: int
) -> None:
    """Replace the vendor's figures of a day. ``now`` (epoch ms): when the vendor reported them."""
    mine = (_f.team_id == team, _f.vendor == vendor, _f.day == day)
    c.execute(t.vendor_figures.delete().where(*mine))
    columns = ("team_id", "vendor", "day", "metric", "value", "fetched_at")
    rows = [(team, vendor, day, name, float(value), now) for name, value in figures.items()]
    bulk.insert(c, t.vendor_figures, columns, rows)


def latest_day(c: Connection, team: int, vendor: str) -> date | None:
    """Return the newest day with figures of a vendor, or ``None`` without any."""
    newest = sa.select(sa.func.max(_f.day)).where(_f.team_id == team, _f.vendor == vendor)
    day = c.execute(newest).scalar()
    return date.fromisoformat(day) if day else None


def known_events(c: Connection, team: str, source: str, ids: Sequence[str]) -> set[str]:
    """Return those of a source's event ids that are in the event log."""
    keys = {identity(Event(team, source, id, 0, 0, *[""] * 8)): id for id in ids}
    return {keys[key] for key in identity_index.known_contents(c, list(keys))}


def kept_recordings(c: Connection, team: int, source: str) -> dict[str, Recording]:
    """Return the recordings that a source has reported and no source has reported as deleted."""
    s, e = t.sessions.c, t.events.c
    events = (
        sa.select(e.subject, e.room, s.external_id)
        .join_from(t.sessions, t.events, s.id == e.session_id)
        .where(s.team_id == team)
    )
    started = c.execute(events.where(e.code == _STARTED, e.source == source)).all()
    deleted = {subject for subject, _, _ in c.execute(events.where(e.code == _DELETED))}
    return {
        subject: Recording(room, session)
        for subject, room, session in started
        if subject not in deleted
    }
