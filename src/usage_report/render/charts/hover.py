"""What a chart shows under the pointer: one builder for all charts.

There is one box per bucket or step, of the whole height: the pointer need not find a line. The
selection ``pointer`` holds the box that is lit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

import altair as alt

from usage_report.render.charts import axis
from usage_report.render.charts.theme import SERIES, Spec

#: One column of figures per series of a chart.
_FIGURES: Final[list[str | alt.FieldName]] = [f"y{i}" for i in range(len(SERIES))]


class Row(NamedTuple):
    """One line: a name and a figure with its unit."""

    name: str
    text: str
    #: Index of the series whose key the line has.
    series: int | None = None
    #: Where that series has a dot.
    y: float | None = None
    #: Whether it belongs to the line above it, and is indented.
    part: bool = False


class Box(NamedTuple):
    """The figures of one bucket or step. Boxes are in order of time, without gaps."""

    begin: int
    end: int
    title: str
    rows: Sequence[Row]
    #: Where the figures are drawn; by default in the middle.
    at: int | None = None
    note: str = ""


def table(boxes: Iterable[Box]) -> tuple[list[Spec], list[Spec]]:
    """The boxes as data, and their columns of texts: field, name, series, and if it is a part.

    Titles of columns are unique, as Vega-Lite needs them in a tooltip: that of a part includes its
    whole. A line that a box does not have is an empty text.
    """
    found: dict[tuple[str, str], Spec] = {}
    rows = []
    for i, box in enumerate(boxes):
        at = (box.begin + box.end) // 2 if box.at is None else box.at
        data: Spec = {"i": i, "x": box.begin, "x2": box.end, "at": at, "when": box.title}
        data["note"] = box.note
        whole = ""
        for row in box.rows:
            whole = whole if row.part else row.name
            column = found.get((whole, row.name)) or _column(found, whole, row)
            data[column["field"]] = row.text
            if row.y is not None:
                data[f"y{row.series}"] = row.y
        rows.append(data)
    columns = list(found.values())
    blank = dict.fromkeys((column["field"] for column in columns), "")
    return [blank | row for row in rows], columns


def _column(found: dict[tuple[str, str], Spec], whole: str, row: Row) -> Spec:
    title = f"{whole.removesuffix(' minutes')} ↳ {row.name}" if row.part else whole
    column: Spec = {"field": f"t{len(found)}", "title": title, "name": row.name}
    column |= {"series": row.series, "part": row.part}
    found[whole, row.name] = column
    return column


def tooltip(columns: Iterable[Spec]) -> list[Spec]:
    """The channel ``tooltip``, for programs that show charts with Vega-Lite's own."""
    fields = [("when", "When"), ("note", "Note"), *((c["field"], c["title"]) for c in columns)]
    return [{"field": field, "type": "nominal", "title": title} for field, title in fields]


@cache
def lit() -> Spec:
    """The layer below the figures: the lit box."""
    return axis.layer(_lit("lit").mark_rect(style="lit").encode(x=axis.time_x(), x2="x2"))


@cache
def layers() -> list[Spec]:
    """The layers above the figures: the rule, and the boxes themselves."""
    rule = _lit("rule").mark_rule(style="pointer").encode(x=axis.time_x("at"))
    boxes = alt.Chart(alt.NamedData("boxes"), name="boxes").mark_rect(fillOpacity=0)
    return [axis.layer(rule), axis.layer(boxes.encode(x=axis.time_x(), x2="x2"))]


@cache
def pointer() -> Spec:
    """The selection of a box, as a parameter of the whole chart."""
    select = alt.PointSelectionConfig(
        type="point", fields=["i"], on="pointerover", clear="pointerout"
    )
    param = alt.TopLevelSelectionParameter(name="pointer", select=select, views=["boxes"])
    spec: Spec = param.to_dict()
    return spec


@cache
def dots(side: int, is_right: bool, has_grid: bool) -> Spec:  # noqa: FBT001 - a cache key
    """The layer of a side with a dot on each of its series."""
    shown = f"isValid(datum.y) && side_of[datum.n] === {side} && indexof(hidden, datum.series) < 0"
    y = axis.figure_y(side, right=is_right, grid=has_grid)
    dots = (
        _lit(f"dots_{side}")
        .transform_fold(_FIGURES, as_=["key", "y"])
        .transform_calculate(n="toNumber(slice(datum.key, 1))")
        .transform_calculate(series="titles[datum.n]")
        .transform_filter(shown)
        .mark_point(style="dot", filled=True, shape="circle", opacity=1)
        .encode(x=axis.time_x("at"), y=y, color=axis.colour())
    )
    return axis.layer(dots)


def _lit(name: str) -> alt.Chart:
    # The parameter is named, not passed: Altair would add it to each of these layers.
    data = alt.Chart(alt.NamedData("boxes"), name=name)
    return data.transform_filter({"param": "pointer", "empty": False})
