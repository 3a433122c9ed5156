"""The chart of *Date range*: up to six metrics over the same buckets.

The specification is built once per set of metrics, grain and density, and cached.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd

from usage_report.core.metrics import PARTS, Unit, metric, parts
from usage_report.core.periods import Grain, local, zone
from usage_report.metering.arrays import Ints
from usage_report.render import dates
from usage_report.render.charts.axis import (
    DAY_MS,
    HOUR_MS,
    figure_y,
    time_x,
    times,
    wall_clock,
    wall_clock_of_day,
)
from usage_report.render.charts.hover import hover
from usage_report.render.charts.theme import (
    DASHES,
    DOTTED,
    LINE_WIDTH,
    SHAPES,
    THIN_LINE_WIDTH,
    Spec,
    area,
    colour_of,
    line,
    point,
    quoted,
    series,
)
from usage_report.render.notes import NOT_SUPPLIED, STATE_TEXTS
from usage_report.render.numbers import ABOUT, with_unit
from usage_report.reporting.model import Report

#: More metrics in one chart cannot be distinguished by colour or dash.
MAX_SERIES: Final = len(DASHES)
#: Up to so many buckets each has a point: a single bucket would be invisible without one.
FEW: Final = 45
#: From so many buckets on lines are thin.
MANY: Final = 120
HEIGHT: Final = 380
_MIN_STEP_MS: Final = {Grain.HOUR: HOUR_MS, Grain.MONTH: 28 * DAY_MS}
_LEGEND: Final[Spec] = {
    "labelLimit": 340,
    "columns": {"expr": "width < 480 ? 1 : width < 760 ? 2 : width < 1150 ? 3 : 4"},
    "rowPadding": 4,
    "columnPadding": 22,
}

# Values of the column ``part``: the line up to the last final bucket is drawn in full, the stretch
# from there to the running one dotted.
_FINAL, _LAST_FINAL, _RUNNING, _NO_FIGURES = range(4)


class Scale(StrEnum):
    """How the metrics of one chart share its height."""

    OWN = "own"  # one metric, one axis
    TWO = "two"  # an axis each, left and right
    INDEX = "index"  # each as a percentage of its own maximum in the range


def scale_of(metrics: tuple[str, ...]) -> Scale:
    """The scale for so many metrics."""
    return {0: Scale.OWN, 1: Scale.OWN, 2: Scale.TWO}.get(len(metrics), Scale.INDEX)


def captions(report: Report, metrics: tuple[str, ...]) -> tuple[str, ...]:
    """How to read the chart: its scale, its dotted part, and what would be easier to read."""
    out = []
    match scale_of(metrics):
        case Scale.TWO:
            left, right = (metric(key).title for key in metrics)
            out.append(f"Two scales: {left} on the left, {right} on the right.")
        case Scale.INDEX:
            out.append("Each line is scaled to its own maximum (100 %).")
    if report.running is not None:
        out.append("Dotted: not complete yet.")
    is_fine = report.query.grain in (Grain.DAY, Grain.HOUR)
    if len(metrics) > 2 and len(report.known) >= MANY and is_fine:
        out.append("Lines with many points are easier to tell apart by week or month.")
    return tuple(out)


@lru_cache(maxsize=32)
def frame(report: Report, metrics: tuple[str, ...]) -> pd.DataFrame:
    """One row per bucket. Cached for its report: do not change it.

    ``at``: where its point is, the bucket's start on the wall clock; ``x``, ``x2``: half-way to
    its neighbours, for the hover; ``bucket``: its name; ``part``: see above; ``y0``, ``y1``…: what
    is drawn (NaN leaves a gap); ``t0``, ``t1``…: the figure as text; ``t0_audio``…: its parts.
    """
    start = _wall_clocks(report)
    half = np.concatenate(([3 * start[0] - start[1]], start[:-1] + start[1:])) // 2
    part = np.full(len(report), _FINAL, np.int8)
    if report.running is not None:
        part[report.running] = _RUNNING
        part[: report.running][-1:] = _LAST_FINAL
    part[: report.known.start] = part[report.known.stop :] = _NO_FIGURES
    names = [dates.bucket(report, i) for i in range(len(report))]
    if report.running is not None:
        names[report.running] += " (so far)"
    columns: dict[str, Any] = {
        "at": times(start[:-1]),
        "x": times(half[:-1]),
        "x2": times(half[1:]),
        "bucket": names,
        "part": part,
    }
    for i, key in enumerate(metrics):
        values = np.array([report.value(key, j) for j in range(len(report))], dtype=float)
        top = np.nanmax(values, initial=0)
        if scale_of(metrics) is Scale.INDEX and top:
            values *= 100 / top
        columns[f"y{i}"] = values
        columns[f"t{i}"] = _texts(report, key)
        for suffix, of in _parts(key):
            columns[f"t{i}_{suffix}"] = _texts(report, of)
    return pd.DataFrame(columns)


def _parts(key: str) -> list[tuple[str, str]]:
    """Suffix and key of each part of a metric."""
    return [(part.key.removeprefix(f"{key}_"), part.key) for part in parts(key)]


def _texts(report: Report, key: str) -> list[str]:
    if key in report.not_supplied:
        return [NOT_SUPPLIED] * len(report)
    estimated = report.estimated_ms if key.startswith("consumed_minutes") else ()
    return [
        _about(estimated, i) + with_unit(key, report.value(key, i))
        if i in report.known
        else STATE_TEXTS[report.state(i)]
        for i in range(len(report))
    ]


def _about(estimated: Sequence[int] | Ints, i: int) -> str:
    return ABOUT if i < len(estimated) and estimated[i] else ""


def _wall_clocks(report: Report) -> Ints:
    """The bucket edges on the wall clock, strictly rising: each bucket is over its own tick.

    Hours that occur twice, because clocks are put back, share the stretch of both evenly.
    """
    tz = zone(report.query.zone)
    if report.query.grain is not Grain.HOUR:
        days = (local(edge, tz).date() for edge in report.edges.tolist())
        return np.array([wall_clock_of_day(day) for day in days], np.int64)
    out = np.array([wall_clock(edge, tz) for edge in report.edges.tolist()], np.int64)
    for i in (np.flatnonzero(np.diff(out) <= 0) + 1).tolist():
        first = int(np.argmax(out >= out[i]))
        after = i + int(np.argmax(out[i:] > out[i - 1]))
        out[first:after] = np.linspace(out[first], out[after], after - first, endpoint=False)
    return out


def spec(report: Report, metrics: tuple[str, ...]) -> Spec:
    """The specification for a report. Its legend names the peaks; it holds no other figures."""
    chart = copy.deepcopy(
        _spec(metrics, report.query.grain, len(report.known) <= FEW, len(report.known) >= MANY)
    )
    titles = {metric(key).title: _peak(report, key) for key in metrics}
    pairs = ", ".join(
        f"{quoted(title)}: {quoted(f'{title} · {peak}')}" for title, peak in titles.items()
    )
    for group in chart["layer"][:-1]:
        for layer in group["layer"]:
            if "strokeDash" in layer.get("encoding", ()):
                legend = layer["encoding"]["strokeDash"]["legend"]
                legend["labelExpr"] = f"({{{pairs}}})[datum.label]"
    return chart


def _peak(report: Report, key: str) -> str:
    if key in report.not_supplied:
        return NOT_SUPPLIED
    known = report.known
    if not known:
        return STATE_TEXTS[report.state()]
    top = known.start + int(np.argmax(report.figures[key][known.start : known.stop]))
    return f"peak {with_unit(key, report.value(key, top))}"


@lru_cache(maxsize=256)
def _spec(metrics: tuple[str, ...], grain: Grain, few: bool, many: bool) -> Spec:  # noqa: FBT001 - a cache key
    """The specification without a legend's labels. Cached: copy it before changing it."""
    x = time_x("at", grain, min_step_ms=_MIN_STEP_MS.get(grain, DAY_MS), year=True)
    # A highlight would redraw thousands of boxes with each move of the pointer.
    chart: Spec = {
        "height": HEIGHT,
        "encoding": {"x": x},
        "layer": [
            *(_series(metrics, i, few, many) for i in range(len(metrics))),
            hover(_hover_fields(metrics), x, highlight=False),
        ],
    }
    if scale_of(metrics) is Scale.TWO:
        chart["resolve"] = {"scale": {"y": "independent"}}
    return chart


