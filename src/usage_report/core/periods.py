"""Calendar arithmetic: days, weeks, months and billing periods of a time zone.

Spans are half-open: ``[start, end)``. Users pick dates inclusively, so ``Period.last`` is the last
day they see.
"""

from __future__ import annotations

import calendar
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
from numpy.typing import NDArray

from usage_report.core.errors import InputError, did_you_mean
from usage_report.core.events import EARLIEST, instant

HOUR = 3_600_000
#: Milliseconds of the grain that facts are stored in. Offsets of time zones are multiples of 15
#: minutes, so that every day of every zone is a union of UTC quarter hours.
QUARTER = 900_000
QUARTERS_A_DAY = 96
UTC_DAY = QUARTERS_A_DAY * QUARTER
#: Most buckets a report may have: about the hours of two years.
MAX_BUCKETS = 20_000

DAY = timedelta(days=1)
#: Clocks that are put forward by as much as this skip a date; for summer time it is 2 h at most.
_SKIPS_A_DATE = 20 * HOUR
#: End of the instants and dates that can be asked for: 2200-01-01T00:00:00Z in epoch ms.
_LATEST = 7_258_118_400_000

#: Zone files that differ between machines or (``right/``) count leap seconds: not for reports.
_FOREIGN = ("right/", "posix/", "localtime", "posixrules", "Factory")


class Grain(StrEnum):
    """Length of the buckets of a report."""

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
        """The last day of the period."""
        return self.end - DAY

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return the IANA zone of a name. Raises ``InputError`` with the nearest name."""
    if name and "\0" not in name and len(name) <= 100 and not name.startswith(_FOREIGN):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    known = sorted(z for z in available_timezones() if not z.startswith(_FOREIGN))
    hint = did_you_mean(name[:100], known) or "Use an IANA name such as Europe/Berlin."
    raise InputError(f"There is no time zone {name[:100]!r}", "", hint)


def midnight(day: date, tz: ZoneInfo) -> int:
    """Return the epoch ms of the first instant of a day.

    Where clocks skip midnight, that is the first instant after the gap.
    """
    return int(datetime(day.year, day.month, day.day, tzinfo=tz).timestamp()) * 1000


def local(ms: int, tz: ZoneInfo) -> datetime:
    """Return an instant (epoch ms) as local time of a zone."""
    return (
        datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000).astimezone(tz)
    )


def today(now: int, tz: ZoneInfo) -> date:
    """Return the date of an instant (epoch ms) in a zone."""
    return local(now, tz).date()


def next_start(day: date, grain: Grain) -> date:
    """Return the first day of the week or month after that of ``day`` (hour, day: the next day)."""
    if grain is Grain.WEEK:
        return day + timedelta(days=7 - day.weekday())
    if grain is Grain.MONTH:
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + DAY


def edges(
    period: Period, grain: Grain, tz: ZoneInfo, most: int | None = MAX_BUCKETS
) -> NDArray[np.int64]:
    """Return the edges of a period's buckets: epoch ms, strictly rising, one more than buckets.

    The first and the last week or month are cut to the period. A date that the zone skipped has no
    bucket. Raises ``InputError`` if the period is empty or has more than ``most`` buckets.
    """
    if period.days <= 0:
        raise InputError(
            f"The range {period.start} to {period.last} has no day", "its end is before its start"
        )
    out: list[int] = []
    day, a = period.start, midnight(period.start, tz)
    while day < period.end:
        day = min(next_start(day, grain), period.end)
        b = midnight(day, tz)
        out.extend(range(a, b, HOUR) if grain is Grain.HOUR else [a] if a < b else [])
        if most is not None and len(out) > most:
            raise InputError(
                f"The range {period.start} to {period.last} is too long to be shown by the {grain}",
                f"it would have over {most:,} rows",
                "Choose a coarser grain or fewer days.",
            )
        a = b
    return np.array([*out, a], dtype=np.int64)


def skipped_dates(period: Period, tz: ZoneInfo) -> tuple[date, ...]:
    """Return the dates of a period that a zone skipped, such as 30 Dec 2011 in Pacific/Apia."""
    length = midnight(period.end, tz) - midnight(period.start, tz)
    if period.days * 24 * HOUR - length < _SKIPS_A_DATE:
        return ()
    days = (period.start + DAY * i for i in range(period.days))
    return tuple(day for day in days if midnight(day, tz) == midnight(day + DAY, tz))


def billing_period(day: date, anchor: int) -> Period:
    """Return the monthly billing period that contains ``day``.

    It begins on the day ``anchor`` (1 to 31) of a month, or on the month's last day if the month is
    shorter.
    """

    def start(year: int, month: int) -> date:
        return date(year, month, min(anchor, calendar.monthrange(year, month)[1]))

    first = start(day.year, day.month)
    if day < first:
        before = day.replace(day=1) - DAY
        return Period(start(before.year, before.month), first)
    after = next_start(day, Grain.MONTH)
    return Period(first, start(after.year, after.month))


def parse_date(text: str) -> date:
    """Return the date of a text ``YYYY-MM-DD`` from 2000 to 2199. Raises ``InputError``."""
    day = None
    with suppress(ValueError):
        day = date.fromisoformat(text)
    # fromisoformat also reads week dates and the like.
    if day is None or day.isoformat() != text:
        raise InputError(
            f"{text[:40]!r} is not a date", "", "Write it as YYYY-MM-DD, for example 2026-03-31."
        )
    if not 2000 <= day.year < 2200:
        raise InputError(f"{text} is out of range", "", "Dates from 2000 to 2199 are accepted.")
    return day


def parse_instant(text: str) -> int:
    """Return the epoch ms of an RFC 3339 time with offset, from 2000 to 2199.

    Raises ``InputError``.
    """
    try:
        at = instant(text)
    except (ValueError, OverflowError) as error:
        raise InputError(str(error)) from None
    if not EARLIEST <= at < _LATEST:
        raise InputError(
            f"{text[:40]} is out of range", "", "Instants from 2000 to 2199 are accepted."
        )
    return at
