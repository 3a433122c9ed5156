"""The overlay chart: a Vega-Lite spec that depends on what is drawn, never on the figures, and a frame of figures.

Building a spec takes Altair a tenth of a second, so it is built once per ``(metrics, grain, few, many)`` and kept. All rows are
placed on the *wall clock* of the report's zone, written as if it were UTC and drawn on a ``utc`` scale: the only form that
shows the right day in every browser.
"""

from __future__ import annotations

import copy
from enum import StrEnum
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from usage_report.core.metrics import PARTS, Unit, metric, parts
from usage_report.core.periods import Grain, local, midnight, zone
from usage_report.render import formats
from usage_report.reporting.model import Report

#: Most metrics in one chart: beyond it neither colours nor dashes can be told apart.
MAX_SERIES = 6
#: Up to so many buckets each gets a point; a lone bucket would be invisible without.
FEW = 45
#: From so many on lines are thinner and straight: there is no room for curves.
MANY = 120
#: Told apart without colour: solid first.
DASHES = ((1, 0), (7, 3), (2, 2), (10, 3, 2, 3), (14, 4), (5, 2, 1, 2, 1, 2))
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
#: The unfinished stretch: finer than any dash of a series.
UNFINISHED = (1, 4)
HEIGHT = 380


class Scale(StrEnum):
    """How the metrics of one chart share its height."""

    OWN = "own"  # one metric, one axis
    TWO = "two"  # an axis each, left and right
    INDEX = "index"  # each as % of its own peak in the range


def scale_of(metrics: tuple[str, ...]) -> Scale:
    return {0: Scale.OWN, 1: Scale.OWN, 2: Scale.TWO}.get(len(metrics), Scale.INDEX)


def scale_text(metrics: tuple[str, ...]) -> str:
    """Which scale the chart uses, in words."""
    if len(metrics) < 2:
        return ""
    if len(metrics) == 2:
        left, right = (metric(k).title for k in metrics)
        return f"Two scales: {left} on the left, {right} on the right."
    return "Each line is drawn as a percentage of its own peak in this range (the legend names it): compare shapes, not heights."


def density_text(report: Report, metrics: tuple[str, ...]) -> str:
    """What would be easier to read, where many lines have many points; else empty."""
    if len(metrics) < 3 or report.begun < MANY or report.query.grain not in (Grain.DAY, Grain.HOUR):
        return ""
    return "Many points: by the week or the month the lines are easier to tell apart."


@lru_cache(maxsize=32)
def frame(report: Report, metrics: tuple[str, ...]) -> pd.DataFrame:
    """One row a bucket. Kept for the report it is of: do not change it.

    ``at``: its start on the zone's wall clock, as UTC, where its point is; ``x``, ``x2``: half way to its neighbours, for
    the hover; ``bucket``: its name;
    ``part``: 0 final, 1 the last final one before a running one, 2 running, 3 not begun; ``y0``..: what is drawn (``None``
    leaves a gap); ``t0``..: the figure as text; ``t0_audio``..: those of the parts.
    """
    n = len(report)
    start = _wall(report)
    half = np.concatenate(([3 * start[0] - start[1]], start[:-1] + start[1:])) // 2
    part = np.zeros(n, np.int8)
    part[report.begun :] = 3
    if report.running is not None:
        part[report.running] = 2
        if report.running:
            part[report.running - 1] = 1
    columns: dict[str, Any] = {
        "at": pd.to_datetime(start[:-1], unit="ms", utc=True),
        "x": pd.to_datetime(half[:-1], unit="ms", utc=True),
        "x2": pd.to_datetime(half[1:], unit="ms", utc=True),
        "bucket": [
            formats.bucket(report, i) + (" (not over)" if part[i] == 2 else "") for i in range(n)
        ],
        "part": part,
    }
    indexed = scale_of(metrics) is Scale.INDEX
    for i, key in enumerate(metrics):
        values = [report.value(key, j) for j in range(n)]
        known = [v for v in values if v is not None]
        top = max(known, default=0)
        factor = 100 / top if indexed and top else 1
        columns[f"y{i}"] = np.array(
            [np.nan if v is None else v * factor for v in values], dtype=float
        )
        columns[f"t{i}"] = _texts(report, key, part)
        for p in parts(key):
            columns[f"t{i}_{p.key.removeprefix(key + '_')}"] = _texts(report, p.key, part)
    return pd.DataFrame(columns)


