"""TODO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum

from usage_report.core.metrics import Measure, metric
from usage_report.core.periods import Period, local, midnight, zone
from usage_report.reporting.model import PeriodMetric, PeriodReport, Report, shown

DAY = 86_400_000


#: From this share of the limit on (percent) a person should look.
NEAR = 80


class State(Enum):
    """Where a figure stands against its limit: words, a sign, and a colour, so that none is needed alone."""

    WITHIN = ("within limit", "✓", "ok")
    NEAR = ("near limit", "▲", "near")
    OVER = ("over limit", "✕", "over")

    def __init__(self, words: str, sign: str, tone: str) -> None:
        self.words, self.sign, self.tone = words, sign, tone


def state(percent: float | None) -> State | None:
    """The state of a percentage of the limit; ``None`` without one. Exactly 100 % is not over."""
    if percent is None:
        return None
    return State.OVER if percent > 100 else State.NEAR if percent >= NEAR else State.WITHIN


@dataclass(frozen=True, slots=True)
class Pace:
    """Where a running total ends if it goes on as so far."""

    #: Minutes at the end of the period.
    value: float
    percent: float | None
    #: First day on which the limit is passed, if it is in this period.
    passed: date | None


def pace(report: PeriodReport, figure: PeriodMetric) -> Pace | None:
    """The pace of a metric that adds up; ``None`` for others, before a day has passed, and after the period's end."""
    if metric(figure.key).measure is not Measure.MINUTES or figure.value is None:
        return None
    start, end = bounds(report)
    elapsed = report.as_of - start
    if not DAY <= elapsed < end - start:
        return None
    value = figure.value * (end - start) / elapsed
    passed = None
    if figure.limit and value > figure.limit and figure.value <= figure.limit:
        passed = local(start + int(elapsed * figure.limit / figure.value), zone(report.zone)).date()
    return Pace(value, value / figure.limit * 100 if figure.limit else None, passed)


def passed(report: PeriodReport, figure: PeriodMetric) -> date | None:
    """The day on which the limit was passed, as far as the figures say."""
    if not figure.limit or figure.value is None or figure.value <= figure.limit:
        return None
    tz = zone(report.zone)
    for begin, value in zip(
        report.daily.edges.tolist(), running_totals(report.daily, figure.key), strict=False
    ):
        if value > figure.limit:
            return local(begin, tz).date()
    return None


def running_totals(daily: Report, key: str) -> Iterator[float]:
    """The figure from the period's start to the end of each begun day; nothing where the metric is not supplied."""
    if key in daily.not_supplied:
        return
    measure, total = metric(key).measure, 0
    for raw in daily.figures[key][: daily.begun].tolist():
        total = (
            max(total, raw)
            if measure is Measure.PEAK
            else raw
            if measure is Measure.LEVEL
            else total + raw
        )
        yield float(shown(key, total))


def bounds(report: PeriodReport) -> tuple[int, int]:
    period: Period = report.period
    tz = zone(report.zone)
    return midnight(period.start, tz), midnight(period.end, tz)
