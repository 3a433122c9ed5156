"""A vendor's own figures, and the evidence that bounds the effect of its rounding."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report import storage
from usage_report.core.events import CODE
from usage_report.metering.arrays import Ints
from usage_report.metering.timeline import Span
from usage_report.sources.coverage import other_platforms
from usage_report.storage import tables as t
from usage_report.storage import teams

_JOINED, _LEFT = CODE["participant.joined"], CODE["participant.left"]
_STARTED, _STOPPED = CODE["recording.started"], CODE["recording.stopped"]


class VendorFigures(NamedTuple):
    """A vendor's figures by day (``YYYY-MM-DD``)."""

    vendor: str
    #: day -> the vendor's name of the metric -> value
    values: dict[str, dict[str, float]]
    #: day -> when its figures were fetched, epoch ms
    fetched: dict[str, int]


class Evidence(NamedTuple):
    """Counts per bucket that bound the effect of a vendor's rounding, and of late events."""

    #: Connections that were present.
    connections: Ints
    #: Recordings that were running.
    recordings: Ints
    #: Sessions in which a connection was present.
    sessions: Ints
    #: Joins and leaves received after the vendor's figures were fetched.
    late: Ints
    #: Connections that another platform than the vendor's reported.
    elsewhere: Ints


def vendors(engine: Engine, team: str) -> dict[str, tuple[date, date]]:
    """Return the first and last day with figures of each vendor. Raises ``NotFoundError``."""
    f = t.vendor_figures.c
    with storage.reading(engine) as c:
        rows = c.execute(
            sa.select(f.vendor, sa.func.min(f.day), sa.func.max(f.day))
            .where(f.team_id == teams.team_id(c, team))
            .group_by(f.vendor)
            .order_by(f.vendor)
        )
        return {
            vendor: (date.fromisoformat(first), date.fromisoformat(last))
            for vendor, first, last in rows
        }


def figures(engine: Engine, team: str, vendor: str, start: date, last: date) -> VendorFigures:
    """Return a vendor's figures of the days ``start`` to ``last``, both included.

    Raises ``NotFoundError`` for the team.
    """
    f = t.vendor_figures.c
    with storage.reading(engine) as c:
        rows = c.execute(
            sa.select(f.day, f.metric, f.value, f.fetched_at)
            .where(
                f.team_id == teams.team_id(c, team),
                f.vendor == vendor,
                f.day.between(start.isoformat(), last.isoformat()),
            )
            .order_by(f.day, f.metric)
        ).all()
    values: dict[str, dict[str, float]] = {}
    for day, metric, value, _ in rows:
        values.setdefault(day, {})[metric] = value
    return VendorFigures(vendor, values, {day: at for day, _, _, at in rows})


def evidence(
    engine: Engine, team: str, vendor: str, edges: Ints, fetched: Sequence[int]
) -> Evidence:
    """Return the evidence for the buckets between ``edges`` (epoch ms).

    ``fetched``: when the vendor's figures of each bucket were fetched, -1 if there are none.
    Raises ``NotFoundError`` for the team.
    """
    with storage.reading(engine) as c:
        moves = _moves(c, teams.team_id(c, team), int(edges[0]), int(edges[-1]))
    stays = _spans(moves, _JOINED, _LEFT)
    others = other_platforms(vendor)
    elsewhere = _spans((move for move in moves if move.source in others), _JOINED, _LEFT)
    spans_of_session: dict[int, list[Span]] = {}
    for (session, _), span in stays.items():
        spans_of_session.setdefault(session, []).append(span)
    sessions = [
        (min(start for start, _ in spans), max(end for _, end in spans))
        for spans in spans_of_session.values()
    ]
    return Evidence(
        _count_touching(stays.values(), edges),
        _count_touching(_spans(moves, _STARTED, _STOPPED).values(), edges),
        _count_touching(sessions, edges),
        _count_late(moves, edges, np.asarray(fetched, np.int64)),
        _count_touching(elsewhere.values(), edges),
    )


class _Move(NamedTuple):
    """A start or an end of a presence or a recording. Instants are epoch ms."""

    session: int
    #: The latest event of the session.
    session_end: int
    code: int
    subject: str
    time: int
    received: int
    source: str


def _moves(c: Connection, team_id: int, start: int, end: int) -> list[_Move]:
    """Return all starts and ends of the sessions with events in ``[start, end)``."""
    s, e = t.sessions.c, t.events.c
    rows = c.execute(
        sa.select(e.session_id, s.last_event, e.code, e.subject, e.time, e.received_at, e.source)
        .join_from(t.sessions, t.events, s.id == e.session_id)
        .where(
            s.team_id == team_id,
            s.first_event < end,
            s.last_event >= start,
            e.code.in_((_JOINED, _LEFT, _STARTED, _STOPPED)),
        )
    )
    return [_Move(*row) for row in rows]


def _spans(moves: Iterable[_Move], start: int, end: int) -> dict[tuple[int, str], Span]:
    """Return the span of each object, by (session, subject): from its first start to its last end.

    ``start`` and ``end`` are codes of events. A span without an end after its start ends with the
    session.
    """
    by_object: dict[tuple[int, str], list[_Move]] = {}
    for move in moves:
        if move.code in (start, end):
            by_object.setdefault((move.session, move.subject), []).append(move)
    spans: dict[tuple[int, str], Span] = {}
    for key, own in by_object.items():
        starts = [move.time for move in own if move.code == start]
        ends = [move.time for move in own if move.code == end]
        first, last = min(starts or ends), max(ends, default=-1)
        spans[key] = first, last if last >= first else own[0].session_end
    return spans


def _count_late(moves: Iterable[_Move], edges: Ints, fetched: Ints) -> Ints:
    """Return how many joins and leaves of each bucket were received after ``fetched``."""
    presence = [move for move in moves if move.code in (_JOINED, _LEFT)]
    time = np.array([move.time for move in presence], np.int64)
    received = np.array([move.received for move in presence], np.int64)
    is_inside = (time >= edges[0]) & (time < edges[-1])
    time, received = time[is_inside], received[is_inside]
    bucket = np.searchsorted(edges, time, side="right") - 1
    is_late = (fetched[bucket] >= 0) & (received > fetched[bucket])
    return np.bincount(bucket[is_late], minlength=len(edges) - 1)


def _count_touching(spans: Collection[Span], edges: Ints) -> Ints:
    """Return how many spans touch each bucket."""
    n = len(edges) - 1
    start, end = np.array(list(spans), np.int64).reshape(-1, 2).T
    first = np.maximum(np.searchsorted(edges, start, side="right") - 1, 0)
    stop = np.minimum(np.searchsorted(edges, end, side="left"), n)
    stop = np.where(end == start, np.minimum(first + 1, n), stop)
    is_inside = (start < edges[-1]) & (end >= edges[0]) & (first < stop)
    change = np.zeros(n + 1, np.int64)
    np.add.at(change, first[is_inside], 1)
    np.add.at(change, stop[is_inside], -1)
    return np.cumsum(change)[:-1]
