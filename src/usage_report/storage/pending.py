"""Pending sessions: sessions with events that the facts do not hold yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.storage import bulk, inbox, quarantine
from usage_report.storage import tables as t
from usage_report.storage.session_timelines import FoldedSession

_s = t.sessions.c
#: Executed with further parameters, which set the columns that they are named after.
_MARK_PROCESSED = (
    t.sessions.update()
    .where(_s.id == sa.bindparam("session_id"))
    .values(is_pending=False, pending_since=None)
)


def pending_team(c: Connection, team: int | None = None) -> int | None:
    """Return the id of a team (or of the one given) with pending sessions, or ``None``."""
    where = [_s.is_pending] if team is None else [_s.is_pending, _s.team_id == team]
    found: int | None = c.execute(
        sa.select(_s.team_id).where(*where).order_by(_s.team_id).limit(1)
    ).scalar()
    return found


def next_sessions(c: Connection, team: int, max_events: int) -> tuple[list[int], int]:
    """Return the ids of the next pending sessions, and the number of their events.

    They come in the order of their first event. Their events are at most ``max_events``, unless the
    first session alone has more.
    """
    candidates = (
        sa.select(_s.id, _s.first_event)
        .where(_s.team_id == team, _s.is_pending)
        .order_by(_s.first_event, _s.id)
        .limit(bulk.MAX_VALUES)
        .subquery()
    )
    counted = c.execute(
        sa.select(candidates.c.id, sa.func.count())
        .join(t.events, t.events.c.session_id == candidates.c.id)
        .group_by(candidates.c.id, candidates.c.first_event)
        .order_by(candidates.c.first_event, candidates.c.id)
    )
    ids: list[int] = []
    total = 0
    for id, events in counted:
        if ids and total + events > max_events:
            break
        ids.append(id)
        total += events
    counted.close()
    return ids, total


def mark_processed(c: Connection, sessions: Iterable[FoldedSession]) -> None:
    """Record that the facts hold these sessions, and what is known of each.

    Linked room-days share what is known of them; starts and anomalies are those of the first.
    """
    rows = [
        {
            "session_id": session.id,
            "room": timeline.room,
            "start": timeline.start if nth == 0 else None,
            "on_from": on and on[0],
            "on_until": on and on[1],
            "is_open": timeline.is_open,
            "longest_gap": timeline.longest_gap,
            "is_estimated": not timeline.has_subscriptions,
            "anomalies": timeline.anomalies if nth == 0 else 0,
        }
        for linked, spans, timeline in sessions
        if timeline is not None
        for nth, (session, on) in enumerate(zip(linked, spans, strict=True))
    ]
    if rows:
        c.execute(_MARK_PROCESSED, rows)


def discard_derived(c: Connection, team: int) -> None:
    """Delete all derived rows of a team and mark all its sessions as pending."""
    for table in t.DERIVED:
        c.execute(table.delete().where(table.c.team_id == team))
    changes = {"is_pending": True, "on_from": None, "on_until": None}
    c.execute(t.sessions.update().where(_s.team_id == team).values(changes))


def count_events(c: Connection, team: int | None = None) -> int:
    """Return the number of a team's events, or of the events of all pending sessions."""
    where = _s.is_pending if team is None else _s.team_id == team
    joined = t.events.join(t.sessions, _s.id == t.events.c.session_id)
    query = sa.select(sa.func.count()).select_from(joined).where(where)
    return int(c.execute(query).scalar_one())


class Backlog(NamedTuple):
    """What the figures do not hold yet, and what is in quarantine."""

    #: Events in the inbox.
    waiting: int
    #: Pending sessions.
    pending: int
    #: When the oldest of all these was received (epoch ms).
    oldest: int | None
    #: Quarantined inputs.
    quarantined: int


def backlog(c: Connection) -> Backlog:
    """Return what is not in the figures at the moment."""
    size = inbox.inbox_size(c)
    pending, since = c.execute(
        sa.select(sa.func.count(), sa.func.min(_s.pending_since)).where(_s.is_pending)
    ).one()
    oldest = min((at for at in (size.oldest, since) if at is not None), default=None)
    return Backlog(size.events, pending, oldest, quarantine.count(c))