def _texts(report: Report, key: str, part: np.ndarray) -> list[str]:
    if key in report.not_supplied:
        return ["not supplied"] * len(part)
    guess = report.estimated_ms if key.startswith("consumed_minutes") else ()
    return [
        "not begun" if part[i] == 3
        else (formats.ABOUT if i < len(guess) and guess[i] > 0 else "") + formats.with_unit(key, report.value(key, i))
        for i in range(len(part))
    ]  # fmt: skip


def _wall(report: Report) -> np.ndarray:
    """The bucket edges as epoch ms of the wall clock, strictly rising.

    Hours of a day with 23 or 25 of them are spread over its 24 on the axis: nothing overlaps, nothing is torn apart.
    """
    tz = zone(report.query.zone)
    out = np.empty(len(report.edges), np.int64)
    if report.query.grain is not Grain.HOUR:
        for i, edge in enumerate(report.edges):
            out[i] = _clock(local(int(edge), tz).date())
        return out
    day, begin, length = None, 0, 86_400_000
    for i, edge in enumerate(report.edges):
        at = local(int(edge), tz).date()
        if at != day:
            day, begin = at, midnight(at, tz)
            after = midnight(at.fromordinal(at.toordinal() + 1), tz)
            length = after - begin
        out[i] = _clock(day) + (int(edge) - begin) * 86_400_000 // length
    return out


def _clock(day) -> int:
    return (day.toordinal() - 719_163) * 86_400_000


def spec(report: Report, metrics: tuple[str, ...], data: pd.DataFrame) -> dict:
    """The chart of a report; ``data`` is its ``frame``. The legend's peaks are put into the cached spec."""
    chart = copy.deepcopy(
        _spec(metrics, report.query.grain, report.begun <= FEW, report.begun >= MANY)
    )
    legend = {metric(k).title: f"{metric(k).title} · {_peak(report, k)}" for k in metrics}
    _set_legend(chart, legend)
    return chart


def _peak(report: Report, key: str) -> str:
    if key in report.not_supplied:
        return "not supplied"
    if not report.begun:
        return "not begun"
    top = int(np.argmax(report.figures[key][: report.begun]))
    return f"peak {formats.with_unit(key, report.value(key, top))}"


def _set_legend(node: Any, labels: dict[str, str]) -> None:
    for layer in node["layer"]:
        if "layer" in layer:
            _set_legend(layer, labels)
        for channel in layer.get("encoding", {}).values():
            if isinstance(channel, dict) and channel.get("legend"):
                pairs = ", ".join(f"{_js(k)}: {_js(v)}" for k, v in labels.items())
                channel["legend"]["labelExpr"] = f"({{{pairs}}})[datum.label]"


