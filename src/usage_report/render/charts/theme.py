"""What all charts look like: widths, dashes, shapes, and colours that both backgrounds allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

#: A Vega-Lite specification or a part of one, as its JSON.
Spec = dict[str, Any]

#: Lines and points that are not the figures themselves.
QUIET: Final = "#808894"
#: Marks that need attention.
ALERT: Final = "#b3261e"
AREA_OPACITY: Final = 0.12
LINE_WIDTH: Final = 2.25
#: For lines with many points.
THIN_LINE_WIDTH: Final = 1.4
POINT_SIZE: Final = 34
NOW_SIZE: Final = 60
#: One per series, solid first: series are distinguishable without colour.
DASHES: Final = ((1, 0), (7, 3), (2, 2), (10, 3, 2, 3), (14, 4), (5, 2, 1, 2, 1, 2))
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
#: Incomplete and projected figures: finer than any dash of a series.
DOTTED: Final = (1, 4)
LIMIT_DASH: Final = (6, 4)
#: Channels of a mark from the top of the chart to its bottom.
WHOLE_HEIGHT: Final[Spec] = {"y": {"value": 0}, "y2": {"value": "height"}}


def line(width: float = LINE_WIDTH, **properties: object) -> Spec:
    """A line mark. Straight or in steps: a curve would show values that nothing measured."""
    mark = {"type": "line", "strokeWidth": width, "strokeCap": "round", "strokeJoin": "round"}
    return mark | properties


def area(**properties: object) -> Spec:
    """The area under a line."""
    return {"type": "area", "opacity": AREA_OPACITY, "line": False} | properties


def point(size: float = POINT_SIZE, **properties: object) -> Spec:
    """A filled point."""
    return {"type": "point", "filled": True, "size": size, "opacity": 1} | properties


def quoted(text: str) -> str:
    """A string literal of the Vega expression language."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def colour_of(title: str) -> Spec:
    """The colour of a series, for marks outside its legend."""
    return {"expr": f"scale('color', {quoted(title)})"}


def series(titles: Sequence[str], i: int, legend: Spec | None = None) -> Spec:
    """Channels of series ``i``: colour and dash, with one legend for both.

    That is the legend of the dashes, with strokes in the series' colours.
    """
    dashes = [list(dash) for dash in DASHES[: len(titles)]]
    datum = {"datum": titles[i], "type": "nominal"}
    return {
        "color": datum | {"scale": {"domain": list(titles)}, "legend": None},
        "strokeDash": datum
        | {
            "scale": {"domain": list(titles), "range": dashes},
            "legend": {
                "title": None,
                "orient": "bottom",
                "symbolType": "stroke",
                "symbolSize": 420,
                "symbolStrokeWidth": 2.5,
                "symbolStrokeColor": {"expr": "scale('color', datum.value)"},
            }
            | (legend or {}),
        },
    }