def _series(metrics: tuple[str, ...], i: int, few: bool, many: bool) -> Spec:  # noqa: FBT001 - as _spec
    """The layers of one metric."""
    titles = [metric(key).title for key in metrics]
    stroke = colour_of(titles[i])
    width = THIN_LINE_WIDTH if many else LINE_WIDTH
    running = point(70, filled=False, strokeWidth=2, shape=SHAPES[i], stroke=stroke)
    layers = [
        _where("datum.part < 2", line(width)) | {"encoding": series(titles, i, _LEGEND)},
        _where(
            "datum.part == 1 || datum.part == 2",
            line(width, strokeDash=list(DOTTED), stroke=stroke),
        ),
        _where("datum.part == 2", running),
    ]
    if few:
        layers.append(_where("datum.part < 2", point(shape=SHAPES[i], fill=stroke)))
    if len(metrics) == 1:
        layers.insert(0, _where("datum.part < 2", area(fill=stroke)))
    return {"encoding": {"y": _y(metrics, i)}, "layer": layers}


def _where(condition: str, mark: Spec) -> Spec:
    return {"transform": [{"filter": condition}], "mark": mark}


def _y(metrics: tuple[str, ...], i: int) -> Spec:
    of, scale = metric(metrics[i]), scale_of(metrics)
    if scale is Scale.INDEX:
        return figure_y(f"y{i}", Unit.MINUTES, title="% of each metric’s maximum", ticks=5, top=100)
    title = of.title + (f" ({of.unit})" if of.unit else "")
    return figure_y(f"y{i}", of.unit, title=title, ticks=5, right=scale is Scale.TWO and i == 1)


def _hover_fields(metrics: tuple[str, ...]) -> dict[str, str]:
    fields = {"bucket": "When"}
    for i, key in enumerate(metrics):
        title = metric(key).title
        fields[f"t{i}"] = title
        # The part's title includes that of the whole: titles must be unique.
        for suffix, _ in _parts(key):
            fields[f"t{i}_{suffix}"] = f"{title.removesuffix(' minutes')} ↳ {PARTS[suffix]}"
    return fields
