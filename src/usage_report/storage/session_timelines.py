"""Timelines of stored sessions, folded from their events.

Room-days (sessions of platforms that do not name sessions) are read with all days of the room that
they are linked to, because a stretch of presence that runs from one day into the next is one
session. Days are linked by what was on in them: as stored, when the rows of their facts were
written, and as folded now, which may be for an earlier instant or with more events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.metering.fold import SessionTimeline
from usage_report.metering.stretches import EMPTY_FOR, hull, linked, merge
from usage_report.metering.timeline import Span
from usage_report.storage import bulk, event_log
from usage_report.storage import tables as t

_s = t.sessions.c
#: The rows of a session, and its external id -> its timeline.
Fold = Callable[[list[tuple[Any, ...]], str], SessionTimeline | None]


class StoredSession(NamedTuple):
    """What is stored of a session besides its events."""

    id: int
    external_id: str
    #: Digest of the room of a room-day, else ``None``.
    room_key: bytes | None
    #: From when to when anything was on, ``None`` if nothing was or it is not known yet.
    on_from: int | None
    on_until: int | None


class FoldedSession(NamedTuple):
    """A session, or a room-day, and its timeline as of some instant."""

    session: StoredSession
    #: ``None`` if it has no events by then.
    timeline: SessionTimeline | None

    def spans(self) -> list[Span]:
        """Return the hulls of what was on: the stored one, and that of the timeline."""
        spans = [hull(self.timeline)] if self.timeline else []
        if self.session.on_from is not None and self.session.on_until is not None:
            spans.append((self.session.on_from, self.session.on_until))
        return [span for span in spans if span]


_COLUMNS = StoredSession._fields
_DAYS_NEAR = sa.select(*(_s[name] for name in _COLUMNS)).where(
    _s.team_id == sa.bindparam("team"),
    _s.room_key.in_(sa.bindparam("rooms", expanding=True)),
    _s.on_until > sa.bindparam("from"),
    _s.on_from < sa.bindparam("until"),
)


def read(c: Connection, team: int, ids: Sequence[int], fold: Fold) -> list[FoldedSession]:
    """Return sessions of a team by id, and the room-days that are linked to those among them."""
    stored = [StoredSession(*row) for row in bulk.select_in(c, t.sessions, _COLUMNS, "id", ids)]
    found = _fold(c, stored, fold)
    days = [folded for folded in found if folded.session.room_key is not None]
    while days and (more := _fold(c, _linked_days(c, team, days), fold)):
        found += more
        days += more
    return found


def merged(sessions: Iterable[FoldedSession]) -> list[tuple[StoredSession, SessionTimeline]]:
    """Return the timelines that facts are computed from, each with the session that it belongs to.

    Linked room-days are one timeline, which belongs to the first of them.
    """
    result: list[tuple[StoredSession, SessionTimeline]] = []
    rooms: dict[bytes, list[tuple[StoredSession, SessionTimeline]]] = {}
    for session, timeline in sessions:
        if timeline is None:
            continue
        if session.room_key is None or hull(timeline) is None:
            result.append((session, timeline))
        else:
            rooms.setdefault(session.room_key, []).append((session, timeline))
    for days in rooms.values():
        days.sort(key=lambda day: day[0].id)
        spans = [(i, span) for i, (_, line) in enumerate(days) if (span := hull(line))]
        result += [
            (days[group[0]][0], merge([days[i][1] for i in group])) for group in linked(spans)
        ]
    return result


def _fold(c: Connection, sessions: Iterable[StoredSession], fold: Fold) -> list[FoldedSession]:
    by_id = {session.id: session for session in sessions}
    return [
        FoldedSession(by_id[id], fold(rows, by_id[id].external_id))
        for id, rows in event_log.events_of(c, list(by_id))
    ]


def _linked_days(c: Connection, team: int, days: Sequence[FoldedSession]) -> list[StoredSession]:
    """Return the room-days that are linked to ``days``, without these."""
    known = {day.session.id for day in days}
    spans: dict[bytes, list[tuple[int, Span]]] = {}
    for day in days:
        if day.session.room_key is not None and (own := day.spans()):
            spans.setdefault(day.session.room_key, []).extend((day.session.id, x) for x in own)
    others = {day.id: day for day in _days_near(c, team, spans) if day.id not in known}
    for other in others.values():
        if other.room_key is not None and other.on_from is not None and other.on_until is not None:
            spans[other.room_key].append((other.id, (other.on_from, other.on_until)))
    groups = [set(group) for near in spans.values() for group in linked(near)]
    reached = {id for group in groups if group & known for id in group - known}
    return [others[id] for id in sorted(reached)]


def _days_near(
    c: Connection, team: int, spans: Mapping[bytes, Sequence[tuple[int, Span]]]
) -> list[StoredSession]:
    """Return all room-days of some rooms that may be linked to one of the spans, by room."""
    rooms = list(spans)
    found: list[StoredSession] = []
    for i in range(0, len(rooms), bulk.MAX_VALUES):
        part = rooms[i : i + bulk.MAX_VALUES]
        inside = [span for room in part for _, span in spans[room]]
        window = {
            "from": min(start for start, _ in inside) - EMPTY_FOR,
            "until": max(end for _, end in inside) + EMPTY_FOR,
        }
        rows = c.execute(_DAYS_NEAR, {"team": team, "rooms": part} | window)
        found += [StoredSession(*row) for row in rows]
    return found
