"""The billing periods of a team: which there are, and their figures against their limits."""

from __future__ import annotations

from usage_report.core.periods import DAY, Period, billing_period, today, zone
from usage_report.reporting.model import PeriodReport, TeamInfo


def billing_periods(info: TeamInfo, as_of: int, most: int) -> tuple[Period, ...]:
    """Return the billing period of ``as_of`` (epoch ms) and those before it, the newest first.

    They are at most ``most``, and none ends before the team's records begin.
    """
    tz = zone(info.zone)
    records = info.records_from(as_of)
    first = today(as_of if records is None else records, tz)
    periods = [billing_period(today(as_of, tz), info.billing_day)]
    while len(periods) < most and periods[-1].start > first:
        periods.append(billing_period(periods[-1].start - DAY, info.billing_day))
    return tuple(periods)


def is_over(report: PeriodReport) -> bool:
    """Return whether the period of a report has ended by its instant."""
    return today(report.as_of, zone(report.zone)) > report.period.last


__all__ = ["billing_periods", "is_over"]
