"""What can be asked and what is answered: flat, frozen values without any SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from usage_report.core.events import iso
from usage_report.core.metrics import ALL, BY_KEY, METRICS, Unit, metric
from usage_report.core.periods import (
    DAY,
    Grain,
    Period,
    local,
    midnight,
    next_start,
    parse_date,
    zone,
)


@dataclass(frozen=True, slots=True)
class Query:
    """One question. Hashable and flat, so it is its own cache key.

    ``start`` and ``last`` are inclusive dates in ``zone``; ``as_of`` is epoch ms: later events have not happened.
    ``metrics`` are keys of ``metrics.ALL``; empty means the seventeen with all their parts.
    """

    team: str
    start: date
    last: date
    zone: str
    as_of: int
    grain: Grain = Grain.DAY
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in self.metrics:
            metric(key)
        zone(self.zone)

    @property
    def period(self) -> Period:
        return Period(self.start, self.last + DAY)

    @property
    def keys(self) -> tuple[str, ...]:
        return self.metrics or tuple(m.key for m in ALL)


class BucketState(StrEnum):
    """How far a bucket is counted at the report's ``as_of``. The values are public: files hold them."""

    FINAL = "final"
    RUNNING = "running"
    NOT_BEGUN = "not begun"


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The answer. Arrays are int64 and have one entry a bucket; minutes are held as exact milliseconds.

    ``edges`` has one entry more. Buckets that begin at or after ``query.as_of`` have no figures (``begun`` counts the
    ones that do). ``figures[key]`` and ``totals[key]`` are raw (ms or counts); use ``value`` and ``total`` to show them.
    """

    query: Query
    edges: np.ndarray
    begun: int
    figures: dict[str, np.ndarray]
    totals: dict[str, int]
    #: Peak metrics only: the earliest instant (epoch ms) of each bucket's peak, -1 where it is nought.
    peaks_at: dict[str, np.ndarray]
    totals_at: dict[str, int]
    #: Metrics that no source of this team can supply.
    not_supplied: frozenset[str] = frozenset()
    #: Raw consumed ms that come from sessions whose source tells nothing of subscriptions, per bucket and in total.
    estimated_ms: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    estimated_total_ms: int = 0
    #: Spans closed by silence (``stale_after``) in the range.
    stale_closed: int = 0
    #: (title of a platform, metrics that it cannot supply while another platform of this team does): its part in those figures is missing, or rough (such as sessions of a platform whose sessions are one room's day).
    partly: tuple[tuple[str, frozenset[str]], ...] = ()

    def __len__(self) -> int:
        return len(self.edges) - 1

    def value(self, key: str, i: int) -> float | int | None:
        """The figure of bucket ``i``: minutes (float), a count (int), or ``None`` (not supplied, or not begun)."""
        if key in self.not_supplied or i >= self.begun:
            return None
        return shown(key, int(self.figures[key][i]))

    def total(self, key: str) -> float | int | None:
        """The figure of the whole range, computed for the range."""
        if key in self.not_supplied or not self.begun:
            return None
        return shown(key, self.totals[key])

    @property
    def running(self) -> int | None:
        """Index of the bucket that ``as_of`` lies in, if any: its figures are not final."""
        i = self.begun - 1
        return i if i >= 0 and self.edges[i + 1] > self.query.as_of else None

    def state(self, i: int | None = None) -> BucketState:
        """State of bucket ``i``, or of the whole range."""
        first, end = (0, len(self)) if i is None else (i, i + 1)
        if first >= self.begun:
            return BucketState.NOT_BEGUN
        is_over = self.edges[end] <= self.query.as_of
        return BucketState.FINAL if is_over else BucketState.RUNNING

    def days(self, i: int) -> Period:
        """Days of bucket ``i``; the first and the last week or month are cut to the range."""
        first = local(int(self.edges[i]), zone(self.query.zone)).date()
        return Period(first, min(next_start(first, self.query.grain), self.query.period.end))

    def start_of(self, i: int) -> str:
        """The bucket's start as ISO text with the zone's offset."""
        return local(int(self.edges[i]), zone(self.query.zone)).isoformat()

    def json(self) -> dict:
        """The machine interface's object."""
        q = self.query
        return {
            "team": q.team,
            "zone": q.zone,
            "from": q.start.isoformat(),
            "to": q.last.isoformat(),
            "grain": str(q.grain),
            "as_of": iso(q.as_of),
            "rows": [
                {"start": self.start_of(i)} | {k: self.value(k, i) for k in q.keys}
                for i in range(len(self))
            ],
            "total": {k: self.total(k) for k in q.keys},
        }


def shown(key: str, raw: int) -> float | int:
    """Raw facts as the figure people know: ms become minutes, exactly divided, never rounded."""
    return raw / 60_000 if BY_KEY[key].unit is Unit.MINUTES else raw


class PeriodMetric(NamedTuple):
    """One card of *This period*."""

    key: str
    value: float | int | None
    limit: float | None
    percent: float | None
    #: Peaks: the earliest instant of the peak, epoch ms.
    at: int | None


@dataclass(frozen=True, slots=True, eq=False)
class PeriodReport:
    """*This period*: the six cards, and the day-by-day report they are taken from (for the courses)."""

    period: Period
    zone: str
    as_of: int
    metrics: tuple[PeriodMetric, ...]
    daily: Report

    def json(self) -> dict:
        tz = zone(self.zone)
        return {
            "start": local(midnight(self.period.start, tz), tz).isoformat(),
            "end": local(midnight(self.period.end, tz), tz).isoformat(),
            "zone": self.zone,
            "metrics": {
                m.key: {"value": m.value, "limit": m.limit, "percent": m.percent}
                for m in self.metrics
            },
        }


class LiveSession(NamedTuple):
    """One session with somebody in it."""

    room: str
    session: str
    #: Start of the first presence, epoch ms.
    since: int
    people: int
    peak: int
    #: ``None`` where no source of the team tells of recordings.
    recording: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """*Real time*: what is happening at ``as_of``."""

    as_of: int
    live_participants: int
    live_sessions: int
    #: ``None`` where no source of the team tells of recordings.
    active_recordings: int | None
    sessions: tuple[LiveSession, ...] = ()
    #: Course of the last hour as steps: from instant ``trend[i][0]`` (epoch ms) on, ``trend[i][1]`` participants.
    trend: tuple[tuple[int, int], ...] = ()

    def json(self) -> dict:
        return {
            "as_of": iso(self.as_of),
            "live_participants": self.live_participants,
            "live_sessions": self.live_sessions,
            "active_recordings": self.active_recordings,
        }


@dataclass(frozen=True, slots=True)
class TeamInfo:
    """A team's record and its freshness, as pages and exports need it."""

    key: str
    zone: str
    billing_day: int
    #: Moves with every change of the team's figures or settings.
    data_version: int
    is_sample: bool
    #: Instant (epoch ms) the newest event came in; ``None`` before the first.
    last_received: int | None
    #: Instant of the newest event itself.
    last_event: int | None
    #: Sessions with news that the figures do not hold yet.
    pending: int
    sources: tuple[str, ...] = ()
    #: (metric, first day it holds or ``None`` for always, value), oldest first.
    limits: tuple[tuple[str, date | None, float], ...] = ()


__all__ = [
    "METRICS",
    "BucketState",
    "Live",
    "LiveSession",
    "PeriodMetric",
    "PeriodReport",
    "Query",
    "Report",
    "TeamInfo",
    "parse_date",
    "shown",
]
