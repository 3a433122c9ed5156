"""Reports with plausible figures, for tests of everything that only shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from usage_report.core.events import instant
from usage_report.core.metrics import ALL, METRICS, Measure, parts
from usage_report.core.periods import DAY, edges, local, zone
from usage_report.reporting.model import PeriodMetric, PeriodReport, Query, Report, TeamInfo

#: Highest daily figure of a metric, in raw units (ms for minutes).
SIZE = {
    "participation_minutes": 12_000 * 60_000,
    "active_participants": 180,
    "max_concurrent_participants": 96,
    "sessions": 42,
    "active_rooms": 11,
    "max_concurrent_sessions": 9,
    "max_participants_per_session": 64,
    "recorded_minutes": 700 * 60_000,
    "max_concurrent_recordings": 4,
    "captions_minutes": 260 * 60_000,
    "whiteboard_minutes": 90 * 60_000,
    "breakout_minutes": 45 * 60_000,
    "recording_storage_minutes": 40_000 * 60_000,
    "chat_posts": 900,
    "qa_posts": 60,
}
PART = {
    "broadcast_minutes": (4_100, 2_300, 200, 900),
    "consumed_minutes": (39_000, 22_000, 1_300, 14_000),
}


def make_team(**changes) -> TeamInfo:
    """The team ``acme``, with any field changed."""
    fields = {
        "key": "acme", "zone": "Europe/Berlin", "billing_day": 15, "data_version": 1, "is_sample": False,
        "last_received": 1_795_430_000_000, "last_event": 1_795_430_000_000, "pending": 0, "sources": (("demo", 0),),
    }  # fmt: skip
    return TeamInfo(**fields | changes)


def make_report(
    query: Query,
    seed: int = 1,
    *,
    not_supplied: tuple[str, ...] = (),
    estimated: float = 0.0,
    empty: bool = False,
    records_from: int | None = 0,
) -> Report:
    """A report with a weekly rhythm and noise; the same for the same arguments.

    ``estimated`` is the share of consumed minutes that is estimated; ``not_supplied`` names whole
    metrics (their parts follow). Totals are sums, maxima or the last figure. For distinct counts
    they are 1.6 times the largest bucket: more than any bucket, less than their sum.
    """
    cut = edges(query.period, query.grain, zone(query.zone))
    begun = int(np.searchsorted(cut[:-1], query.as_of, side="left"))
    rng = np.random.default_rng(seed)
    n = len(cut) - 1
    days = (cut[:-1] // 86_400_000 + 3) % 7  # 0 is Monday
    rhythm = np.where(days < 5, 1.0, 0.12) * (0.7 + 0.3 * np.linspace(0, 1, n))
    figures: dict[str, np.ndarray] = {}
    for m in METRICS:
        kinds = parts(m.key)
        for key, size in zip(
            [p.key for p in kinds] or [m.key], PART.get(m.key) or (SIZE[m.key],), strict=True
        ):
            size = size * 60_000 if kinds else size
            wave = (
                np.linspace(0.4, 1, n)
                if m.measure is Measure.LEVEL
                else rhythm * rng.uniform(0.6, 1, n)
            )
            figures[key] = np.zeros(n, np.int64) if empty else (wave * size).astype(np.int64)
        if kinds:
            figures[m.key] = sum(figures[p.key] for p in kinds)
    totals, peaks, totals_at = {}, {}, {}
    for m in ALL:
        values = figures[m.key]
        values[begun:] = 0
        seen = values[:begun] if begun else np.zeros(1, np.int64)
        totals[m.key] = int(
            {"peak": seen.max(), "level": seen[-1], "distinct": seen.max() * 8 // 5}.get(
                str(m.measure), seen.sum()
            )
        )
        if m.measure is Measure.PEAK:
            peaks[m.key] = np.where(
                values > 0, np.minimum(cut[:-1] + 10 * 3_600_000 + 120_000, cut[1:] - 1), -1
            )
            totals_at[m.key] = int(peaks[m.key][int(values.argmax())]) if n else -1
    out = {p.key for k in not_supplied for p in (*parts(k),)} | set(not_supplied)
    guess = (figures["consumed_minutes"] * estimated).astype(np.int64)
    return Report(
        query,
        cut,
        records_from,
        figures,
        totals,
        peaks,
        totals_at,
        frozenset(out),
        guess,
        int(guess.sum()),
    )


def make_period(
    as_of: str,
    key: str,
    values: Sequence[int],
    *,
    zone_name: str = "UTC",
    peaks_at: Sequence[str] = (),
    start: date = date(2026, 3, 1),
    last: date = date(2026, 3, 10),
    history: Sequence[int] = (),
) -> PeriodReport:
    """A billing period (of ten days) with one metric: raw ``values``, one per day.

    ``history``: the raw values of the days before that of ``as_of``, up to the day before.
    """
    query = Query("acme", start, last, zone_name, instant(as_of), metrics=(key,))
    blank = make_report(query)
    figures = np.zeros(len(blank), np.int64)
    figures[: len(values)] = values
    at = np.full(len(blank), -1, np.int64)
    at[: len(peaks_at)] = [instant(text) for text in peaks_at]
    daily = replace(blank, figures={key: figures}, peaks_at={key: at})
    return PeriodReport(
        query.period, zone_name, query.as_of, (), daily, _make_history(query, key, history)
    )


def _make_history(query: Query, key: str, values: Sequence[int]) -> Report | None:
    today = local(query.as_of, zone(query.zone)).date()
    if not values:
        return None
    asked = replace(query, start=today - len(values) * DAY, last=today - DAY)
    return replace(make_report(asked), figures={key: np.array(values, np.int64)})


def make_period_metric(key: str, value: float, limit: float | None = None) -> PeriodMetric:
    """The figure of a billing period, with its percentage of a limit."""
    return PeriodMetric(key, value, limit, None if limit is None else 100 * value / limit, None)
