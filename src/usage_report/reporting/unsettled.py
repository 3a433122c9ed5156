"""Unsettled sessions: those whose stored facts are not final at the instant of a report, ``as_of``.

Stored facts count each session with all its events, end what is open at the last of them, and are
made with an inactivity timeout of 24 h. For most sessions that is final. At ``as_of`` it is not
final for sessions that

* are open and have had an event within the inactivity timeout: what is open runs to ``as_of``;
* have events at or after ``as_of``, which do not count yet;
* have a gap between events that only one of the two closes spans at, the timeout of stored facts or
  the one of the report. No session is one of these while both are the same.

These sessions are folded again from their events, with the room-days that they are linked to (see
``storage.session_timelines``), and the quarter hours in which that makes a difference are
recomputed in memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.periods import QUARTER
from usage_report.metering.facts import Facts, concat, zeros
from usage_report.metering.fold import STALE_AFTER, SessionTimeline
from usage_report.metering.session_quarters import in_quarters, session_quarters
from usage_report.metering.team_quarters import team_quarters
from usage_report.storage import entities, session_timelines
from usage_report.storage import session_quarters as stored_quarters
from usage_report.storage import tables as t
from usage_report.storage.event_log import digest

_s = t.sessions.c
_COLUMNS = sa.select(_s.id, _s.first_event, _s.room_key)
#: Open sessions (those whose last event is a deletion may have timed out: it is no activity); and
#: sessions with events at or after ``as_of``. The latter include those that begin after ``as_of``
#: but in its quarter hour, because the stored facts of that quarter include them; and room-days in
#: which something is on until an event of a later day. Each part of the union has its index.
_OPEN_OR_LATER = (
    _COLUMNS.where(
        _s.team_id == sa.bindparam("team"),
        _s.is_open,
        _s.last_event > sa.bindparam("stale_until"),
        _s.last_event < sa.bindparam("as_of"),
    ),
    _COLUMNS.where(
        _s.team_id == sa.bindparam("team"),
        _s.last_event >= sa.bindparam("as_of"),
        _s.first_event < sa.bindparam("quarter_end"),
    ),
    _COLUMNS.where(
        _s.team_id == sa.bindparam("team"),
        _s.room_key.is_not(None),
        _s.on_until >= sa.bindparam("as_of"),
        _s.on_from < sa.bindparam("as_of"),
        _s.last_event < sa.bindparam("as_of"),
    ),
)
_UNSETTLED = sa.union_all(*_OPEN_OR_LATER)
#: The same, and sessions whose stored facts depend on which of two timeouts applies.
_UNSETTLED_WITH_GAPS = sa.union(
    *_OPEN_OR_LATER,
    _COLUMNS.where(
        _s.team_id == sa.bindparam("team"),
        _s.longest_gap >= sa.bindparam("gap"),
        _s.first_event < sa.bindparam("quarter_end"),
    ),
)


class UnsettledSession(NamedTuple):
    """A session that has begun by the instant, or linked room-days of one room."""

    id: int
    #: The id that its platform gave it, ``None`` for room-days.
    external_id: str | None
    timeline: SessionTimeline


class Unsettled(NamedTuple):
    """Unsettled sessions at an instant, and the facts that they change."""

    sessions: list[UnsettledSession]
    #: Ids of all stored sessions that they replace.
    replaced: frozenset[int]
    #: Facts of every quarter hour before the instant whose stored facts differ from those at it.
    facts: Facts
    #: Packed rows of the sessions, by (session, start of the quarter).
    rows: stored_quarters.Packed


def unsettled_sessions(c: Connection, team_id: int, as_of: int, stale_after: int) -> Unsettled:
    """Return the unsettled sessions of a team at ``as_of`` (epoch ms)."""
    last_quarter = as_of // QUARTER * QUARTER
    found = c.execute(
        _UNSETTLED if stale_after == STALE_AFTER else _UNSETTLED_WITH_GAPS,
        {
            "team": team_id,
            "as_of": as_of,
            "stale_until": as_of - stale_after,
            "gap": min(stale_after, STALE_AFTER),
            "quarter_end": last_quarter + QUARTER,
        },
    ).all()
    if not found:
        return Unsettled([], frozenset(), Facts.empty(), {})
    # A room-day that begins after as_of may be linked to one that began before.
    begun = sorted({id for id, first, room_key in found if first < as_of or room_key is not None})
    folded = session_timelines.read(c, team_id, begun, as_of, stale_after)
    ids = [session.id for x in folded for session in x.sessions]
    sessions = [
        UnsettledSession(
            first.id, first.external_id if first.room_key is None else None, x.timeline
        )
        for x in folded
        if x.timeline
        for first in x.sessions[:1]
    ]
    rooms = _dense_ids(c, team_id, t.ROOM, {s.timeline.room for s in sessions})
    persons = _dense_ids(
        c, team_id, t.PERSON, {person for s in sessions for _, person, _, _ in s.timeline.presence}
    )
    rows = stored_quarters.pack(
        session_quarters([(s.id, rooms[s.timeline.room], s.timeline) for s in sessions], persons)
    )

    stored = stored_quarters.rows_of_sessions(c, ids)
    quarters = stored_quarters.changed_quarters(c, team_id, stored, rows)
    quarters = quarters[quarters <= last_quarter]
    if len(begun) < len({id for id, _, _ in found}):  # some sessions begin after as_of
        quarters = np.union1d(quarters, [last_quarter])
    replaced = frozenset(ids).union(id for id, _, _ in found)
    wanted = set(quarters.tolist())
    loaded = stored_quarters.load(
        c,
        team_id,
        quarters,
        without=replaced,
        also=[row for (_, start), row in rows.items() if start in wanted],
    )
    facts, _ = team_quarters(in_quarters(loaded))
    facts = facts.take(np.isin(facts.start, quarters))
    empty = zeros(np.setdiff1d(quarters, facts.start))
    return Unsettled(sessions, replaced, concat(facts, empty), rows)


def _dense_ids(c: Connection, team_id: int, what: int, external_ids: set[str]) -> dict[str, int]:
    """Return the dense ids of persons or rooms.

    Those without a dense id yet get temporary ids, which no stored set contains.
    """
    known = entities.dense_ids(c, team_id, what, {digest(x): x for x in external_ids}, add=False)
    temporary = iter(range(2**32 - 1, 0, -1))
    return known | {x: next(temporary) for x in sorted(external_ids - known.keys())}
