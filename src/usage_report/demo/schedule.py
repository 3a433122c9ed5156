"""Which sessions a day has: cheap, so that the deletions of a day can be found from the plans of the days before."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from usage_report.core import periods
from usage_report.demo.company import (
    AGES,
    ALWAYS,
    OFF,
    ROOMS,
    WORK,
    ZONE,
    Range,
    Room,
    bustle,
    christmas,
    size,
    working,
)
from usage_report.demo.dice import Dice

MINUTE = 60_000


class Session(NamedTuple):
    """One session to come, ``[start, end)`` in epoch ms; its events can trail the end by ``TRAIL``."""

    id: str
    room: Room
    start: int
    end: int
    #: Numbers of the employees who may come.
    team: range
    staff: int
    guests: int
    recorded: bool
    #: Age in days at which the recording is deleted; 0 for never.
    deleted: int
    #: Nobody's leaving and no end is ever told: the platform broke down.
    abandoned: bool


#: Latest that an event of a session comes after its end.
TRAIL = MINUTE


@lru_cache(maxsize=128)
def plan(day: date) -> tuple[Session, ...]:
    """The sessions that begin on a day of the zone; a function of the date alone."""
    return tuple(s for room in ROOMS if _open(room, day) for s in _sessions(room, day))


def _open(room: Room, day: date) -> bool:
    if day.weekday() not in room.weekdays or (day.day - 1) // 7 + 1 not in room.weeks:
        return False
    if room.open == WORK:
        return working(day) and (room.christmas or not christmas(day))
    return room.open == ALWAYS or (room.open == OFF and not working(day))


def _sessions(room: Room, day: date) -> list[Session]:
    slug = room.name.lower().replace(" ", "-")
    dice = Dice("plan", day, slug)
    calls, people = _scale(room, day)
    out: list[Session] = []
    for at in room.at:
        begins = int(at[:2]) * 60 + int(at[3:])
        count = dice.about(calls)
        for n in range(count):
            shift = int(dice.random() * room.spread * MINUTE)
            start = _clock(day, begins) + shift
            end = _clock(day, begins + dice.between(*room.length)) + shift
            recorded = dice.chance(room.recorded)
            deleted = dice.pick(AGES) if dice.chance(room.deleted) else 0
            abandoned = room.breaks and not out and day == _breakdown(day.year, day.month)
            team = range(room.team[0] + n, room.team[1], count)
            staff, guests = (_heads(dice, pair, people) for pair in (room.staff, room.guests))
            out.append(
                Session(
                    f"{slug}-{day:%Y%m%d}-{len(out) + 1}",
                    room,
                    start,
                    end,
                    team,
                    staff,
                    guests,
                    recorded,
                    deleted,
                    abandoned,
                )
            )
    return out


@lru_cache(maxsize=64)
def _breakdown(year: int, month: int) -> date:
    """The day of a month on which the platform breaks down."""
    first = date(year, month, 1)
    days = (first + timedelta(days=n) for n in range(28))
    return Dice("breakdown", first).pick([d for d in days if working(d) and not christmas(d)])


def _scale(room: Room, day: date) -> tuple[float, float]:
    """Sessions at each time, and the factor of the number of people."""
    lively = bustle(day) * size(day) if room.varies else 1.0
    return (room.calls * lively, 1.0) if room.varies == "calls" else (room.calls, lively)


def _heads(dice: Dice, pair: Range, factor: float) -> int:
    return dice.about(dice.between(*pair) * factor)


def _clock(day: date, minutes: int) -> int:
    """The instant at which clocks show so many minutes after midnight. People end by the clock too, so that shifts
    meet on days on which the clocks change.
    """
    naive = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    return int(naive.replace(tzinfo=zone()).timestamp()) * 1000


def zone() -> ZoneInfo:
    return periods.zone(ZONE)
