"""Questions and answers as frozen values. No SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from usage_report.core.events import iso
from usage_report.core.metrics import ALL, BY_KEY, Unit, metric
from usage_report.core.periods import DAY, Grain, Period, local, midnight, next_start, zone
from usage_report.metering.arrays import Ints


@dataclass(frozen=True, slots=True)
class Query:
    """One question about a range of days. Hashable, so that it can be the key of a cache.

    ``start`` and ``last`` are inclusive dates in ``zone``. Events at or after ``as_of`` (epoch ms)
    do not count. ``metrics`` are keys of ``core.metrics.ALL``; empty means all of them.
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
        """The days of the range."""
        return Period(self.start, self.last + DAY)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the metrics asked for."""
        return self.metrics or tuple(m.key for m in ALL)


class BucketState(StrEnum):
    """Whether the figures of a bucket are final at ``as_of``. The values are part of files."""

    FINAL = "final"
    RUNNING = "running"
    NOT_BEGUN = "not begun"
    NO_RECORDS = "no records"


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The answer to a query. Figures are raw: exact milliseconds, or counts.

    Use ``value`` and ``total`` for figures in the units that people see.
    """

    query: Query
    #: [n + 1] edges of the ``n`` buckets, epoch ms. No buckets: the zone skipped the whole range.
    edges: Ints
    #: The team's earliest event, epoch ms; ``None`` if it has none before ``query.as_of``. Buckets
    #: that end at or before it have no figures.
    records_from: int | None
    #: key -> [n]
    figures: dict[str, Ints]
    #: The figures of the whole range.
    totals: dict[str, int]
    #: Peak metrics only: the earliest instant (epoch ms) of each bucket's peak, -1 for a peak of 0.
    peaks_at: dict[str, Ints]
    totals_at: dict[str, int]
    #: Metrics that no source known at ``query.as_of`` can supply.
    not_supplied: frozenset[str] = frozenset()
    #: The part of ``consumed_minutes`` that comes from sessions without subscription events: [n].
    estimated_ms: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    estimated_total_ms: int = 0
    #: Stays and recordings that the inactivity timeout closed, at an instant within the range.
    closed_by_timeout: int = 0
    #: (title of a platform, metrics that it cannot supply but another platform of the team can).
    #: The platform's part in these figures is missing or inexact.
    partly: tuple[tuple[str, frozenset[str]], ...] = ()
    #: Indices of the buckets that have figures: they begin before ``query.as_of`` and end after
    #: ``records_from``.
    known: range = field(init=False)

    def __post_init__(self) -> None:
        begun = int(np.searchsorted(self.edges[:-1], self.query.as_of))
        first = begun
        if self.records_from is not None:
            first = int(np.searchsorted(self.edges[1:], self.records_from, side="right"))
        object.__setattr__(self, "known", range(min(first, begun), begun))

    def __len__(self) -> int:
        return len(self.edges) - 1

    def value(self, key: str, i: int) -> float | int | None:
        """Return the figure of bucket ``i``: minutes (float) or a count (int).

        ``None`` if the metric is not supplied, or the bucket has not begun or has no records.
        """
        if key in self.not_supplied or i not in self.known:
            return None
        return shown(key, int(self.figures[key][i]))

    def total(self, key: str) -> float | int | None:
        """Return the figure of the whole range, or ``None`` as for ``value``."""
        if key in self.not_supplied or not self.has_total:
            return None
        return shown(key, self.totals[key])

    @property
    def has_total(self) -> bool:
        """Whether the whole range has figures."""
        return self.state() in (BucketState.FINAL, BucketState.RUNNING)

    @property
    def running(self) -> int | None:
        """Index of the bucket with figures in which ``as_of`` lies, if any. They are not final."""
        i = self.known.stop - 1
        return i if i in self.known and self.edges[i + 1] > self.query.as_of else None

    def state(self, i: int | None = None) -> BucketState:
        """Return the state of bucket ``i``, or of the whole range."""
        first, end = (0, len(self)) if i is None else (i, i + 1)
        if self.edges[first] >= self.query.as_of:
            return BucketState.NOT_BEGUN
        if self.records_from is None or self.edges[end] <= self.records_from:
            return BucketState.NO_RECORDS
        is_over = self.edges[end] <= self.query.as_of
        return BucketState.FINAL if is_over else BucketState.RUNNING

    def days(self, i: int) -> Period:
        """Return the days of bucket ``i``. A week or month at an end of the range is cut to it."""
        first = local(int(self.edges[i]), zone(self.query.zone)).date()
        return Period(first, min(next_start(first, self.query.grain), self.query.period.end))

    def start_of(self, i: int) -> str:
        """Return the start of bucket ``i`` as ISO 8601 text with the zone's offset."""
        return local(int(self.edges[i]), zone(self.query.zone)).isoformat()

    def json(self) -> dict[str, Any]:
        """Return the report as the object that the API and the command line print."""
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
    """Return a raw figure in the unit that people see: ms become minutes, without rounding."""
    return raw / 60_000 if BY_KEY[key].unit is Unit.MINUTES else raw


