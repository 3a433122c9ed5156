"""Calendar arithmetic: days, weeks, months and billing periods of a time zone, as half-open spans of epoch milliseconds.

Nothing here reads a clock. People pick dates inclusively; everything below holds ``[start, end)``.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np

from usage_report.core.errors import InputError, did_you_mean
from usage_report.core.events import EARLIEST, instant

HOUR = 3_600_000
#: The grain facts are stored in: every zone's day is a union of UTC quarter hours, zones being multiples of 15 minutes.
QUARTER = 900_000
#: Most buckets one report may have: hours of two years.
MAX_BUCKETS = 20_000

DAY = timedelta(days=1)
#: End of the instants and dates that can be asked for: 2200-01-01T00:00:00Z in epoch ms.
_LATEST = 7_258_118_400_000

#: Names of zone files that say another thing on another machine, or (``right/``) count leap seconds: no zones of a report.
_FOREIGN = ("right/", "posix/", "localtime", "posixrules", "Factory")


class Grain(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Period(NamedTuple):
    """``[start, end)`` in whole days of some zone; ``end`` is the day after the last."""

    start: date
    end: date

    @property
    def last(self) -> date:
        """The last day, as people say it."""
        return self.end - DAY

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of a name, or ``InputError`` with the nearest one."""
    try:
        if not name or "\0" in name or len(name) > 100 or name.startswith(_FOREIGN):
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = (
            did_you_mean(
                name[:100], sorted(z for z in available_timezones() if not z.startswith(_FOREIGN))
            )
            or "Use an IANA name such as Europe/Berlin."
        )
        raise InputError(f"There is no time zone {name[:100]!r}", "", hint) from None


def midnight(day: date, tz: ZoneInfo) -> int:
    """Epoch ms of the first instant of a day; where clocks skip midnight, the first instant after it."""
    return int(datetime(day.year, day.month, day.day, tzinfo=tz).timestamp()) * 1000


def local(ms: int, tz: ZoneInfo) -> datetime:
    """The instant as a clock of the zone shows it."""
    return (
        datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000).astimezone(tz)
    )


def today(now: int, tz: ZoneInfo) -> date:
    return local(now, tz).date()


def next_start(day: date, grain: Grain) -> date:
    """First day of the week or month after the one that ``day`` is in (of the next day, for hour and day)."""
    if grain is Grain.WEEK:
        return day + timedelta(days=7 - day.weekday())
    if grain is Grain.MONTH:
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + DAY


def edges(period: Period, grain: Grain, tz: ZoneInfo) -> np.ndarray:
    """Bucket edges, int64 epoch ms, one more than there are buckets, strictly rising.

    The first and the last week or month are cut to the period; a date the zone skipped has no bucket.
    Raises ``InputError`` where the period is empty or has more than ``MAX_BUCKETS`` buckets.
    """
    if period.days <= 0:
        raise InputError(
            f"The range {period.start} to {period.last} has no day", "its end is before its start"
        )
    if period.days * (24 if grain is Grain.HOUR else 1) > MAX_BUCKETS:
        raise InputError(
            f"The range {period.start} to {period.last} is too long to be cut by the {grain}",
            f"it would have over {MAX_BUCKETS:,} rows",
            "Choose a coarser grain or fewer days.",
        )
    out: list[int] = []
    day, a = period.start, midnight(period.start, tz)
    while day < period.end:
        day = min(next_start(day, grain), period.end)
        b = midnight(day, tz)
        out.extend(range(a, b, HOUR) if grain is Grain.HOUR else [a] if a < b else [])
        a = b
    return np.array([*out, a], dtype=np.int64)


def billing_period(day: date, anchor: int) -> Period:
    """The monthly billing period that holds ``day``; ``anchor`` (1 to 31) is clamped to each month's last day."""

    def start(year: int, month: int) -> date:
        return date(year, month, min(anchor, calendar.monthrange(year, month)[1]))

    first = start(day.year, day.month)
    if day < first:
        before = day.replace(day=1) - DAY
        return Period(start(before.year, before.month), first)
    after = next_start(day, Grain.MONTH)
    return Period(first, start(after.year, after.month))


def parse_date(text: str) -> date:
    """A date as ``YYYY-MM-DD``, or ``InputError``."""
    try:
        day = date.fromisoformat(text)
        if day.isoformat() != text:  # week dates and the like, which fromisoformat also reads
            raise ValueError
    except ValueError:
        raise InputError(
            f"{text[:40]!r} is not a date", "", "Write it as YYYY-MM-DD, for example 2026-03-31."
        ) from None
    if not 2000 <= day.year < 2200:
        raise InputError(f"{text} is out of range", "", "Dates from 2000 to 2199 are taken.")
    return day


def parse_instant(text: str) -> int:
    """Return the epoch ms of an RFC 3339 time with offset, from 2000 to 2199, or raise ``InputError``."""
    try:
        at = instant(text)
    except (ValueError, OverflowError) as error:
        raise InputError(str(error)) from None
    if not EARLIEST <= at < _LATEST:
        raise InputError(
            f"{text[:40]} is out of range", "", "Instants from 2000 to 2199 are accepted."
        )
    return at
