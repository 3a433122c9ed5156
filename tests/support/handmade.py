"""A reader with made-up figures, against which pages are tested without a database."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from usage_report.core import clock
from usage_report.core.errors import NotFoundError
from usage_report.core.metrics import ALL, Measure, metric
from usage_report.core.periods import Grain, billing_period, edges, today, zone
from usage_report.core.settings import Settings
from usage_report.reporting.model import (
    Live,
    LiveSession,
    PeriodMetric,
    PeriodReport,
    Query,
    Report,
    TeamInfo,
)
from usage_report.ui import cache

HOUR = 3_600_000
#: Mon 23 Nov 2026, 14:32:00 UTC.
NOW = 1_795_444_320_000


def team(key: str = "acme", **changes) -> TeamInfo:
    info = TeamInfo(key, "Europe/Berlin", 15, 7, False, NOW - 12_000, NOW - 15_000, 0, (("demo", 0),),
                    (("participation_minutes", None, 100_000.0), ("max_concurrent_sessions", None, 10.0), ("max_concurrent_participants", None, 200.0)))  # fmt: skip
    return replace(info, **changes)


def report(
    query: Query,
    seed: int = 1,
    scale: float = 1.0,
    absent: frozenset[str] = frozenset(),
    records_from: int | None = 0,
) -> Report:
    """A plausible report: the same for the same query and seed."""
    cuts = edges(query.period, query.grain, zone(query.zone))
    n, random = len(cuts) - 1, np.random.default_rng(seed)
    begun = int(np.searchsorted(cuts[:-1], query.as_of))
    week = np.array(
        [0.25 if (query.start + timedelta(days=i)).weekday() >= 5 else 1.0 for i in range(n)]
    )
    figures, totals, peaks, totals_at = {}, {}, {}, {}
    for key in query.keys:
        raw = random.uniform(0.6, 1.4, n) * week * scale
        raw[begun:] = 0
        match metric(key).measure:
            case Measure.MINUTES:
                values = (raw * 4_000 * 60_000).astype(np.int64)
                totals[key] = int(values.sum())
            case Measure.LEVEL:
                values = ((20_000 + np.cumsum(raw * 300)) * 60_000).astype(np.int64)
                totals[key] = int(values[begun - 1])
            case _:
                values = (raw * 9).astype(np.int64)
                totals[key] = int(values.max())
        figures[key] = values
        if metric(key).measure is Measure.PEAK:
            peaks[key] = np.where(
                values > 0, np.minimum(cuts[:-1] + 10 * HOUR, query.as_of - 1), -1
            )
            totals_at[key] = int(peaks[key][int(values.argmax())])
    return Report(query, cuts, records_from, figures, totals, peaks, totals_at, absent)


@dataclass
class HandmadeReader:
    """Reports like ``reporting.reader.Reader``; ``asked`` records what was computed."""

    infos: dict[str, TeamInfo]
    scale: float = 1.0
    absent: frozenset[str] = frozenset()
    records_from: int | None = 0
    sessions: tuple[LiveSession, ...] = ()
    trend: tuple[tuple[int, int], ...] = ()
    asked: list = field(default_factory=list)
    identity: str = "handmade"

    def teams(self) -> tuple[str, ...]:
        return tuple(self.infos)

    def newest_team(self) -> str | None:
        return max(self.infos, key=lambda key: self.infos[key].last_event or 0, default=None)

    def team(self, key: str) -> TeamInfo:
        if key not in self.infos:
            raise NotFoundError(f"There is no team {key!r}")
        return self.infos[key]

    def report(self, query: Query) -> Report:
        self.asked.append(query)
        return report(query, scale=self.scale, absent=self.absent)

    def period(self, key: str, as_of: int, on: date | None = None) -> PeriodReport:
        self.asked.append(("period", key, as_of))
        info = self.team(key)
        period = billing_period(on or today(as_of, zone(info.zone)), info.billing_day)
        daily = report(
            Query(key, period.start, period.last, info.zone, as_of, Grain.DAY),
            scale=self.scale,
            absent=self.absent,
            records_from=self.records_from,
        )
        limits = {k: v for k, _, v in info.limits}
        cards = []
        for m in (m for m in ALL if m.period):
            value = daily.total(m.key)
            limit = limits.get(m.key)
            percent = value / limit * 100 if limit and value is not None else None
            cards.append(
                PeriodMetric(
                    m.key, value, limit, percent, daily.totals_at.get(m.key) if value else None
                )
            )
        return PeriodReport(
            period,
            info.zone,
            as_of,
            tuple(sorted(cards, key=lambda c: metric(c.key).period)),
            daily,
        )

    def live(self, key: str, as_of: int) -> Live:
        self.asked.append(("live", key, as_of))
        return Live(
            as_of,
            sum(s.people for s in self.sessions),
            len(self.sessions),
            None
            if any(s.recording is None for s in self.sessions)
            else sum(s.recording for s in self.sessions),
            self.sessions,
            self.trend,
        )


def install(monkeypatch, reader: HandmadeReader, now: int = NOW) -> HandmadeReader:
    """Put the reader behind ``ui.cache``, with empty caches and the clock stopped at ``now``."""
    cache.clear()
    monkeypatch.setattr(cache, "reader", lambda: reader)
    monkeypatch.setattr(cache, "settings", Settings)
    monkeypatch.setattr(cache, "reconnect", lambda: None)
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    return reader
