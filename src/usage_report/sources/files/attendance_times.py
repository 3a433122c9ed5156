"""Local times as attendance reports write them, and the instants they stand for.

**Zone.** A time with an offset is used as it is. All others are in the time zone of the account
that exported the file, which the file does not name: ``Context.zone`` (``--zone``) does, and
without it the file is rejected. Where clocks go back, an hour that occurs twice is read as the
first of the two; for the end of a stay as the second, if the first is before the start.

**Day and month.** ``2026-03-01`` and ``1.3.2026`` are unambiguous. With slashes, a number over 12
in any date of the file decides; else the order whose dates are all in the past, if only one is;
else AM or PM, which mean that the month is first. If nothing decides, the file is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from usage_report.core import periods
from usage_report.core.errors import EventError, InputError
from usage_report.core.events import AHEAD
from usage_report.sources.contract import Context

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"""
    (\d{1,4}) ([-./]) (\d{1,2}) \2 (\d{1,4})      # date
    (?: ,\s* | \s+ | T )
    (\d{1,2}) [:.] (\d\d) (?: [:.] (\d\d) )?      # time of day
    (?: \s* ([AP]) \.? M \.? )?
    \s* ( Z | [+-]\d\d:?\d\d )?                   # offset from UTC
    """,
    re.IGNORECASE | re.ASCII | re.VERBOSE,
)


class WrittenTime(NamedTuple):
    """The parts of a time as written."""

    date: tuple[int, int, int]
    #: ``ymd`` or ``dmy`` where the form of the date shows it, else empty.
    order: str
    #: Hour, minute, second.
    clock: tuple[int, int, int]
    #: ``A`` or ``P`` of AM and PM, or empty.
    half: str
    #: ``Z``, ``+02:00``, or empty.
    offset: str

    def local(self, order: str) -> datetime:
        """Return the local time without its zone; ``order`` is that of an ambiguous date.

        Raises ``ValueError`` where there is no such date or time.
        """
        parts = dict(zip(self.order or order, self.date, strict=True))
        hour, minute, second = self.clock
        if self.half:
            if not 1 <= hour <= 12:
                raise ValueError("there is no such hour")
            hour = hour % 12 + (12 if self.half == "P" else 0)
        year = parts["y"] + (2000 if parts["y"] < 100 else 0)
        return datetime(year, parts["m"], parts["d"], hour, minute, second)  # noqa: DTZ001 - local

    def utc_offset(self) -> timezone:
        """Return the zone of ``offset``, which must not be empty."""
        if self.offset == "Z":
            return UTC
        digits = self.offset[1:].replace(":", "")
        ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return timezone(-ahead if self.offset[0] == "-" else ahead)


def parse_time(text: str) -> WrittenTime | None:
    """Read the parts of a time; ``None`` where the text is not a time."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    first, separator, second, third, hour, minute, seconds, half, offset = match.groups()
    return WrittenTime(
        (int(first), int(second), int(third)),
        "ymd" if len(first) == 4 else "dmy" if separator == "." else "",
        (int(hour), int(minute), int(seconds or 0)),
        (half or "").upper(),
        (offset or "").upper(),
    )


def seconds_between(start: str, end: str) -> int | None:
    """Seconds from one local time to another; ``None`` where one of them is not a time.

    Within a few days, it does not matter whether the day or the month is first.
    """
    first, last = parse_time(start), parse_time(end)
    if first is None or last is None:
        return None
    for order in ("mdy", "dmy"):
        try:
            return int((last.local(order) - first.local(order)).total_seconds())
        except ValueError:
            continue
    return None


class LocalClock:
    """Converts the times of one file, whose order of day and month it finds from all of them."""

    def __init__(self, texts: Iterable[str], context: Context) -> None:
        times = [time for time in map(parse_time, texts) if time]
        self._zone = periods.zone(context.zone) if context.zone else None
        if self._zone is None and any(not time.offset for time in times):
            raise InputError(
                f"{context.name} has local times and names no time zone",
                "",
                "Name the zone of the account that exported it with --zone, "
                "such as --zone Europe/Berlin.",
            )
        self._order = self._find_order([time for time in times if not time.order], context)

    def _find_order(self, times: list[WrittenTime], context: Context) -> str:
        day_first = any(time.date[0] > 12 for time in times)
        month_first = any(time.date[1] > 12 for time in times)
        if day_first and month_first:
            raise InputError(
                f"{context.name} mixes dates with the day first and with the month first",
                "",
                "Export the report again in one language.",
            )
        if day_first:
            return "dmy"
        if month_first or all(time.date[0] == time.date[1] for time in times):
            return "mdy"
        possible = [
            order
            for order in ("mdy", "dmy")
            if all(self._is_past(time, order, context.now) for time in times)
        ]
        if len(possible) == 1:
            return possible[0]
        if any(time.half for time in times):
            return "mdy"
        raise InputError(
            f"{context.name} does not show which number of a date is the month",
            f"{'/'.join(map(str, times[0].date))} and all other dates can be read both ways",
            "Export the report again with dates such as 2026-03-01, or in English (United States).",
        )

    def _is_past(self, time: WrittenTime, order: str, now: int) -> bool:
        instant = self._instant(time, order)
        return instant is not None and instant <= now + AHEAD

    def _instant(self, time: WrittenTime, order: str, fold: int = 0) -> int | None:
        """Epoch ms; ``None`` for a date or time that does not exist."""
        try:
            local = time.local(order)
            if time.offset:
                local = local.replace(tzinfo=time.utc_offset())
                return (local - _EPOCH) // timedelta(milliseconds=1)
            return int(local.replace(tzinfo=self._zone, fold=fold).timestamp()) * 1000
        except (ValueError, OverflowError):
            return None

    def written(self, text: str) -> str:
        """The local time in one form, whatever the file's; empty where the text is not a time."""
        time = parse_time(text)
        try:
            return f"{time.local(self._order).isoformat()}{time.offset}" if time else ""
        except ValueError:
            return ""

    def ms(self, text: str, not_before: int = 0) -> int:
        """Epoch ms of a time; in an hour that occurs twice, of the first that is not too early.

        Raises ``EventError`` where the text is not a time.
        """
        time = parse_time(text)
        instant = self._instant(time, self._order) if time else None
        if time is None or instant is None:
            raise EventError(
                "bad-time",
                f"{text[:40]!r} is not a date with a time" if text else "the time is missing",
            )
        if instant < not_before:
            instant = max(instant, self._instant(time, self._order, fold=1) or instant)
        return instant
