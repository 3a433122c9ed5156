"""What depends on the instant: sessions that are not settled at ``as_of``.

Stored facts hold every session with all its events, and what is still open as ended at the last one. For most sessions
that is final. At a given instant it is not for those that

* are open and not yet silent for long: what is open runs on to ``as_of``;
* have events at or after ``as_of``, which have not happened yet.

These are folded again from their events, and the few quarters in which that changes anything are swept again in memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.periods import QUARTER
from usage_report.metering.facts import Facts, concat, zeros
from usage_report.metering.fold import SessionTimeline, fold
from usage_report.metering.session_quarters import session_quarters
from usage_report.metering.team_quarters import team_quarters
from usage_report.storage import entities, event_log
from usage_report.storage import session_quarters as stored_quarters
from usage_report.storage import tables as t
from usage_report.storage.event_log import digest

_s = t.sessions.c
#: The unsettled sessions, and those that have not begun by ``as_of`` but do in its quarter hour, whose facts hold them already.
#: Each side of the "or" has its index; ``last_event`` bounds the second, as no session ends before it begins.
_FOUND = sa.select(_s.id, _s.external_id, _s.first_event).where(
    _s.team_id == sa.bindparam("team"),
    sa.or_(
        sa.and_(
            _s.is_open,
            _s.last_event < sa.bindparam("as_of"),
            _s.last_event > sa.bindparam("silent"),
        ),
        sa.and_(_s.last_event >= sa.bindparam("as_of"), _s.first_event < sa.bindparam("until")),
    ),
)


class Unsettled(NamedTuple):
    """Unsettled sessions as of the instant, and the facts of the quarters they change."""

    #: (session id, session's own name, folded)
    sessions: list[tuple[int, str, SessionTimeline]]
    #: Every changed quarter, with what holds in it as of the instant.
    facts: Facts
    #: Packed rows of the unsettled sessions.
    rows: dict[tuple[int, int], tuple]


def unsettled_sessions(c: Connection, team: int, as_of: int, stale_after: int) -> Unsettled:
    """The unsettled sessions of a team at ``as_of`` (epoch ms)."""
    last = as_of // QUARTER * QUARTER
    found = c.execute(
        _FOUND,
        {"team": team, "as_of": as_of, "silent": as_of - stale_after, "until": last + QUARTER},
    ).all()
    if not found:
        return Unsettled([], Facts.empty(), {})
    names = {id: session for id, session, first in found if first < as_of}
    folded = [
        (id, f)
        for id, rows in event_log.events_of(c, list(names))
        if (f := fold(rows, as_of, stale_after))
    ]
    rooms = _numbers(c, team, t.ROOM, {f.room for _, f in folded})
    persons = _numbers(c, team, t.PERSON, {p for _, f in folded for _, p, _, _ in f.presence})
    rows = stored_quarters.pack(
        session_quarters([(id, rooms[f.room], f) for id, f in folded], persons)
    )

    keys = stored_quarters.changed_keys(stored_quarters.rows_of_sessions(c, list(names)), rows)
    left_out = {id for id, _, _ in found}
    quarters = np.unique(
        np.array([start for _, start in keys] + [last] * (len(left_out) > len(names)), np.int64)
    )
    wanted = set(quarters.tolist())
    folded_anew = [row for (_, start), row in rows.items() if start in wanted]
    facts = team_quarters(
        stored_quarters.load(c, team, quarters, without=left_out, also=folded_anew)
    )
    quiet = np.setdiff1d(quarters, facts.start)
    return Unsettled([(id, names[id], f) for id, f in folded], concat(facts, zeros(quiet)), rows)


def _numbers(c: Connection, team: int, what: int, texts: set[str]) -> dict[str, int]:
    """Numbers of persons or rooms; ones never counted yet get passing numbers that no stored set holds."""
    known = entities.dense_ids(c, team, what, {digest(x): x for x in texts}, add=False)
    passing = iter(range(2**32 - 1, 0, -1))
    return known | {x: next(passing) for x in sorted(texts - known.keys())}
