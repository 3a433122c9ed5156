"""The chart of *Reconcile*: one metric by day, ours and the vendor's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from usage_report.core.metrics import Unit, metric
from usage_report.render import formats
from usage_report.reporting.reconcile import Line, Verdict
from usage_report.ui import strings
from usage_report.ui.components.reconcile_tables import SIGNS, difference

_OURS = "Ours"


def marks(lines: Sequence[Line]) -> pd.DataFrame:
    """Return a row per day and side, for ``spec``.

    Days are at midnight UTC of a ``utc`` scale, whatever zone they are counted in.
    """
    return pd.DataFrame(
        [
            {
                "at": pd.Timestamp(line.day, tz="UTC") if line.day else pd.NaT,
                "side": side,
                "y": value,
                "day": formats.day(line.day) if line.day else "",
                "figure": formats.figure(line.key, value),
                "difference": difference(line),
                "verdict": SIGNS[line.verdict],
                "off": side == 1 and line.verdict is Verdict.DIFFERS,
            }
            for line in lines
            for side, value in ((0, line.ours), (1, line.vendor))
            if value is not None
        ]
    )


def description(vendor: str, lines: Sequence[Line]) -> str:
    """Return the chart in words, for screen readers."""
    n = sum(line.verdict is Verdict.DIFFERS for line in lines)
    return (
        f"{metric(lines[0].key).title} by day, ours and {vendor}'s: "
        f"{strings.count(n, 'day differs', 'days differ')} by more than rounding. "
        "The table below has all figures."
    )


def spec(vendor: str, key: str) -> dict[str, Any]:
    """Return the Vega-Lite specification for the metric ``key``.

    Ours is a line, the vendor's is dashed, and days that differ have a large open mark.
    """
    sides = [_OURS, vendor]
    name = {"field": "name", "type": "nominal", "title": None, "scale": {"domain": sides}}
    legend = {"orient": "bottom", "symbolType": "stroke", "symbolSize": 420}
    dash = {"scale": {"domain": sides, "range": [[1, 0], [5, 4]]}, "legend": None}
    hover = (
        ("day", "Day"),
        ("name", "Whose"),
        ("figure", "Figure"),
        ("difference", "Difference"),
        ("verdict", "Verdict"),
    )
    open_mark = {
        "filled": False,
        "size": 160,
        "strokeWidth": 2,
        "color": "#b3261e",
        "shape": "diamond",
    }
    return {
        "height": 220,
        "transform": [
            {"calculate": f"datum.side == 0 ? '{_OURS}' : {json.dumps(vendor)}", "as": "name"}
        ],
        "encoding": {
            "x": _days_axis(),
            "y": _figures_axis(key),
            "tooltip": [
                {"field": field, "type": "nominal", "title": title} for field, title in hover
            ],
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"color": name | {"legend": legend}, "strokeDash": name | dash},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 30, "opacity": 1},
                "encoding": {"color": name | {"legend": None}},
            },
            {
                "transform": [{"filter": "datum.off"}],
                "mark": {"type": "point"} | open_mark,
            },
        ],
    }


def _days_axis() -> dict[str, Any]:
    axis = {
        "format": "%-d %b",
        "grid": False,
        "labelOverlap": "greedy",
        "tickMinStep": 86_400_000,
    }
    return {
        "field": "at",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": axis,
    }


def _figures_axis(key: str) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "labelExpr": "format(datum.value, abs(datum.value) < 1000 ? '~r' : '~s')",
        "tickCount": 4,
    }
    if metric(key).unit is not Unit.MINUTES:
        axis["tickMinStep"] = 1
    return {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": True},
        "axis": axis,
    }
