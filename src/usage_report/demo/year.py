"""The company's year: working days, quiet seasons, growth, busy and slow days.

Functions of the date alone.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from usage_report.demo.randomness import Dice

if TYPE_CHECKING:
    from holidays import HolidayBase

#: The company's size is 1 on this day. It grows in a straight line within bounds, so that a sample
#: database has about the same size whenever it is filled.
_SIZE_ONE = date(2026, 4, 1)


@cache
def _germany() -> HolidayBase:
    """Return the public holidays that all of Germany has."""
    # Imported here because it would slow down the start of every command.
    import holidays  # noqa: PLC0415 - see above

    return holidays.country_holidays("DE")


@lru_cache(maxsize=1_024)
def is_working_day(day: date) -> bool:
    """Return whether a day is neither a Saturday or Sunday nor a public holiday."""
    return _germany().is_working_day(day)


def is_christmas_break(day: date) -> bool:
    """Return whether a day is in the quiet two weeks around Christmas and New Year."""
    return (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 4)


def activity(day: date) -> float:
    """Return how busy a day is: 1 for a plain working day or a day off."""
    if not is_working_day(day):
        return 1.0
    if is_christmas_break(day):
        return 0.25
    summer = 0.62 if date(day.year, 7, 10) <= day <= date(day.year, 8, 31) else 1.0
    weekday = (0.95, 1.05, 1.05, 1.0, 0.8)[day.weekday()]
    return summer * weekday * (0.8 + 0.4 * Dice("activity", day).random())


def size(day: date) -> float:
    """Return the size of the company on a day, relative to ``_SIZE_ONE``."""
    return min(max(1.0 + 0.9 * (day - _SIZE_ONE).days / 365, 0.5), 2.0)
