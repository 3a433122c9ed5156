"""Reading what a vendor said, and what its figures must be held against: the counts that bound its rounding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from usage_report import storage
from usage_report.core.events import CODE
from usage_report.storage import tables as t
from usage_report.storage import teams

_JOINED, _LEFT, _STARTED, _STOPPED, _DELETED = (
    CODE[x]
    for x in (
        "participant.joined",
        "participant.left",
        "recording.started",
        "recording.stopped",
        "recording.deleted",
    )
)


class VendorFigures(NamedTuple):
    """What a vendor said, by day (``YYYY-MM-DD``)."""

    vendor: str
    #: day -> the vendor's name of the metric -> value
    values: dict[str, dict[str, float]]
    #: day -> when it said so, epoch ms
    fetched: dict[str, int]


class Evidence(NamedTuple):
    """Per bucket, int64: what bounds the roundings of a vendor, and what it could not know yet."""

    #: Connections present in the bucket.
    connections: np.ndarray
    #: Recordings that ran in it.
    recordings: np.ndarray
    #: Sessions with somebody present in it.
    sessions: np.ndarray
    #: Joins and leaves of the bucket that came in after the vendor's figures.
    late: np.ndarray


def vendors(engine: Engine, team: str) -> dict[str, tuple[date, date]]:
    """Vendors of whom there are figures -> first and last day."""
    f = t.vendor_figures.c
    with storage.reading(engine) as c:
        id = teams.team_id(c, team)
        rows = c.execute(
            sa.select(f.vendor, sa.func.min(f.day), sa.func.max(f.day))
            .where(f.team_id == id)
            .group_by(f.vendor)
            .order_by(f.vendor)
        )
        return {vendor: (date.fromisoformat(a), date.fromisoformat(b)) for vendor, a, b in rows}


def figures(engine: Engine, team: str, vendor: str, start: date, last: date) -> VendorFigures:
    """The vendor's figures of the days ``start`` to ``last``, both included. Raises ``NotFound`` for the team."""
    f = t.vendor_figures.c
    with storage.reading(engine) as c:
        id = teams.team_id(c, team)
        rows = c.execute(
            sa.select(f.day, f.metric, f.value, f.fetched_at)
            .where(
                f.team_id == id,
                f.vendor == vendor,
                f.day >= start.isoformat(),
                f.day <= last.isoformat(),
            )
            .order_by(f.day, f.metric)
        ).all()
    values: dict[str, dict[str, float]] = {}
    for day, metric, value, _ in rows:
        values.setdefault(day, {})[metric] = value
    return VendorFigures(vendor, values, {day: at for day, _, _, at in rows})


def evidence(engine: Engine, team: str, edges: np.ndarray, fetched: Sequence[int]) -> Evidence:
    """Counts per bucket of ``edges`` (epoch ms, one more than buckets); ``fetched`` has each one's fetch, -1 for none."""
    s, e = t.sessions.c, t.events.c
    start, end = int(edges[0]), int(edges[-1])
    with storage.reading(engine) as c:
        id = teams.team_id(c, team)
        rows = c.execute(
            sa.select(e.session_id, s.last_event, e.code, e.subject, e.time, e.received_at)
            .join_from(t.sessions, t.events, s.id == e.session_id)
            .where(
                s.team_id == id,
                s.first_event < end,
                s.last_event >= start,
                e.code.in_((_JOINED, _LEFT, _STARTED, _STOPPED)),
            )
        ).all()
    asked = np.asarray(fetched, np.int64)
    late = np.zeros(len(edges) - 1, np.int64)
    spans: dict[tuple, list[int]] = {}
    for session, silent, code, subject, time, received in rows:
        recording = code in (_STARTED, _STOPPED)
        begins = code in (_JOINED, _STARTED)
        # What has no end lasts to the last word of its session.
        span = spans.setdefault((recording, session, subject), [time, -1, silent])
        if begins:
            span[0] = min(span[0], time)
        else:
            span[1] = max(span[1], time)
        if not recording and start <= time < end:
            i = int(np.searchsorted(edges, time, side="right")) - 1
            late[i] += asked[i] >= 0 and received > asked[i]
    touched: tuple[list, list] = ([], [])
    present: dict[int, list[list[int]]] = {}
    for (recording, session, _), (begin, finish, silent) in spans.items():
        span = [begin, finish if finish >= begin else silent]
        touched[recording].append(span)
        if not recording:
            present.setdefault(session, []).append(span)
    by_session = [[min(a for a, _ in them), max(b for _, b in them)] for them in present.values()]
    return Evidence(
        _touching(touched[0], edges),
        _touching(touched[1], edges),
        _touching(by_session, edges),
        late,
    )


def _touching(spans: list[list[int]], edges: np.ndarray) -> np.ndarray:
    """How many spans touch each bucket."""
    n = len(edges) - 1
    if not spans:
        return np.zeros(n, np.int64)
    begin, finish = np.array(spans, np.int64).T
    first = np.maximum(np.searchsorted(edges, begin, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(edges, finish, side="left"), n)  # exclusive
    last = np.where(finish == begin, np.minimum(first + 1, n), last)
    inside = (begin < edges[-1]) & (finish >= edges[0]) & (first < last)
    change = np.zeros(n + 1, np.int64)
    np.add.at(change, first[inside], 1)
    np.add.at(change, last[inside], -1)
    return np.cumsum(change)[:-1]
