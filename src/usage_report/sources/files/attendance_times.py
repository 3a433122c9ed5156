"""Local times as attendance reports write them, and the instants they stand for.

**Zone.** A time with an offset is used as it is. All others are in the time zone of the account
that exported the file, which the file does not name: ``Context.zone`` (``--zone``) does, and
without it the file is rejected. Where clocks go back, an hour that occurs twice is read as the
first of the two; for the end of a stay as the second, if the first is before the start.

**Order of day, month and year.** ``2026-03-01``, ``1.3.2026`` and ``Mar 1, 2026`` are unambiguous.
For all others, the first of these decides:

1. ``Context.dates`` (``--dates``);
2. a number over 12 in any date of the stays;
3. a number over 12 in any other date of the file, such as the start of the meeting;
4. a date such as ``5/04/2026``: only forms with the day first pad the second number alone;
5. the only order in which all dates are in the past;
6. the order of the report's language;
7. AM or PM in the American form, which has the month first.

If nothing decides, the file is rejected: a wrong guess would be another month.
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
_CLOCK = r"""
    (\d{1,2}) [:.] (\d\d) (?: [:.] (\d\d) )?      # time of day
    (?: \s* ([AP]) \.? \s? M \.? )?
    \s* ( Z | [+-]\d\d:?\d\d )?                   # offset from UTC
"""
_FLAGS = re.IGNORECASE | re.ASCII | re.VERBOSE
_TIME = re.compile(
    rf"(\d{{1,4}}) ([-./]) (\d{{1,2}}) \2 (\d{{1,4}}) (?: ,\s* | \s+ | T ) {_CLOCK}", _FLAGS
)
#: A date with the English name of its month, such as ``Mar 22, 2025 7:13 PM``.
_NAMED = re.compile(
    rf"""
    (?: ([a-z]{{3}}) [a-z]* \.? \s+ (\d{{1,2}}) | (\d{{1,2}}) \s+ ([a-z]{{3}}) [a-z]* \.? )
    ,? \s+ (\d{{4}}) ,? \s+ {_CLOCK}
    """,
    _FLAGS,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK_ONLY = re.compile(_CLOCK, _FLAGS)


class WrittenTime(NamedTuple):
    """The parts of a time as written."""

    date: tuple[int, int, int]
    #: The order of ``date`` where its form shows it, else empty.
    order: str
    #: Whether the first and the second number of ``date`` are written with a leading zero.
    padding: tuple[bool, bool]
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
    if match := _TIME.fullmatch(text.strip()):
        first, separator, second, third, *clock = match.groups()
        return WrittenTime(
            (int(first), int(second), int(third)),
            "ymd" if len(first) == 4 else "dmy" if separator == "." else "",
            (first[0] == "0", second[0] == "0"),
            *_clock_parts(clock),
        )
    if match := _NAMED.fullmatch(text.strip()):
        before, day_after, day_before, after, year, *clock = match.groups()
        name = (before or after).lower()
        if name in _MONTHS:
            date = (_MONTHS.index(name) + 1, int(day_after or day_before), int(year))
            return WrittenTime(date, "mdy", (False, False), *_clock_parts(clock))
    return None


def _clock_parts(groups: list[str | None]) -> tuple[tuple[int, int, int], str, str]:
    """Return the time of day, the half of the day and the offset, from the groups of ``_CLOCK``."""
    hour, minute, second, half, offset = groups
    clock = (int(hour or 0), int(minute or 0), int(second or 0))
    return clock, (half or "").upper(), (offset or "").upper()


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


def _orders_by_number(times: list[WrittenTime]) -> set[str]:
    """Return the orders that numbers over 12 show."""
    day_first = any(time.date[0] > 12 for time in times)
    month_first = any(time.date[1] > 12 for time in times)
    return {order for order, is_shown in (("dmy", day_first), ("mdy", month_first)) if is_shown}


def _has_date(time: WrittenTime, order: str) -> bool:
    try:
        time.local(order)
    except ValueError:
        return False
    return True


def _date_text(time: WrittenTime) -> str:
    return "/".join(map(str, time.date))


class LocalClock:
    """Converts the times of one file, whose order of day and month it finds from all of them.

    ``texts`` are the times of stays, ``others`` all other texts of the file, and ``hint`` is the
    order that the report's language implies. With ``pads_american`` AM and PM mean that the month
    is first, also in padded dates.
    """

    def __init__(
        self,
        texts: list[str],
        context: Context,
        *,
        others: Iterable[str] = (),
        hint: str = "",
        pads_american: bool = False,
    ) -> None:
        times = [time for time in map(parse_time, texts) if time]
        if not times and (found := next(filter(_CLOCK_ONLY.fullmatch, texts), None)):
            raise InputError(
                f"{context.name} has times without dates",
                f"{found} does not say on which day",
                "Export the report again with date and time.",
            )
        self._name, self._now = context.name, context.now
        self._hint, self._pads_american = hint, pads_american
        self._zone = periods.zone(context.zone) if context.zone else None
        if self._zone is None and any(not time.offset for time in times):
            raise InputError(
                f"{context.name} has local times and names no time zone",
                "",
                "Name the zone of the account that exported it with --zone, "
                "such as --zone Europe/Berlin.",
            )
        ambiguous = [time for time in times if not time.order]
        self._order = self._find_order(ambiguous, others, context.dates)

    def _find_order(
        self, times: list[WrittenTime], others: Iterable[str], wanted: str | None
    ) -> str:
        shown = _orders_by_number(times)
        if len(shown) > 1:
            raise InputError(
                f"{self._name} mixes dates with the day first and with the month first",
                "",
                "Export the report again in one language.",
            )
        if wanted and times and not all(_has_date(time, wanted) for time in times):
            raise InputError(
                f"{self._name} has dates that do not exist in the order {wanted}",
                f"one of them is {_date_text(next(t for t in times if not _has_date(t, wanted)))}",
                "Name another order with --dates, or leave the option out.",
            )
        if wanted:
            return wanted
        if shown:
            return shown.pop()
        if all(time.date[0] == time.date[1] for time in times):
            return "mdy"
        return self._order_by_form(times, others)

    def _order_by_form(self, times: list[WrittenTime], others: Iterable[str]) -> str:
        """Find the order of dates without a number over 12 (steps 3 to 7 of the module)."""
        elsewhere = [time for time in map(parse_time, others) if time and not time.order]
        shown = _orders_by_number(elsewhere)
        if len(shown) == 1:
            return shown.pop()
        if any(time.date[0] < 10 and time.padding == (False, True) for time in times):
            return "dmy"
        possible = [
            order
            for order in ("mdy", "dmy")
            if all(self._is_past(time, order, self._now) for time in times)
        ]
        if len(possible) == 1:
            return possible[0]
        if self._hint:
            return self._hint
        is_american = self._pads_american or any(
            time.padding == (False, False) and min(time.date[:2]) < 10 for time in times
        )
        if is_american and any(time.half for time in times):
            return "mdy"
        raise InputError(
            f"{self._name} does not show which number of a date is the month",
            f"{_date_text(times[0])} and all other dates can be read both ways",
            "Name the order of its dates with --dates dmy or --dates mdy.",
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
