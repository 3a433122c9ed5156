"""Sessions of platforms that name a room, but not which run of it an event belongs to.

There, a session is an unbroken stretch of presence in the room. It starts when a participant enters
the empty room and ends once the room has been empty for ``EMPTY_FOR``. The events of such a room
are stored by the day (see ``sources.room_days``), but they are one history: ``link`` finds the days
that have to be folded together, because something is on from an event of one to an event of the
next, and ``fold_room`` folds them. Stretches of one room never overlap, so one timeline holds any
number of them, and only their starts need to be known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from usage_report.core.events import iso
from usage_report.core.periods import UTC_DAY
from usage_report.metering.fold import (
    DELETED,
    ENDED,
    MOVE_OF,
    STALE_AFTER,
    TRACK_FAMILIES,
    SessionTimeline,
    fold,
    longest_gap,
)
from usage_report.metering.timeline import Span

#: How long a room is empty, in ms, when its session has ended.
EMPTY_FOR = 60_000
#: How long, in ms, after the last event of a room an end still ends what is on. Some platforms
#: report the end of a stay without its start, so that it is stored with another day.
LATEST_END = 8 * UTC_DAY

#: A row of ``fold``.
Row = tuple[Any, ...]
#: Family, connection and subject of something that can be on.
_Object = tuple[int, str, str]


class LinkedDays(NamedTuple):
    """Days of a room that are folded together, by their indices, in order."""

    days: tuple[int, ...]
    rows: list[Row]


class Links(NamedTuple):
    """How the days of a room are linked."""

    groups: list[LinkedDays]
    #: For each day, from when to when anything is on at its events, ``None`` if nothing is. If it
    #: still is after the last of them, the span goes on for as long as a later event can be linked.
    on: list[Span | None]


def session_id(room: str, start: int) -> str:
    """Return the id of the session that starts in ``room`` at an instant (epoch ms)."""
    return f"{room}@{iso(start)}"


def link(days: Sequence[Sequence[Row]], stale_after: int = STALE_AFTER) -> Links:
    """Link the days of a room, given their rows in the order of the days.

    Two days are linked if something is on between an event of one and the next event of the room,
    of the other: if a participant is present, a recording runs or a breakout is open, or if that
    ended less than ``EMPTY_FOR`` before. After ``stale_after`` ms without activity, nothing is on
    any more, unless the next event ends it within ``LATEST_END``.
    """
    walk = _Walk(len(days), stale_after)
    # What is reported to several days counts in the last of them.
    last_copy = {_content(row): (row, day) for day, rows in enumerate(days) for row in rows}
    ordered = sorted(last_copy.values(), key=lambda copy: copy[0][0])
    for at, simultaneous in groupby(ordered, key=lambda copy: copy[0][0]):
        walk.step(at, list(simultaneous))
    members: dict[int, list[int]] = {}
    for day, rows in enumerate(days):
        if rows:
            members.setdefault(walk.group_of(day), []).append(day)
    groups = [
        LinkedDays(
            tuple(group), list({_content(row): row for day in group for row in days[day]}.values())
        )
        for group in members.values()
    ]
    return Links(groups, walk.on)


def _content(row: Row) -> tuple[Any, ...]:
    return (*row[:2], *row[3:8])


def fold_room(
    group: LinkedDays, as_of: int | None = None, stale_after: int = STALE_AFTER, *, session: str
) -> SessionTimeline | None:
    """Return what ``fold`` returns for linked days, with the start of each stretch of presence.

    Which days are linked depends on the timeout too. So the longest gap is that of all events if
    there are several days, and at least ``LATEST_END`` if a later day may be linked.
    """
    timeline = fold(group.rows, as_of, stale_after, session=session)
    if timeline is None:
        return None
    gap = timeline.longest_gap
    if len(group.days) > 1:
        gap = longest_gap(sorted(row[0] for row in group.rows if row[3] != DELETED))
    if timeline.is_open:
        gap = max(gap or 0, LATEST_END)
    return timeline._replace(starts=_starts(timeline), longest_gap=gap)


def _starts(timeline: SessionTimeline) -> list[int]:
    starts: list[int] = []
    until = 0
    for start, end in sorted((start, end) for _, _, start, end in timeline.presence):
        if not starts or start - until >= EMPTY_FOR:
            starts.append(start)
        until = max(until, end)
    return starts


class _Walk:
    """Goes through the events of a room in order of time, instant by instant."""

    def __init__(self, days: int, stale_after: int) -> None:
        self.on: list[Span | None] = [None] * days
        self._stale_after = stale_after
        #: Index of another day of the same group, or of the day itself.
        self._linked = list(range(days))
        #: What is on, and since when.
        self._open: dict[_Object, int] = {}
        #: A day with an event since which something has been on without a break.
        self._day: int | None = None
        self._last_activity = self._last_on = 0

    def group_of(self, day: int) -> int:
        while self._linked[day] != day:
            day = self._linked[day]
        return day

    def step(self, at: int, events: list[tuple[Row, int]]) -> None:
        """Apply the events of one instant, each with its day."""
        moves: dict[_Object, Counter[bool]] = {}
        for row, _ in events:
            move = MOVE_OF[row[3]]
            if move is not None and move[0] not in TRACK_FAMILIES:
                object_ = (move[0], row[5], row[4])
                moves.setdefault(object_, Counter())[move[1]] += 1
        is_over = any(row[3] == ENDED for row, _ in events)
        ends = is_over or any(count[True] and x in self._open for x, count in moves.items())
        if not self._is_on(at, ends=ends):
            self._open.clear()
            self._day = None
        was_open = bool(self._open)
        has_begun = self._apply(at, moves, is_over=is_over)
        if self._day is not None or has_begun:
            self._link({day for _, day in events}, at)
        if (was_open or has_begun) and not self._open:
            self._last_on = at
        if any(row[3] != DELETED for row, _ in events):
            self._last_activity = at

    def _is_on(self, at: int, *, ends: bool) -> bool:
        if not self._open:
            return at - self._last_on < EMPTY_FOR
        silent_for = at - self._last_activity
        return silent_for < self._stale_after or (ends and silent_for < LATEST_END)

    def _apply(self, at: int, moves: dict[_Object, Counter[bool]], *, is_over: bool) -> bool:
        """Open and close objects. Return whether any was opened."""
        has_begun = False
        for object_, count in moves.items():
            # As in ``timeline``: first what changes the state.
            while count[object_ in self._open]:
                count[object_ in self._open] -= 1
                if object_ in self._open:
                    del self._open[object_]
                else:
                    self._open[object_] = at
                    has_begun = True
        if is_over:
            self._open = {x: since for x, since in self._open.items() if since == at}
        return has_begun

    def _link(self, days: set[int], at: int) -> None:
        until = at + (max(LATEST_END, self._stale_after) if self._open else 0)
        for day in days:
            self.on[day] = (self.on[day] or (at, at))[0], until
            if self._day is not None:
                self._linked[self.group_of(day)] = self.group_of(self._day)
            self._day = day