class PeriodMetric(NamedTuple):
    """One card of *This period*."""

    key: str
    value: float | int | None
    limit: float | None
    percent: float | None
    #: The earliest instant of a peak, epoch ms; ``None`` for other metrics and a peak of 0.
    at: int | None


@dataclass(frozen=True, slots=True, eq=False)
class PeriodReport:
    """*This period*: the six cards, and the report by day from which they and the trends come."""

    period: Period
    zone: str
    as_of: int
    metrics: tuple[PeriodMetric, ...]
    daily: Report
    #: The days before that of ``as_of``, for projections; ``None`` once the period is over.
    history: Report | None = None

    def json(self) -> dict[str, Any]:
        """Return the answer as the object that the API and the command line print."""
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
    """One session in which participants are present."""

    room: str
    session: str
    #: Start of the first presence, epoch ms.
    since: int
    people: int
    peak: int
    #: ``None`` if no source of the team reports recordings.
    recording: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """*Real time*: what is happening at ``as_of``."""

    as_of: int
    live_participants: int
    live_sessions: int
    #: Sessions with a running recording; ``None`` if no source of the team reports recordings.
    active_recordings: int | None
    sessions: tuple[LiveSession, ...] = ()
    #: Participants in the last hour as steps: (from instant in epoch ms, number).
    trend: tuple[tuple[int, int], ...] = ()

    def json(self) -> dict[str, Any]:
        """Return the answer as the object that the API and the command line print."""
        return {
            "as_of": iso(self.as_of),
            "live_participants": self.live_participants,
            "live_sessions": self.live_sessions,
            "active_recordings": self.active_recordings,
        }


@dataclass(frozen=True, slots=True)
class TeamInfo:
    """A team's record, and how fresh its figures are."""

    key: str
    zone: str
    billing_day: int
    #: Increases with every change of the team's figures or settings.
    data_version: int
    is_sample: bool
    #: When the last event was received, epoch ms; ``None`` if there are none.
    last_received: int | None
    #: The latest time of an event, epoch ms.
    last_event: int | None
    #: Sessions with events that the figures do not include yet.
    pending: int
    #: The sources of its events: (name, instant of its earliest event, epoch ms), sorted.
    sources: tuple[tuple[str, int], ...] = ()
    #: (metric, first day on which it applies or ``None`` for always, value), oldest first.
    limits: tuple[tuple[str, date | None, float], ...] = ()

    def sources_at(self, as_of: int) -> tuple[str, ...]:
        """Return the names of the sources that have an event before ``as_of`` (epoch ms)."""
        return tuple(name for name, first in self.sources if first < as_of)

    def records_from(self, as_of: int) -> int | None:
        """Return the instant of the earliest event, or ``None`` if none is before ``as_of``."""
        return min((first for _, first in self.sources if first < as_of), default=None)
