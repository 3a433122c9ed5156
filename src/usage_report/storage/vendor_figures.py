"""Writing what a vendor said: its figures of a day, and how far the pull has come. Reading: ``query.vendor``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.events import CODE, Event, identity
from usage_report.storage import identity_index
from usage_report.storage import tables as t

_STARTED, _DELETED = CODE["recording.started"], CODE["recording.deleted"]


class Cursor(NamedTuple):
    """How far a pull has come. Days are texts ``YYYY-MM-DD``; ``first`` and ``last`` are those asked for, inclusive."""

    first: str
    last: str
    #: What is being read; empty when everything has been.
    stream: str
    #: First day of the stream that has not been read.
    next: str
    #: What the vendor's ``date_end`` was found to mean: ``inclusive``, ``exclusive``, or empty.
    date_end: str = ""


def cursor(c: Connection, team: int, vendor: str) -> Cursor | None:
    p = t.pulls.c
    row = c.execute(
        sa.select(*(p[name] for name in Cursor._fields)).where(
            p.team_id == team, p.vendor == vendor
        )
    ).first()
    return Cursor(*row) if row else None


def save_cursor(c: Connection, team: int, vendor: str, cursor: Cursor, now: int) -> None:
    p = t.pulls.c
    c.execute(t.pulls.delete().where(p.team_id == team, p.vendor == vendor))
    c.execute(
        t.pulls.insert(), {"team_id": team, "vendor": vendor, "updated_at": now} | cursor._asdict()
    )


def replace_figures(
    c: Connection, team: int, vendor: str, day: str, figures: Mapping[str, float], now: int
) -> None:
    """The vendor's figures of a day, in the place of what it said before. ``now`` (epoch ms) is when it said so."""
    f = t.vendor_figures.c
    c.execute(t.vendor_figures.delete().where(f.team_id == team, f.vendor == vendor, f.day == day))
    rows = [
        {
            "team_id": team,
            "vendor": vendor,
            "day": day,
            "metric": name,
            "value": float(value),
            "fetched_at": now,
        }
        for name, value in figures.items()
    ]
    if rows:
        c.execute(t.vendor_figures.insert(), rows)


def known_events(c: Connection, team: str, source: str, ids: Sequence[str]) -> set[str]:
    """Those of a source's event ids that are in the ledger."""
    keys = {identity(Event(team, source, id, 0, 0, *[""] * 8)): id for id in ids}
    return {keys[key] for key in identity_index.known_contents(c, list(keys))}


def kept_recordings(c: Connection, team: int, source: str) -> dict[str, tuple[str, str]]:
    """Recordings that a source told of and that nobody has reported as deleted -> (room, session)."""
    s, e = t.sessions.c, t.events.c
    of = (
        sa.select(e.subject, e.room, s.external_id)
        .join_from(t.sessions, t.events, s.id == e.session_id)
        .where(s.team_id == team)
    )
    started = {
        subject: (room, session)
        for subject, room, session in c.execute(of.where(e.code == _STARTED, e.source == source))
    }
    gone = {subject for subject, _, _ in c.execute(of.where(e.code == _DELETED))}
    return {subject: where for subject, where in started.items() if subject not in gone}


def is_sample(c: Connection, team: int) -> bool:
    return bool(c.execute(sa.select(t.teams.c.is_sample).where(t.teams.c.id == team)).scalar())
