"""Projection of a running total to the end of its billing period.

Each day to come counts as the same weekday did. Each of the last eight weeks that is recorded in
full gives one course of the days to come; the projection is their mean, and its range goes from the
lowest to the highest of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

import numpy as np

from usage_report.core.metrics import PERIOD, Measure, metric
from usage_report.core.periods import DAY, Period
from usage_report.reporting.model import PeriodMetric, PeriodReport, Report

WEEKS: Final = 8
#: The metrics that have a projection.
PROJECTED: Final = tuple(m.key for m in PERIOD if m.measure is Measure.MINUTES)


class ProjectedDay(NamedTuple):
    """The running total at the end of a day, epoch ms: lowest, mean and highest course."""

    at: int
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Projection:
    """The days of a period that are not over, in order."""

    days: tuple[ProjectedDay, ...]
    #: The mean at the end as a percentage of the limit; ``None`` without one.
    percent: float | None
    #: First day on which the mean exceeds the limit; ``None`` if not in this period.
    passed: date | None
    #: The number of weeks it is made from.
    weeks: int

    @property
    def end(self) -> ProjectedDay:
        """The end of the period."""
        return self.days[-1]


def days_before(today: date) -> Period:
    """The days whose figures a projection needs."""
    return Period(today - WEEKS * 7 * DAY, today)


def project(report: PeriodReport, figure: PeriodMetric) -> Projection | None:
    """Projection of a metric whose days add up.

    ``None`` for other metrics, after the period, and before a whole week is recorded.
    """
    daily, history = report.daily, report.history
    today = int(np.searchsorted(daily.edges, report.as_of, side="right")) - 1
    if metric(figure.key).measure is not Measure.MINUTES or figure.value is None:
        return None
    if history is None or not 0 <= today < len(daily):
        return None
    weeks = _weeks(history, figure.key)
    if not weeks:
        return None
    used = daily.value(figure.key, today) or 0
    totals = [figure.value] * len(weeks)
    days: list[ProjectedDay] = []
    passed = None
    for i in range(today, len(daily)):
        day = daily.days(i).start
        for k, week in enumerate(weeks):
            expected = week[day.weekday()]
            totals[k] += max(expected - used, 0) if i == today else expected
        mean = sum(totals) / len(totals)
        days.append(ProjectedDay(int(daily.edges[i + 1]), min(totals), mean, max(totals)))
        if figure.limit and passed is None and figure.value <= figure.limit < mean:
            passed = day
    percent = 100 * days[-1].mean / figure.limit if figure.limit else None
    return Projection(tuple(days), percent, passed, len(weeks))


def _weeks(history: Report, key: str) -> list[dict[int, float]]:
    """Minutes by weekday (0 is Monday) of each week before today that is recorded in full."""
    out = []
    for first in range(0, len(history) - 6, 7):
        days = range(first, first + 7)
        values = {history.days(i).start.weekday(): history.value(key, i) for i in days}
        week = {weekday: value for weekday, value in values.items() if value is not None}
        if len(week) == 7:
            out.append(week)
    return out


__all__ = ["PROJECTED", "WEEKS", "ProjectedDay", "Projection", "days_before", "project"]