def _js(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@lru_cache(maxsize=256)
def _spec(metrics: tuple[str, ...], grain: Grain, few: bool, many: bool) -> dict:
    """The spec without data. Cached: callers copy it before they change it."""
    titles = [metric(k).title for k in metrics]
    mode = scale_of(metrics)
    x = alt.X("at:T", title=None, scale=alt.Scale(type="utc"), axis=_time_axis(grain))
    groups = []
    # Straight lines: a curve would show values between the points that nobody measured.
    width, curve = (1.4 if many else 2.25), "linear"
    for i, key in enumerate(metrics):
        m = metric(key)
        title = (
            "% of each metric’s peak in this range"
            if mode is Scale.INDEX
            else m.title + (f" ({m.unit})" if m.unit else "")
        )
        axis = alt.Axis(
            title=title,
            orient="right" if mode is Scale.TWO and i else "left",
            grid=not (mode is Scale.TWO and i),
            labelExpr="format(datum.value, abs(datum.value) < 1000 ? '~r' : '~s')",
            tickCount=5,
            **({} if m.unit is Unit.MINUTES or mode is Scale.INDEX else {"tickMinStep": 1}),
        )
        scale = (
            alt.Scale(domain=[0, 100], nice=False)
            if mode is Scale.INDEX
            else alt.Scale(zero=True, nice=True, domainMin=0)
        )
        y = alt.Y(f"y{i}:Q", axis=axis, scale=scale)
        # One legend for colour and dash: that of the dashes, its strokes coloured from the other scale.
        legend = alt.Legend(
            title=None, orient="bottom", labelLimit=340, columns=alt.ExprRef("width < 480 ? 1 : width < 760 ? 2 : width < 1150 ? 3 : 4"),
            symbolType="stroke", symbolSize=420, symbolStrokeWidth=2.5, rowPadding=4, columnPadding=22,
            symbolStrokeColor=alt.ExprRef("scale('color', datum.value)"),
        )  # fmt: skip
        color = alt.Color(
            datum=titles[i], type="nominal", scale=alt.Scale(domain=titles), legend=None
        )
        dashes = [list(d) for d in DASHES[: len(titles)]]
        dash = alt.StrokeDash(
            datum=titles[i],
            type="nominal",
            scale=alt.Scale(domain=titles, range=dashes),
            legend=legend,
        )
        same = alt.ExprRef(f"scale('color', {_js(titles[i])})")
        base = alt.Chart(alt.NamedData("figures")).encode(x=x, y=y)
        finished = base.transform_filter("datum.part < 2")
        unfinished = base.transform_filter("datum.part == 1 || datum.part == 2")
        running = base.transform_filter("datum.part == 2")
        layers = []
        if mode is Scale.OWN:
            layers.append(finished.mark_area(opacity=0.12, interpolate=curve, fill=same))
        layers += [
            finished.mark_line(
                strokeWidth=width, interpolate=curve, strokeCap="round", strokeJoin="round"
            ).encode(color=color, strokeDash=dash),
            unfinished.mark_line(
                strokeWidth=width, strokeDash=list(UNFINISHED), strokeCap="round", stroke=same
            ),
            running.mark_point(
                filled=False, size=70, strokeWidth=2, opacity=1, shape=SHAPES[i], stroke=same
            ),
        ]
        if few:
            layers.append(
                finished.mark_point(filled=True, size=34, opacity=1, shape=SHAPES[i], fill=same)
            )
        groups.append(alt.layer(*layers))
    # One invisible box a bucket carries the hover: cheap, full height, and nobody has to aim.
    hover = (
        alt.Chart(alt.NamedData("figures"))
        .mark_rect(opacity=0)
        .encode(x=alt.X("x:T", scale=alt.Scale(type="utc")), x2="x2:T", tooltip=_tooltip(metrics))
    )
    chart = alt.layer(*groups, hover).properties(height=HEIGHT)
    if mode is Scale.TWO:
        chart = chart.resolve_scale(y="independent")
    out = chart.to_dict(validate=False)
    for key in ("config", "$schema", "datasets"):
        out.pop(key, None)
    _drop_data(out)
    return out


def _drop_data(node: dict) -> None:
    node.pop("data", None)
    for layer in node.get("layer", ()):
        _drop_data(layer)


def _tooltip(metrics: tuple[str, ...]) -> list[alt.Tooltip]:
    """Titles must be unique: of two equal ones the hover silently drops the second, hence the name of the whole in each part's."""
    out = [alt.Tooltip("bucket:N", title="When")]
    for i, key in enumerate(metrics):
        m = metric(key)
        out.append(alt.Tooltip(f"t{i}:N", title=m.title))
        stem = m.title.removesuffix(" minutes")
        out += [
            alt.Tooltip(f"t{i}_{suffix}:N", title=f"{stem} ↳ {PARTS[suffix]}")
            for suffix in (p.key.removeprefix(key + "_") for p in parts(key))
        ]
    return out


def _time_axis(grain: Grain) -> alt.Axis:
    """Ticks no finer than the buckets, named in whole days; the year where it is new."""
    step = {
        Grain.HOUR: 3_600_000,
        Grain.DAY: 86_400_000,
        Grain.WEEK: 86_400_000,
        Grain.MONTH: 28 * 86_400_000,
    }[grain]
    day = (
        "utcFormat(datum.value, '%b')"
        if grain is Grain.MONTH
        else "utcFormat(datum.value, '%-d %b')"
    )
    name = (
        f"(utchours(datum.value) == 0 ? {day} : utcFormat(datum.value, '%H:%M'))"
        if grain is Grain.HOUR
        else day
    )
    year = "datum.index == 0 || (utcmonth(datum.value) == 0 && utcdate(datum.value) <= 7)"
    return alt.Axis(
        title=None, grid=False, tickMinStep=step, labelExpr=f"({year}) ? [{name}, utcFormat(datum.value, '%Y')] : [{name}]",
        labelOverlap="greedy", labelFlush=False, labelSeparation=8, ticks=True, domain=True,
        tickCount=alt.ExprRef("max(2, floor(width / 90))"),
    )  # fmt: skip
