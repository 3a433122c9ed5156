"""Days, instants, zones and names of buckets as text, in the locale of ``numbers``."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final

from babel.dates import format_date, get_month_names

from usage_report.core.periods import DAY, Grain, Period, local, midnight, next_start, zone
from usage_report.render.numbers import LOCALE
from usage_report.reporting.model import Report

#: Abbreviated months, January first: axes of charts, which format their own dates, use them too.
MONTHS: Final = tuple(get_month_names("abbreviated", locale=LOCALE).values())


@lru_cache(maxsize=4096)
def _date(when: date, pattern: str) -> str:
    """A date by a pattern of the Unicode CLDR. Cached: one page names the same days many times."""
    return format_date(when, pattern, LOCALE)


def day(when: date) -> str:
    """``Mon 23 Nov 2026``."""
    return _date(when, "EEE d MMM y")


def day_month(when: date) -> str:
    """``23 Nov``, where the year is obvious."""
    return _date(when, "d MMM")


def span(period: Period) -> str:
    """Inclusive dates without repetition: ``1–30 Nov 2026``, ``28 Nov – 4 Dec 2026``."""
    first, last = period.start, period.last
    end = _date(last, "d MMM y")
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    return f"{day_month(first) if first.year == last.year else _date(first, 'd MMM y')} – {end}"


def day_year(when: date) -> str:
    """``23 Nov 2026``, in a sentence."""
    return _date(when, "d MMM y")


def clock(ms: int, zone_name: str) -> str:
    """``14:05`` on the clocks of the zone."""
    return f"{local(ms, zone(zone_name)):%H:%M}"


def instant(ms: int, zone_name: str) -> str:
    """``Mon 23 Nov 2026, 14:05`` on the clocks of the zone."""
    at = local(ms, zone(zone_name))
    return f"{day(at.date())}, {at:%H:%M}"


def zone_text(zone_name: str, period: Period) -> str:
    """``Europe/Berlin (UTC+2)``: the zone with its offset in a period, or with each that it has."""
    if zone_name == "UTC":
        return zone_name
    tz = zone(zone_name)
    starts = [midnight(period.start + i * DAY, tz) for i in range(period.days)]
    # Clocks change within days: the last instant of the period may have another offset.
    instants = [*starts, midnight(period.end, tz) - 1]
    offsets = dict.fromkeys(_offset(local(ms, tz)) for ms in instants)
    return f"{zone_name} ({' and '.join(offsets)})"


def repeated(at: datetime) -> str:
    """``UTC+2`` if clocks show this time twice, because they are put back; else an empty text."""
    return "" if at.replace(fold=0).utcoffset() == at.replace(fold=1).utcoffset() else _offset(at)


def bucket(report: Report, i: int) -> str:
    """Name of a bucket: its hour, day, dates of the week, or month.

    An hour that occurs twice on its day, because clocks are turned back, also names its offset.
    """
    grain, at = report.query.grain, local(int(report.edges[i]), zone(report.query.zone))
    if grain is Grain.DAY:
        return day(at.date())
    if grain is Grain.HOUR:
        offset = repeated(at)
        return f"{day(at.date())}, {at:%H:%M}" + (f" ({offset})" if offset else "")
    days = report.days(i)
    if grain is Grain.MONTH and days.start.day == 1 and days.end == next_start(days.start, grain):
        return _date(days.start, "MMMM y")
    return span(days)


def _offset(at: datetime) -> str:
    """``UTC+5:30``."""
    offset = f"{at:%z}"  # "+0530"
    minutes = offset[3:5]
    return f"UTC{offset[0]}{int(offset[1:3])}" + (f":{minutes}" if minutes != "00" else "")
