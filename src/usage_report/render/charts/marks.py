"""Marks of series, and what stands behind them: shaded days, *now*, limits.

A point is ``[x, y]``; ``None`` in its place, or as its ``y``, is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from usage_report.render.charts.theme import LINE_WIDTH, POINT_SIZE, Spec

Point = Sequence[float | None]


def line(
    points: Iterable[Point], *, dash: str = "", width: float = LINE_WIDTH, step: bool = False
) -> Spec:
    """A line, straight or in steps: a curve would show values that nothing measured."""
    return {"kind": "line", "points": list(points), "dash": dash, "width": width, "step": step}


def area(points: Iterable[Point], *, step: bool = False) -> Spec:
    """The area under a line without gaps."""
    return {"kind": "area", "points": list(points), "step": step}


def between(points: Iterable[tuple[float, float, float]]) -> Spec:
    """The area between two lines: ``(x, low, high)``."""
    return {"kind": "range", "points": [list(p) for p in points]}


def bars(items: Iterable[tuple[int, int, float, bool]]) -> Spec:
    """Bars from 0: begin, end, figure, and whether it is incomplete."""
    return {"kind": "bars", "bars": [list(item) for item in items]}


def points(
    items: Iterable[tuple[int, float, bool]], *, shape: str = "circle", size: float = POINT_SIZE
) -> Spec:
    """Points: place, figure, and whether it is incomplete (hollow)."""
    return {"kind": "points", "points": [list(p) for p in items], "shape": shape, "size": size}


def label(x: float, y: float, text: str) -> Spec:
    """A text near a point."""
    return {"x": x, "y": y, "text": text}


def now(at: int) -> Spec:
    """The vertical line at the instant of the figures."""
    return {"at": at, "label": "now"}


def weekend(begin: int, end: int) -> Spec:
    """A shaded Saturday and Sunday."""
    return {"from": begin, "to": end, "kind": "weekend", "label": ""}


def no_records(begin: int, end: int, text: str) -> Spec:
    """A hatched stretch of which nothing is known."""
    return {"from": begin, "to": end, "kind": "none", "label": text}
