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
from usage_report.metering.fold import STALE_AFTER, SessionTimeline, fold
from usage_report.metering.session_quarters import session_quarters
from usage_report.metering.team_quarters import team_quarters
from usage_report.storage import entities, session_timelines
from usage_report.storage import session_quarters as stored_quarters
from usage_report.storage import tables as t
from usage_report.storage.event_log import digest

_s = t.sessions.c
_COLUMNS = sa.select(_s.id, _s.first_event, _s.room_key)
#: Open sessions (those whose last event is a deletion may have timed out: it is no activity); and
#: sessions with events at or after ``as_of``. The latter include those that begin after ``as_of``
#: but in its quarter hour, because the stored facts of that quarter include them. Each part of the
#: union has its index.
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
    #: Facts of every quarter hour whose stored facts differ from those at the instant.
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
    begun = [id for id, first, room_key in found if first < as_of or room_key is not None]
    folded = session_timelines.read(
        c, team_id, begun, lambda rows, session: fold(rows, as_of, stale_after, session=session)
    )
    sessions = [
        UnsettledSession(
            session.id, session.external_id if session.room_key is None else None, timeline
        )
        for session, timeline in session_timelines.merged(folded)
    ]
    rooms = _dense_ids(c, team_id, t.ROOM, {s.timeline.room for s in sessions})
    persons = _dense_ids(
        c, team_id, t.PERSON, {person for s in sessions for _, person, _, _ in s.timeline.presence}
    )
    rows = stored_quarters.pack(
        session_quarters([(s.id, rooms[s.timeline.room], s.timeline) for s in sessions], persons)
    )

    changed = stored_quarters.changed_keys(
        stored_quarters.rows_of_sessions(c, [x.session.id for x in folded]), rows
    )
    wanted = {start for _, start in changed}
    if len(begun) < len(found):  # some sessions begin after as_of
        wanted.add(last_quarter)
    replaced = frozenset(x.session.id for x in folded).union(id for id, _, _ in found)
    quarters = np.array(sorted(wanted), np.int64)
    facts = team_quarters(
        stored_quarters.load(
            c,
            team_id,
            quarters,
            without=replaced,
            also=[row for (_, start), row in rows.items() if start in wanted],
        )
    )
    empty = zeros(np.setdiff1d(quarters, facts.start))
    return Unsettled(sessions, replaced, concat(facts, empty), rows)


def _dense_ids(c: Connection, team_id: int, what: int, external_ids: set[str]) -> dict[str, int]:
    """Return the dense ids of persons or rooms.

    Those without a dense id yet get temporary ids, which no stored set contains.
    """
    known = entities.dense_ids(c, team_id, what, {digest(x): x for x in external_ids}, add=False)
    temporary = iter(range(2**32 - 1, 0, -1))
    return known | {x: next(temporary) for x in sorted(external_ids - known.keys())}
