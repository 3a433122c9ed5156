"""Axes of all charts: time along the bottom, figures up the side.

Times are *wall clock* times: what a clock of the report's zone shows, as epoch ms of the same time
in UTC. Only so does every browser, in whatever zone, show the right day.

A specification knows the shape of its axes; their ends and ticks are parameters of it, which change
with the figures: ``time``, ``tick_sets`` and ``axes``, one for each *side* of a panel.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import altair as alt

from usage_report.core.metrics import Unit
from usage_report.core.periods import Grain, local
from usage_report.render.charts.theme import DASHES, FONT_SIZE, SHAPES, Spec
from usage_report.render.dates import MONTHS
from usage_report.render.numbers import number

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

#: Steps between ticks, times a power of ten.
_STEPS: Final = (1, 2, 2.5, 5, 10)
#: More ticks than this never fit.
_MOST_TICKS: Final = 60
#: Sets of ticks of a chart, at most.
_SETS: Final = 10
#: The average width of a letter, and of the space between two ticks, in pixels.
_LETTER: Final = 0.56 * FONT_SIZE
_SPACE: Final = 14
_EPOCH: Final = date(1970, 1, 1).toordinal()
Tick = tuple[int, str, str]


class FigureAxis(NamedTuple):
    """An axis from 0 to ``top``. A title has the colour of a series, or none."""

    title: str
    top: float
    #: Places and texts.
    ticks: Sequence[tuple[float, str]]
    style: int | None = None


def figure_axis(
    unit: Unit, most: float, *, title: str, style: int | None = None, ticks: int = 5
) -> FigureAxis | None:
    """An axis from 0 to a round figure not below ``most``; ``None`` if that is 0.

    No tick stands between whole counts.
    """
    if most <= 0:
        return None
    step = _step(most / ticks, whole=unit is not Unit.MINUTES)
    count = math.ceil(most / step - 1e-9)
    decimals = next(d for d in range(9) if math.isclose(step * 10**d, round(step * 10**d)))
    labels = [(i * step, number(i * step, decimals)) for i in range(count + 1)]
    return FigureAxis(title, count * step, labels, style)


def percent_axis(title: str) -> FigureAxis:
    """An axis of percentages of a peak."""
    ticks = [(p, f"{number(p)}\u202f%" if p else "0") for p in range(0, 101, 25)]
    return FigureAxis(title, 100, ticks)


def _step(least: float, *, whole: bool) -> float:
    power: float = 10.0 ** math.floor(math.log10(least))
    step = next(s * power for s in _STEPS if s * power >= least * (1 - 1e-9))
    if whole and step != int(step):
        return 1 if step < 1 else math.ceil(step)
    return step


class TimeAxis(NamedTuple):
    """The time axis: sets of ticks from fine to coarse, of which the first that fits is drawn."""

    begin: int
    end: int
    sets: Sequence[Sequence[Tick]]


def time_axis(begin: int, end: int, ticks: Sequence[Tick], grain: Grain) -> TimeAxis:
    """A tick is its place, its text, and a text below it where that differs from the one before."""
    sets = [[*kept] for kept in _thinned(ticks, grain)]
    return TimeAxis(begin, end, [s for s in sets if 0 < len(s) <= _MOST_TICKS][:_SETS])


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


# -- as parameters


def time_parameters(axis: TimeAxis) -> Spec:
    """``least`` is the width from which a set fits. The last one is drawn at any width."""
    span = axis.end - axis.begin
    sets = [
        {
            "least": _least_width(kept, span),
            "at": [at for at, _, _ in kept],
            "labels": list(_labels(kept)),
        }
        for kept in axis.sets
    ] or [{"least": 0, "at": [], "labels": []}]
    return {
        "time": [axis.begin, axis.end],
        "tick_sets": sets + [sets[-1]] * (_SETS - len(sets)),
    }


def _labels(ticks: Sequence[Tick]) -> Iterator[list[str]]:
    before = ""
    for _, text, below in ticks:
        yield [text, "" if below == before else below]
        before = below


def _least_width(ticks: Sequence[Tick], span: int) -> int:
    """The width at which no two neighbours touch."""
    wide = [max(len(text), len(below)) * _LETTER + _SPACE for _, text, below in ticks]
    pairs = zip(ticks, ticks[1:], wide, wide[1:], strict=False)
    return math.ceil(
        max(((a + b) / 2 * span / (after[0] - tick[0]) for tick, after, a, b in pairs), default=0)
    )


def side_parameters(axis: FigureAxis | None, top: int, height: int) -> Spec:
    """``axis`` in a panel that begins ``top`` pixels below the top of the plot."""
    ticks = axis.ticks if axis else ()
    return {
        "domain": [0, axis.top if axis else 1],
        "ticks": [value for value, _ in ticks],
        "labels": [text for _, text in ticks],
        "range": [top + height, top],
    }


def extent(axis: FigureAxis | None) -> int:
    """The width of its labels."""
    return math.ceil(max((len(text) * _LETTER for _, text in axis.ticks), default=0) if axis else 0)


# -- as channels


def layer(chart: alt.Chart) -> Spec:
    """One layer, without what only a whole chart has."""
    # Checked by tests (test_drawings.py): it takes as long as all the rest.
    spec: Spec = chart.to_dict(validate=False)
    return {key: value for key, value in spec.items() if key not in ("$schema", "config")}


def time_x(field: str = "x") -> alt.X:
    """The channel ``x`` of all layers."""
    ticks = "tick_sets[tick_set]"
    return alt.X(
        field,
        type="temporal",
        title=None,
        scale=alt.Scale(type="utc", nice=False, domain=alt.ExprRef("time")),
        axis=alt.Axis(
            grid=False,
            values=alt.ExprRef(f"{ticks}.at"),
            labelExpr=f"{ticks}.labels[indexof({ticks}.at, time(datum.value))]",
            labelFlush=14,
            labelOverlap="greedy",
        ),
    )


def tick_set() -> str:
    """The index of the first set of ticks that fits, as an expression of Vega."""
    tests = (f"width >= tick_sets[{i}].least ? {i} : " for i in range(_SETS - 1))
    return "".join(tests) + str(_SETS - 1)


def figure_y(side: int, *, right: bool = False, grid: bool = False) -> alt.Y:
    """The channel ``y`` of the layers of a side."""
    axis = f"axes[{side}]"
    return alt.Y(
        "y",
        type="quantitative",
        title=None,
        # Vega-Lite would add up two rows of an area at one instant.
        stack=None,
        scale=alt.Scale(
            nice=False,
            domain=alt.ExprRef(f"{axis}.domain"),
            range=[alt.ExprRef(f"{axis}.range[0]"), alt.ExprRef(f"{axis}.range[1]")],
        ),
        axis=alt.Axis(
            orient="right" if right else "left",
            grid=grid,
            domain=False,
            ticks=False,
            labelPadding=6,
            values=alt.ExprRef(f"{axis}.ticks"),
            labelExpr=f"{axis}.labels[indexof({axis}.ticks, datum.value)]",
        ),
    )


def colour() -> alt.Color:
    """The colour of a series, in the order of ``titles``."""
    return alt.Color("series", type="nominal", scale=_scale("category"))


def outline() -> alt.Stroke:
    """The same for the outline of a bar."""
    return alt.Stroke("series", type="nominal", scale=_scale("category"))


def label_colour() -> alt.Fill:
    """The colour of a text that belongs to a series."""
    return alt.Fill("series", type="nominal", scale=_scale("ordinal"), legend=None)


def dash() -> alt.StrokeDash:
    """The dash of a series."""
    return alt.StrokeDash("series", type="nominal", scale=_scale([list(dash) for dash in DASHES]))


def shape() -> alt.Shape:
    """The shape of a series' points."""
    return alt.Shape("series", type="nominal", scale=_scale(list(SHAPES)))


def _scale(values: Any) -> alt.Scale:
    return alt.Scale(domain=alt.ExprRef("titles"), range=values)


# -- the wall clock


def wall_clock(ms: int, tz: ZoneInfo) -> int:
    """What a clock of the zone shows at an instant, as epoch ms of the same time in UTC."""
    return int(local(ms, tz).replace(tzinfo=UTC).timestamp() * 1000 + 0.5)


def wall_clock_of_day(day: date) -> int:
    """Midnight of a day on the wall clock."""
    return (day.toordinal() - _EPOCH) * DAY_MS
