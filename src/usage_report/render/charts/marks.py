"""Marks of series, as rows of figures, and the layers that draw them.

All rows of a chart are in one table. Its column ``layer`` says which layer draws a row, ``side`` on
which axis, ``series`` for which metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import altair as alt

from usage_report.render.charts import axis
from usage_report.render.charts.theme import DOTTED, POINT_SIZE, RING_SIZE, Spec

#: A place and a figure; no figure is a gap.
Point = Sequence[float | None]


class Mark(NamedTuple):
    """Rows of one layer."""

    layer: str
    rows: list[Spec]


def line(points: Iterable[Point]) -> Mark:
    """A straight line in the dash of its series: a curve would show what nothing measured."""
    return _points("line", points)


def step(points: Iterable[Point]) -> Mark:
    """A line in steps."""
    return _points("step", points)


def dotted(points: Iterable[Point]) -> Mark:
    """Incomplete and projected figures."""
    return _points("dotted", points)


def limit(points: Iterable[Point]) -> Mark:
    """The limit of a series, in its colour."""
    return _points("limit", points)


def pace(points: Iterable[Point]) -> Mark:
    """The limit of the only series, or the even way to it."""
    return _points("pace", points)


def area(points: Iterable[Point]) -> Mark:
    """The area under a line."""
    return _points("area", points)


def step_area(points: Iterable[Point]) -> Mark:
    """The area under a line in steps."""
    return _points("step area", points)


def between(points: Iterable[tuple[float, float, float]]) -> Mark:
    """The area between two lines: place, low and high."""
    return Mark("range", [{"x": x, "y": low, "y2": high} for x, low, high in points])


def bars(items: Iterable[tuple[int, int, float]], *, is_open: bool = False) -> Mark:
    """Bars from 0: begin, end and figure. Open ones are incomplete."""
    rows: list[Spec] = [{"x": x, "x2": x2, "y": y, "y2": 0} for x, x2, y in items]
    return Mark("open" if is_open else "bar", rows)


def points(items: Iterable[Point], *, is_hollow: bool = False) -> Mark:
    """Points in the shape of their series. Hollow ones are incomplete."""
    return _points("hollow" if is_hollow else "point", items)


def rings(items: Iterable[Point]) -> Mark:
    """Rings around points."""
    return _points("ring", items)


def _points(layer: str, points: Iterable[Point]) -> Mark:
    return Mark(layer, [{"x": x, "y": y} for x, y in points])


@cache
def layer(name: str, side: int, is_right: bool, has_grid: bool) -> Spec:  # noqa: FBT001 - a cache key
    """The layer that draws the rows of its name on a side. Do not change it."""
    shown = (
        f"datum.layer === '{name}' && datum.side === {side} && indexof(hidden, datum.series) < 0"
    )
    rows = alt.Chart(alt.NamedData("marks"), name=f"{name.replace(' ', '_')}_{side}")
    drawn = LAYERS[name](rows.transform_filter(shown))
    y = axis.figure_y(side, right=is_right, grid=has_grid)
    return axis.layer(drawn.encode(x=axis.time_x(), y=y))


def _line(rows: alt.Chart, **properties: Any) -> alt.Chart:
    line = rows.mark_line(strokeWidth=alt.ExprRef("line_width"), **properties)
    drawn: alt.Chart = line.encode(color=axis.colour())
    return drawn


def _area(rows: alt.Chart, **properties: Any) -> alt.Chart:
    area = rows.mark_area(line=False, opacity=1, **properties)
    drawn: alt.Chart = area.encode(color=axis.colour())
    return drawn


def _bar(rows: alt.Chart, **properties: Any) -> alt.Chart:
    bars = rows.mark_rect(xOffset=0.75, x2Offset=-0.75, **properties)
    drawn: alt.Chart = bars.encode(x2="x2", y2="y2", color=axis.colour())
    return drawn


def _point(rows: alt.Chart, **properties: Any) -> alt.Chart:
    points = rows.mark_point(size=POINT_SIZE, opacity=1, **properties)
    drawn: alt.Chart = points.encode(color=axis.colour(), shape=axis.shape())
    return drawn


#: From the back to the front.
LAYERS: Final[dict[str, Callable[[alt.Chart], alt.Chart]]] = {
    "range": lambda rows: _area(rows, style="spread").encode(y2="y2"),
    "area": lambda rows: _area(rows, style="below"),
    "step area": lambda rows: _area(rows, style="below", interpolate="step-after"),
    "bar": lambda rows: _bar(rows, style="whole"),
    "open": lambda rows: _bar(rows, style="open").encode(stroke=axis.outline()),
    "pace": lambda rows: rows.mark_line(style="pace"),
    "limit": lambda rows: rows.mark_line(style="limit", interpolate="step-after").encode(
        color=axis.colour()
    ),
    "line": lambda rows: _line(rows).encode(strokeDash=axis.dash()),
    "step": lambda rows: _line(rows, interpolate="step-after"),
    "dotted": lambda rows: _line(rows, strokeDash=list(DOTTED)),
    "point": lambda rows: _point(rows, filled=True),
    "hollow": lambda rows: _point(rows, style="hollow"),
    "ring": lambda rows: rows.mark_point(style="ring", shape="diamond", size=RING_SIZE),
}
