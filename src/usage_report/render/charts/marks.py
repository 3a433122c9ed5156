"""Layers that charts share, and the table of marks that some of them draw.

A table of marks has one row per mark; its column ``layer`` names the layer that draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from usage_report.render.charts.axis import times
from usage_report.render.charts.theme import (
    DOTTED,
    LIMIT_DASH,
    LINE_WIDTH,
    NOW_SIZE,
    QUIET,
    Spec,
    area,
    line,
    point,
)


class Mark(NamedTuple):
    """One row: a point of a line, or a box of the hover, which has an end and texts."""

    layer: str
    #: Epoch ms.
    x: int
    y: float
    x2: int | None = None
    texts: Mapping[str, str] | None = None


def only(layer: str, spec: Spec) -> Spec:
    """A layer that draws the rows of its name only, and leaves the hover to the hover layer."""
    mark = spec["mark"]
    return spec | {
        "transform": [{"filter": f"datum.layer === '{layer}'"}],
        "mark": mark if mark["type"] == "rect" else mark | {"tooltip": None},
    }


def trend_area(**properties: object) -> Spec:
    """The area under the layer ``trend``."""
    return only("trend", {"mark": area(**properties)})


def trend_line(**properties: object) -> Spec:
    """The layer ``trend``: the figures themselves."""
    return only("trend", {"mark": line(LINE_WIDTH, **properties)})


def limit_line() -> Spec:
    """The layer ``limit``."""
    return only("limit", {"mark": line(1.5, strokeDash=list(LIMIT_DASH), color=QUIET)})


def projection_line() -> Spec:
    """The layer ``projection``."""
    return only("projection", {"mark": line(2, strokeDash=list(DOTTED))})


def now_line() -> list[Spec]:
    """The layer ``now``: a vertical line, and a dot on the trend."""
    rule = {"type": "rule", "strokeDash": [2, 3], "color": QUIET}
    return [
        only("now", {"mark": rule, "encoding": {"y": None}}),
        only("now", {"mark": point(NOW_SIZE)}),
    ]


def frame() -> Spec:
    """The layer ``frame``: invisible corners that both axes must span."""
    return only("frame", {"mark": {"type": "point", "opacity": 0}})


def table(marks: Sequence[Mark], wall_clock: Callable[[int], int]) -> pd.DataFrame:
    """The marks as a table: times on the wall clock, a column for each text of the hover."""
    texts = pd.DataFrame([mark.texts or {} for mark in marks])
    return texts.assign(
        layer=[mark.layer for mark in marks],
        x=times(wall_clock(mark.x) for mark in marks),
        x2=times(None if mark.x2 is None else wall_clock(mark.x2) for mark in marks),
        y=[float(mark.y) for mark in marks],
    )
