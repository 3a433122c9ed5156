"""The buckets of a report on a time axis: places, names, and which are partial."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from usage_report.core.periods import Grain, local, zone
from usage_report.metering.arrays import Ints
from usage_report.render import dates
from usage_report.render.charts.axis import (
    Tick,
    TimeAxis,
    clock_tick,
    day_tick,
    time_axis,
    wall_clock,
    wall_clock_of_day,
)
from usage_report.reporting.model import Report


@dataclass(frozen=True, slots=True)
class Buckets:
    """All buckets in order. Places are on the wall clock."""

    #: The start of each: there its points are.
    at: list[int]
    #: Half-way to the neighbours: n + 1 edges of the hover.
    half: list[int]
    names: list[str]
    #: Why a bucket is incomplete: ``so far, until 15:14``, ``4 of 7 days``; empty if it is not.
    notes: list[str]

    def is_partial(self, i: int) -> bool:
        """Whether a bucket has less than its grain."""
        return bool(self.notes[i])


@lru_cache(maxsize=16)
def of(report: Report) -> Buckets:
    """The buckets of a report. Cached for it: do not change them."""
    start = _wall_clocks(report)
    half = np.concatenate(
        ([3 * start[0] - start[1]], start[:-1] + start[1:], [3 * start[-1] - start[-2]])
    )
    indices = range(len(report))
    return Buckets(
        start[:-1].tolist(),
        (half[:-1] // 2).tolist(),
        [dates.bucket(report, i) for i in indices],
        [_note(report, i) for i in indices],
    )


def axis(report: Report, buckets: Buckets) -> TimeAxis:
    """The time axis: ticks stand on the buckets' starts."""
    ticks = [_tick(report, i, at) for i, at in enumerate(buckets.at)]
    return time_axis(buckets.half[0], buckets.half[-1], ticks, report.query.grain)


def weekends(report: Report, buckets: Buckets) -> list[tuple[int, int]]:
    """Weekends of a report by day."""
    if report.query.grain is not Grain.DAY:
        return []
    out: list[tuple[int, int]] = []
    for i, (begin, end) in enumerate(zip(buckets.half[:-1], buckets.half[1:], strict=True)):
        if report.days(i).start.weekday() < 5:
            continue
        if out and out[-1][1] == begin:
            out[-1] = (out[-1][0], end)
        else:
            out.append((begin, end))
    return out


def unrecorded(report: Report, buckets: Buckets) -> tuple[int, int, str] | None:
    """The buckets before the team's first event."""
    first = report.known.start
    if report.records_from is None or not first:
        return None
    day = local(report.records_from, zone(report.query.zone)).date()
    text = f"No records before {dates.day_year(day)}"
    return buckets.half[0], buckets.half[first], text


def _tick(report: Report, i: int, at: int) -> Tick:
    query = report.query
    if query.grain is not Grain.HOUR:
        return day_tick(at, report.days(i).start, query.grain)
    when = local(int(report.edges[i]), zone(query.zone))
    return clock_tick(at, when, dates.repeated(when))


def _note(report: Report, i: int) -> str:
    query = report.query
    if i == report.running:
        is_within_day = query.grain in (Grain.DAY, Grain.HOUR)
        until = (dates.clock if is_within_day else dates.instant)(query.as_of, query.zone)
        return f"so far, until {until}"
    if query.grain not in (Grain.WEEK, Grain.MONTH):
        return ""
    days = report.days(i)
    whole = (
        7
        if query.grain is Grain.WEEK
        else calendar.monthrange(days.start.year, days.start.month)[1]
    )
    return f"{days.days} of {whole} days" if days.days < whole else ""


def _wall_clocks(report: Report) -> Ints:
    """The bucket edges on the wall clock, strictly rising: each bucket is over its own tick.

    Hours that occur twice, because clocks are put back, share the stretch of both evenly.
    """
    tz = zone(report.query.zone)
    if report.query.grain is not Grain.HOUR:
        days = (local(edge, tz).date() for edge in report.edges.tolist())
        return np.array([wall_clock_of_day(day) for day in days], np.int64)
    out = np.array([wall_clock(edge, tz) for edge in report.edges.tolist()], np.int64)
    for i in (np.flatnonzero(np.diff(out) <= 0) + 1).tolist():
        first = int(np.argmax(out >= out[i]))
        after = i + int(np.argmax(out[i:] > out[i - 1]))
        out[first:after] = np.linspace(out[first], out[after], after - first, endpoint=False)
    return out
