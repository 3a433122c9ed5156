"""Timelines of stored sessions, folded from their events.

Room-days (sessions of platforms that do not name sessions) are read with all days of the room that
they are linked to (see ``metering.stretches``): as stored, when the rows of their facts were
written, and as linked now, which may be with more events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.metering.fold import STALE_AFTER, SessionTimeline, fold
from usage_report.metering.stretches import EMPTY_FOR, LATEST_END, Row, fold_room, link
from usage_report.metering.timeline import Span
from usage_report.storage import bulk, event_log
from usage_report.storage import tables as t

_s = t.sessions.c


class StoredSession(NamedTuple):
    """What is stored of a session besides its events."""

    id: int
    external_id: str
    #: Digest of the room of a room-day, else ``None``.
    room_key: bytes | None
    first_event: int
    last_event: int
    #: From when to when anything was on in a room-day: see ``metering.stretches.Links``.
    on_from: int | None
    on_until: int | None

    @property
    def day(self) -> int:
        """The number of a room-day."""
        return int(self.external_id.rpartition("/")[2])

    @property
    def on(self) -> Span | None:
        """``on_from`` and ``on_until``, ``None`` if nothing was on or it is not known yet."""
        if self.on_from is None or self.on_until is None:
            return None
        return self.on_from, self.on_until


class FoldedSession(NamedTuple):
    """A session, or linked room-days, and its timeline as of some instant."""

    #: The session, or the days in order. Facts are stored under the first of them.
    sessions: tuple[StoredSession, ...]
    #: For each day, from when to when anything is on.
    on: tuple[Span | None, ...]
    #: ``None`` if it has no events by then.
    timeline: SessionTimeline | None


_COLUMNS = StoredSession._fields
_DAYS_NEAR = sa.select(*(_s[name] for name in _COLUMNS)).where(
    _s.team_id == sa.bindparam("team"),
    _s.room_key.in_(sa.bindparam("rooms", expanding=True)),
    _s.last_event > sa.bindparam("from"),
    _s.first_event < sa.bindparam("until"),
)


def read(
    c: Connection,
    team: int,
    ids: Sequence[int],
    as_of: int | None = None,
    stale_after: int = STALE_AFTER,
) -> list[FoldedSession]:
    """Return sessions of a team by id, and the room-days that are linked to those among them.

    ``as_of`` and ``stale_after`` are those of ``metering.fold``.
    """
    stored = [StoredSession(*row) for row in bulk.select_in(c, t.sessions, _COLUMNS, "id", ids)]
    named = {session.id: session for session in stored if session.room_key is None}
    folded = [
        FoldedSession(
            (named[id],), (None,), fold(rows, as_of, stale_after, session=named[id].external_id)
        )
        for id, rows in event_log.events_of(c, list(named))
    ]
    for room in _rooms(c, team, stored, stale_after):
        folded += room.folded(as_of, stale_after)
    return folded


class _Room:
    """Days of one room: those to fold, and others near them that were read to find these."""

    def __init__(self) -> None:
        self.days: dict[int, StoredSession] = {}
        self.rows: dict[int, list[Row]] = {}
        #: Ids of the days to fold.
        self.ids: set[int] = set()
        #: In which time other days may have events that are linked to the days to fold.
        self.window: Span = (0, 0)

    def grow(self, stale_after: int) -> None:
        """Add the days that are linked to those to fold, now or as stored; set the window."""
        days = self._ordered(self.days)
        links = link([self.rows[day.id] for day in days], stale_after)
        on = {
            day.id: [span for span in (now, day.on) if span]
            for day, now in zip(days, links.on, strict=True)
        }
        size = 0
        while size < len(self.ids):
            size = len(self.ids)
            for group in links.groups:
                members = {days[i].id for i in group.days}
                if members & self.ids:
                    self.ids |= members
            spans = [span for id in self.ids for span in on[id]]
            self.ids |= {day.id for day in days if _touches(day.on, spans)}
        spans += [(self.days[id].first_event, self.days[id].last_event) for id in self.ids]
        self.window = (
            min(start for start, _ in spans) - EMPTY_FOR,
            max(end for _, end in spans) + EMPTY_FOR,
        )

    def folded(self, as_of: int | None, stale_after: int) -> list[FoldedSession]:
        """Return the days to fold, linked and folded by their events before ``as_of``."""
        days = self._ordered(self.ids)
        rows = [
            [row for row in self.rows[day.id] if as_of is None or row[0] < as_of] for day in days
        ]
        links = link(rows, stale_after)
        folded = [
            FoldedSession(
                tuple(days[i] for i in group.days),
                tuple(links.on[i] for i in group.days),
                fold_room(group, as_of, stale_after, session=days[group.days[0]].external_id),
            )
            for group in links.groups
        ]
        absent = [day for day, its in zip(days, rows, strict=True) if not its]
        return folded + [FoldedSession((day,), (None,), None) for day in absent]

    def _ordered(self, ids: Iterable[int]) -> list[StoredSession]:
        return sorted((self.days[id] for id in ids), key=lambda day: (day.day, day.id))


def _touches(span: Span | None, others: Iterable[Span]) -> bool:
    if span is None:
        return False
    return any(span[0] < end + EMPTY_FOR and start < span[1] + EMPTY_FOR for start, end in others)


def _rooms(
    c: Connection, team: int, days: Sequence[StoredSession], stale_after: int
) -> Iterable[_Room]:
    """Return the rooms of some room-days, with all days that are linked to these."""
    rooms: dict[bytes, _Room] = {}
    for day in days:
        if day.room_key is not None:
            rooms.setdefault(day.room_key, _Room()).ids.add(day.id)
    timeout = max(stale_after, STALE_AFTER)
    while days:
        by_id = {day.id: day for day in days}
        for id, rows in event_log.events_of(c, list(by_id)):
            day = by_id[id]
            if day.room_key is not None:
                rooms[day.room_key].days[id] = day
                rooms[day.room_key].rows[id] = rows
        changed = {key: rooms[key] for key in {day.room_key for day in days} if key is not None}
        for room in changed.values():
            room.grow(timeout)
        days = _days_near(c, team, changed, max(0, timeout - LATEST_END))
    return rooms.values()


def _days_near(
    c: Connection, team: int, rooms: Mapping[bytes, _Room], margin: int
) -> list[StoredSession]:
    """Return the days that may be linked to those of some rooms, without the days known."""
    keys = list(rooms)
    found: list[StoredSession] = []
    for i in range(0, len(keys), bulk.MAX_VALUES):
        part = keys[i : i + bulk.MAX_VALUES]
        window = {
            # What is on after the last event of a day is on until LATEST_END after it.
            "from": min(rooms[key].window[0] for key in part) - LATEST_END - margin,
            "until": max(rooms[key].window[1] for key in part),
        }
        rows = c.execute(_DAYS_NEAR, {"team": team, "rooms": part} | window)
        found += [StoredSession(*row) for row in rows]
    return [day for day in found if day.room_key and _is_new(rooms[day.room_key], day, margin)]


def _is_new(room: _Room, day: StoredSession, margin: int) -> bool:
    start, end = room.window
    until = max(day.last_event, 0 if day.on_until is None else day.on_until + margin)
    return day.id not in room.days and day.first_event < end and until > start
