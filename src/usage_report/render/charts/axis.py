"""Axes of all charts: time along the bottom, figures up the side.

Times are *wall clock* times: what a clock of the report's zone shows, as epoch ms of the same time
in UTC. Only so does every browser, in whatever zone, show the right day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from usage_report.core.metrics import Unit
from usage_report.core.periods import Grain, local
from usage_report.render.charts.theme import Spec
from usage_report.render.dates import MONTHS
from usage_report.render.numbers import number

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

#: Steps between ticks, times a power of ten.
_STEPS: Final = (1, 2, 2.5, 5, 10)
#: More ticks than this never fit.
_MOST_TICKS: Final = 60
_EPOCH: Final = date(1970, 1, 1).toordinal()
Tick = tuple[int, str, str]


def figure_axis(
    unit: Unit, most: float, *, title: str, style: int | None = None, ticks: int = 5
) -> Spec | None:
    """An axis from 0 to a round figure not below ``most``; ``None`` if that is 0.

    No tick stands between whole counts. ``style`` gives the title the colour of a series.
    """
    if most <= 0:
        return None
    step = _step(most / ticks, whole=unit is not Unit.MINUTES)
    count = math.ceil(most / step - 1e-9)
    decimals = next(d for d in range(9) if math.isclose(step * 10**d, round(step * 10**d)))
    labels = [[i * step, number(i * step, decimals)] for i in range(count + 1)]
    return {"title": title, "top": count * step, "ticks": labels, "style": style}


def percent_axis(title: str) -> Spec:
    """An axis of percentages of a peak."""
    ticks = [[p, f"{number(p)}\u202f%" if p else "0"] for p in range(0, 101, 25)]
    return {"title": title, "top": 100, "ticks": ticks, "style": None}


def _step(least: float, *, whole: bool) -> float:
    power: float = 10.0 ** math.floor(math.log10(least))
    step = next(s * power for s in _STEPS if s * power >= least * (1 - 1e-9))
    if whole and step != int(step):
        return 1 if step < 1 else math.ceil(step)
    return step


def time_axis(begin: int, end: int, ticks: Sequence[Tick], grain: Grain) -> Spec:
    """The time axis: sets of ticks from fine to coarse, of which the first that fits is drawn.

    A tick is its place, its text, and a text below it where that differs from the one before.
    """
    sets = [[*kept] for kept in _thinned(ticks, grain)]
    return {"from": begin, "to": end, "sets": [s for s in sets if 0 < len(s) <= _MOST_TICKS]}


def _thinned(ticks: Sequence[Tick], grain: Grain) -> Iterator[Iterable[Tick]]:
    at = [datetime.fromtimestamp(tick[0] / 1000, UTC) for tick in ticks]
    pairs = list(zip(ticks, at, strict=True))
    yield ticks
    if grain is Grain.HOUR:
        for hours in (3, 6, 12, 24):
            yield [t for t, a in pairs if a.hour % hours == 0 and a.minute == 0]
        midnights = [t for t, a in pairs if a.hour == 0 and a.minute == 0]
        for days in (2, 4, 7):
            yield midnights[::days]
        return
    if grain is Grain.DAY:
        yield ticks[::2]
        mondays = [t for t, a in pairs if a.weekday() == 0]
        yield mondays
        yield mondays[::2]
    if grain is not Grain.MONTH:
        firsts = _first_of_each(pairs)
        for months in (1, 2, 3, 6, 12):
            yield [t for t, a in firsts if (a.month - 1) % months == 0]
        return
    for months in (2, 3, 6, 12, 60):
        yield [t for t, a in pairs if (a.year * 12 + a.month - 1) % months == 0]


def _first_of_each(pairs: Sequence[tuple[Tick, datetime]]) -> list[tuple[Tick, datetime]]:
    """The first tick of each month, but not of a month of which the range has only a late part."""
    out: list[tuple[Tick, datetime]] = []
    seen: tuple[int, int] | None = None
    for tick, a in pairs:
        month = (a.year, a.month)
        if month != seen and (seen is not None or a.day <= 7):
            out.append((tick, a))
        seen = month
    return out


def day_tick(at: int, when: date, grain: Grain = Grain.DAY) -> Tick:
    """``24 Nov``, or ``Nov``, above the year."""
    month = MONTHS[when.month - 1]
    return at, month if grain is Grain.MONTH else f"{when.day} {month}", str(when.year)


def clock_tick(at: int, when: datetime, offset: str = "") -> Tick:
    """``14:00`` above the day; with its offset where clocks show it twice."""
    text = f"{when:%H:%M}" + (f" {offset}" if offset else "")
    return at, text, f"{when.day} {MONTHS[when.month - 1]}"


def wall_clock(ms: int, tz: ZoneInfo) -> int:
    """What a clock of the zone shows at an instant, as epoch ms of the same time in UTC."""
    return int(local(ms, tz).replace(tzinfo=UTC).timestamp() * 1000 + 0.5)


def wall_clock_of_day(day: date) -> int:
    """Midnight of a day on the wall clock."""
    return (day.toordinal() - _EPOCH) * DAY_MS
