"""The sessions of each day: a function of the date alone.

Plans are cheap, so that the deletions of a day can be found from the plans of the days before it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from usage_report.core import periods
from usage_report.demo.company import ALWAYS, DELETION_AGES, OFF, ROOMS, WORK, ZONE, Range, Room
from usage_report.demo.randomness import Dice
from usage_report.demo.year import activity, is_christmas_break, is_working_day, size

MINUTE = 60_000
#: Longest time after the end of a session at which it still has events, in ms.
TRAIL = MINUTE


class Session(NamedTuple):
    """One planned session, ``[start, end)`` in epoch ms. Its events end at most ``TRAIL`` later."""

    id: str
    room: Room
    start: int
    end: int
    #: Numbers of the employees who may come.
    employees: range
    staff: int
    guests: int
    is_recorded: bool
    #: Age in days at which the recording is deleted; 0 for never.
    deletion_age: int
    #: Are the leave events and the end lost, as when the platform fails?
    loses_ends: bool


def zone() -> ZoneInfo:
    """Return the time zone of the company."""
    return periods.zone(ZONE)


@lru_cache(maxsize=128)
def plan(day: date) -> tuple[Session, ...]:
    """Return the sessions that begin on a day of the zone."""
    return tuple(s for room in ROOMS if _is_open(room, day) for s in _sessions(room, day))


def _is_open(room: Room, day: date) -> bool:
    if day.weekday() not in room.weekdays or (day.day - 1) // 7 + 1 not in room.weeks:
        return False
    if room.open_on == WORK:
        return is_working_day(day) and (room.is_open_at_christmas or not is_christmas_break(day))
    return room.open_on == ALWAYS or (room.open_on == OFF and not is_working_day(day))


def _sessions(room: Room, day: date) -> list[Session]:
    slug = room.name.lower().replace(" ", "-")
    dice = Dice("plan", day, slug)
    calls, people = _scale(room, day)
    calls *= 1 + room.calls_vary * (2 * dice.random() - 1)
    sessions: list[Session] = []
    for time in room.starts:
        start_minute = int(time[:2]) * 60 + int(time[3:])
        count = dice.about(calls)
        for n in range(count):
            shift = int(dice.random() * room.spread_minutes * MINUTE)
            end_minute = start_minute + dice.between(*room.length_minutes)
            is_recorded = dice.chance(room.recorded)
            deletion_age = dice.pick(DELETION_AGES) if dice.chance(room.deleted) else 0
            loses_ends = room.loses_ends and not sessions and day == _failure(day.year, day.month)
            sessions.append(
                Session(
                    id=f"{slug}-{day:%Y%m%d}-{len(sessions) + 1}",
                    room=room,
                    start=_local(day, start_minute) + shift,
                    end=_local(day, end_minute) + shift,
                    employees=range(room.employees[0] + n, room.employees[1], count),
                    staff=_head_count(dice, room.staff, people),
                    guests=_head_count(dice, room.guests, people),
                    is_recorded=is_recorded,
                    deletion_age=deletion_age,
                    loses_ends=loses_ends,
                )
            )
    return sessions


@lru_cache(maxsize=64)
def _failure(year: int, month: int) -> date:
    """Return the day of a month on which the platform fails."""
    first = date(year, month, 1)
    days = (first + timedelta(days=n) for n in range(28))
    usual = [d for d in days if is_working_day(d) and not is_christmas_break(d)]
    return Dice("breakdown", first).pick(usual)


def _scale(room: Room, day: date) -> tuple[float, float]:
    """Return the number of sessions at each start, and the factor of the number of people."""
    factor = activity(day) * size(day) if room.varies else 1.0
    return (room.calls * factor, 1.0) if room.varies == "calls" else (room.calls, factor)


def _head_count(dice: Dice, limits: Range, factor: float) -> int:
    return dice.about(dice.between(*limits) * factor)


def _local(day: date, minutes: int) -> int:
    """Return the instant (epoch ms) at which clocks show a number of minutes after midnight.

    Ends follow the clock too, so that shifts meet on days on which the clocks change.
    """
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    return int(at.replace(tzinfo=zone()).timestamp()) * 1000
