"""A chart as a Vega-Lite specification: panels, series, shades and hover in one drawing.

All charts are one view. Panels are stretches of its height, each with axes of its own, so that one
time axis and one hover rule serve all of them.

Altair takes half a second for a chart of twenty layers, a page has a few milliseconds. So Altair
builds each sort of layer once, with its scales and axes. What changes with the figures are
parameters and data sets, which ``specification`` puts in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

import altair as alt

from usage_report.render.charts import axis, hover, labels, layers, marks
from usage_report.render.charts.axis import FigureAxis, TimeAxis
from usage_report.render.charts.hover import Box
from usage_report.render.charts.labels import Label
from usage_report.render.charts.marks import Mark
from usage_report.render.charts.theme import (
    DASHES,
    LINE_WIDTH,
    NONE_TEXT,
    SHAPES,
    Scheme,
    Spec,
    config,
)

#: Pixels between two panels: room for the title of the lower one.
_BETWEEN: Final = 34
#: The width where a program does not give another.
_WIDTH: Final = 760


class Panel(NamedTuple):
    """One plot area. Without an axis there is no activity, which it says."""

    height: int
    left: FigureAxis | None
    right: FigureAxis | None = None


class Text(NamedTuple):
    """A text near a point of a series."""

    x: int
    y: float
    text: str


class Series(NamedTuple):
    """Marks on an axis of a panel. Its colour, dash and shape follow from its place."""

    name: str
    marks: Sequence[Mark]
    panel: int = 0
    right: bool = False
    #: With a text for the legend it can be switched off.
    legend: str = ""
    texts: Sequence[Text] = ()
    #: Texts in no colour, such as the limit.
    notes: Sequence[Text] = ()


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """All of a chart. ``file`` is the name of downloads, ``copy`` their data."""

    name: str
    description: str
    title: str
    file: str
    copy: str
    x: TimeAxis
    panels: Sequence[Panel]
    series: Sequence[Series]
    hover: Sequence[Box]
    weekends: Sequence[tuple[int, int]] = ()
    #: A stretch without records, and its text.
    unrecorded: tuple[int, int, str] | None = None
    now: int | None = None
    line_width: float = LINE_WIDTH

    @property
    def tops(self) -> list[int]:
        """Where each panel begins, in pixels from the top; at last where one more would."""
        out = [0]
        for panel in self.panels:
            out.append(out[-1] + panel.height + _BETWEEN)
        return out

    @property
    def height(self) -> int:
        """Pixels from the top of the first panel to the bottom of the last."""
        return self.tops[-1] - _BETWEEN


class _Side(NamedTuple):
    """One axis of a panel. A panel without any has a left side."""

    panel: int
    is_right: bool
    #: Whether it has the lines across the panel.
    has_grid: bool
    #: The names of the layers on it.
    layers: tuple[str, ...]


def specification(of: Drawing) -> Spec:
    """The chart in Vega-Lite, in the colours of a light page."""
    sides = tuple(_sides(of))
    place = {(side.panel, side.is_right): i for i, side in enumerate(sides)}
    side_of = [place[each.panel, each.right] for each in of.series]
    boxes, columns = hover.table(of.hover)
    values = {
        "titles": [each.name for each in of.series],
        "side_of": side_of,
        "line_width": of.line_width,
        "axes": [
            axis.side_parameters(_axis(of, side), of.tops[side.panel], of.panels[side.panel].height)
            for side in sides
        ],
        "unrecorded": of.unrecorded[:2] if of.unrecorded else (),
    } | axis.time_parameters(of.x)
    template = _template(sides)
    *below, top = template["layer"]
    tooltip = {"encoding": top["encoding"] | {"tooltip": hover.tooltip(columns)}}
    return template | {
        "title": of.title,
        "description": f"{of.name}. {of.description}",
        "height": of.height,
        "layer": [*below, top | tooltip],
        "params": [
            param | {"value": values[param["name"]]} if param["name"] in values else param
            for param in template["params"]
        ],
        "datasets": {
            "weekends": [{"x": begin, "x2": end} for begin, end in of.weekends],
            "marks": list(_rows(of.series, side_of)),
            "rules": [] if of.now is None else [{"x": of.now}],
            "labels": labels.rows(list(_labels(of)), of.x.begin, of.x.end, of.height),
            "titles": list(_titles(of)),
            "boxes": boxes,
        },
        "usermeta": _for_the_page(of, columns),
    }


def prepare() -> None:
    """Build the layers of the usual charts, before the first of them is asked for."""
    for at in ((0, False, True), (1, True, False)):  # an axis on the left, and one on the right
        for name in marks.LAYERS:
            marks.layer(name, *at)
        hover.dots(*at)
    _template(())


def chart(spec: Spec) -> alt.LayerChart:
    """The specification as a chart of Altair, to be changed or shown in a notebook."""
    return alt.LayerChart.from_dict(spec)


@lru_cache(maxsize=128)
def _template(sides: tuple[_Side, ...]) -> Spec:
    """All layers from the back to the front; the last are the boxes of the hover."""
    figures = []
    for i, side in enumerate(sides):
        at = (i, side.is_right, side.has_grid)
        drawn = [*(marks.layer(name, *at) for name in side.layers), hover.dots(*at)]
        figures.append({"layer": drawn})
    return {
        "$schema": alt.SCHEMA_URL,
        "config": config(Scheme.LIGHT),
        "width": _WIDTH,
        "resolve": {"scale": {"y": "independent"}},
        "params": _parameters(),
        "layer": [
            *layers.below(),
            hover.lit(),
            *figures,
            *layers.above(),
            *hover.layers(),
        ],
    }


@cache
def _parameters() -> list[Spec]:
    names = ("titles", "side_of", "hidden", "axes", "unrecorded", "tick_sets", "time")
    params = [
        *(alt.VariableParameter(name=name, value=[]) for name in names),
        alt.VariableParameter(name="line_width", value=0),
        alt.VariableParameter(name="tick_set", expr=axis.tick_set()),
        alt.VariableParameter(name="tier", expr=labels.TIER),
    ]
    return [*(param.to_dict() for param in params), hover.pointer()]


def _sides(of: Drawing) -> Iterator[_Side]:
    for i, panel in enumerate(of.panels):
        for is_right, figures in ((False, panel.left), (True, panel.right)):
            if figures is None and (is_right or panel.right):
                continue
            found = {
                mark.layer
                for each in of.series
                if (each.panel, each.right) == (i, is_right)
                for mark in each.marks
            }
            names = tuple(name for name in marks.LAYERS if name in found)
            yield _Side(i, is_right, not is_right or panel.left is None, names)


def _axis(of: Drawing, side: _Side) -> FigureAxis | None:
    panel = of.panels[side.panel]
    return panel.right if side.is_right else panel.left


def _rows(series: Sequence[Series], side_of: Sequence[int]) -> Iterator[Spec]:
    for each, side in zip(series, side_of, strict=True):
        for mark in each.marks:
            for row in mark.rows:
                yield {"layer": mark.layer, "side": side, "series": each.name} | row


def _labels(of: Drawing) -> Iterator[Label]:
    """All texts at points; those first that find room first."""
    if of.unrecorded:
        yield Label(of.unrecorded[0], of.height / 2 - 6, of.unrecorded[2], beside=True)
    if of.now is not None:
        yield Label(of.now, 0, "now", beside=True)
    for each in of.series:
        panel = of.panels[each.panel]
        figures = panel.right if each.right else panel.left
        if figures is None:
            continue
        bottom = of.tops[each.panel] + panel.height
        for texts, name in ((each.texts, each.name), (each.notes, "")):
            for text in texts:
                y = bottom - text.y / figures.top * panel.height
                yield Label(text.x, y, text.text, name, of.tops[each.panel])


def _titles(of: Drawing) -> Iterator[Spec]:
    """The titles of axes above their labels, and what stands in the middle of an empty panel."""
    extents = {
        -1: max(axis.extent(panel.left) for panel in of.panels),
        1: max(axis.extent(panel.right) for panel in of.panels),
    }
    for panel, top in zip(of.panels, of.tops, strict=False):
        for figures, sign in ((panel.left, -1), (panel.right, 1)):
            if figures is None:
                continue
            name = "" if figures.style is None else of.series[figures.style].name
            dx = sign * (extents[sign] + 6)
            yield {"at": sign, "dx": dx, "py": top - 16, "series": name, "text": figures.title}
        if panel.left is None and panel.right is None:
            middle = top + panel.height / 2
            yield {"at": 0, "dx": 0, "py": middle, "series": "", "text": NONE_TEXT}


def _for_the_page(of: Drawing, columns: list[Spec]) -> Spec:
    """What the page shows around the picture."""
    keys = [
        {
            "name": each.name,
            "legend": each.legend,
            "dash": " ".join(map(str, DASHES[i])),
            "shape": SHAPES[i],
        }
        for i, each in enumerate(of.series)
    ]
    named = {"name": of.name, "description": of.description, "file": of.file, "copy": of.copy}
    return named | {"columns": columns, "series": keys}
