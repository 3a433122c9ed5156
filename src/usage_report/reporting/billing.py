"""Standing against the limits of a billing period: state and running totals, as data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Final

from usage_report.core.metrics import Measure, metric
from usage_report.core.periods import midnight, zone
from usage_report.reporting.model import PeriodMetric, PeriodReport, Report, shown

#: Percentage of the limit from which a figure is near it.
NEAR_PERCENT: Final = 80


class State(StrEnum):
    """Where a figure stands against its limit."""

    WITHIN = "within"
    NEAR = "near"
    OVER = "over"


def state(percent: float | None) -> State | None:
    """State of a percentage of the limit; ``None`` without a limit. Exactly 100 % is not over."""
    if percent is None:
        return None
    if percent > 100:
        return State.OVER
    return State.NEAR if percent >= NEAR_PERCENT else State.WITHIN


def passed(report: PeriodReport, figure: PeriodMetric) -> date | None:
    """First day at whose end the figure exceeded its limit; ``None`` while it does not."""
    if not figure.limit or figure.value is None or figure.value <= figure.limit:
        return None
    totals = running_totals(report.daily, figure.key)
    days = (i for i, value in totals if value > figure.limit)
    first = next(days, None)
    return None if first is None else report.daily.days(first).start


def running_totals(daily: Report, key: str) -> Iterator[tuple[int, float]]:
    """Yield (index of a day, the figure from the period's start to its end).

    Days without a figure are left out: not begun, without records, or not supplied.
    """
    if key in daily.not_supplied:
        return
    measure, total = metric(key).measure, 0
    for i in daily.known:
        raw = int(daily.figures[key][i])
        if measure is Measure.PEAK:
            total = max(total, raw)
        elif measure is Measure.LEVEL:
            total = raw
        else:
            total += raw
        yield i, float(shown(key, total))


def bounds(report: PeriodReport) -> tuple[int, int]:
    """Start and end of the period as epoch ms; the end is exclusive."""
    tz = zone(report.zone)
    return midnight(report.period.start, tz), midnight(report.period.end, tz)


__all__ = ["NEAR_PERCENT", "State", "bounds", "passed", "running_totals", "state"]
