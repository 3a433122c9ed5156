"""What all charts look like: colours, dashes and shapes of series, and Vega-Lite's configuration.

Everything that differs between a light and a dark page is in ``config``: a specification has no
colours of its own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

#: A Vega-Lite specification, or a part of one, as JSON.
Spec = dict[str, Any]


class Scheme(StrEnum):
    """A light or a dark page."""

    LIGHT = "light"
    DARK = "dark"


#: Colours of series on a light and on a dark page. They differ with any colour vision deficiency,
#: and by 3:1 from the page (``tests/unit/test_chart_colours.py``). In grey, dash and shape differ.
SERIES: Final = (
    ("#0f766e", "#4fc3b0"),
    ("#9d62d4", "#ac86da"),
    ("#b68b33", "#f7c61e"),
    ("#842809", "#f51b3e"),
    ("#090571", "#d3f7ab"),
    ("#571f26", "#a00fd8"),
)
#: What is not a figure: axes, limits, *now*.
QUIET: Final = ("#5b6470", "#a3adb8")
#: The page itself, as in ``.streamlit/config.toml``.
PAPER: Final = ("#fcfbf8", "#12171d")
INK: Final = ("#1d2733", "#e6eaee")
GRID: Final = ("#dedacf", "#303945")
#: How much of its series' colour a label has. The rest is ink: small letters need more contrast.
_LABEL_COLOUR: Final = 0.6
FONT: Final = "'Source Sans', sans-serif"
FONT_SIZE: Final = 12
LABEL_SIZE: Final = 11.5
LINE_WIDTH: Final = 2.25
#: For lines with many points.
THIN_LINE_WIDTH: Final = 1.4
#: Areas of points, in square pixels.
POINT_SIZE: Final = 42
RING_SIZE: Final = 170
#: One per series, solid first: series are distinguishable without colour.
DASHES: Final = ((1, 0), (7, 4), (2, 4), (11, 4, 2, 4), (15, 5), (6, 3, 2, 3, 2, 3))
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
#: Incomplete and projected figures: finer than any dash of a series.
DOTTED: Final = (1, 4.5)
LIMIT_DASH: Final = (6, 4)
#: In place of figures, where all of them are 0.
NONE_TEXT: Final = "None in this period"


def variables() -> str:
    """The colours as variables of a style sheet."""
    names = [f"--series-{i}" for i in range(1, len(SERIES) + 1)]
    pairs = zip((*names, "--chart-quiet"), (*SERIES, QUIET), strict=True)
    return ":root{" + ";".join(f"{name}:light-dark({a},{b})" for name, (a, b) in pairs) + "}"


def config(scheme: Scheme) -> Spec:
    """Vega-Lite's configuration, with a style for each sort of mark.

    Names of styles are not those of types of marks: these would be for all marks of the type.
    """
    i = list(Scheme).index(scheme)
    quiet, ink, paper, grid = QUIET[i], INK[i], PAPER[i], GRID[i]
    text = {"fontSize": LABEL_SIZE, "fontWeight": 600}
    return {
        "background": paper,
        "font": FONT,
        "aria": False,  # a chart has a name and a description; its parts would be read one by one
        "padding": 4,
        "view": {"stroke": None},
        "title": {"anchor": "start", "color": ink, "fontSize": 13, "offset": 30},
        "range": {"category": [pair[i] for pair in SERIES], "ordinal": label_colours(scheme)},
        "axis": {
            "labelColor": quiet,
            "labelFontSize": FONT_SIZE,
            "gridColor": grid,
            "domainColor": quiet,
            "tickColor": quiet,
        },
        "legend": {
            "labelColor": ink,
            "labelFontSize": FONT_SIZE,
            "title": None,
            "orient": "bottom",
        },
        "line": {"strokeCap": "round", "strokeJoin": "round"},
        "style": {
            # "color", not "fill" or "stroke": Vega-Lite's own defaults for marks would win.
            "weekend": {"color": ink, "fillOpacity": 0.045},
            "hatch": {"color": quiet, "strokeWidth": 1.5, "opacity": 0.5},
            "below": {"fillOpacity": 0.12},
            "spread": {"fillOpacity": 0.16},
            "whole": {"fillOpacity": 0.4},
            "open": {"fillOpacity": 0.12, "strokeDash": [2, 2], "strokeWidth": 1},
            "pace": {"color": quiet, "strokeDash": list(LIMIT_DASH), "strokeWidth": 1.5},
            "limit": {"strokeDash": list(LIMIT_DASH), "strokeWidth": 1.25},
            "hollow": {"fill": paper, "strokeWidth": 1.75},
            "ring": {"color": quiet, "strokeWidth": 2},
            "now": {"color": quiet, "strokeDash": [2, 3], "strokeWidth": 1.25},
            "label": text,
            "note": text | {"color": quiet},
            "halo": text | {"color": paper, "stroke": paper, "strokeWidth": 3},
            "title": {"color": ink, "fontSize": FONT_SIZE},
            "lit": {"color": ink, "fillOpacity": 0.08},
            "pointer": {"color": ink, "opacity": 0.6},
            "dot": {"stroke": paper, "strokeWidth": 1.5, "size": 70},
        },
    }


def label_colours(scheme: Scheme) -> list[str]:
    """The colours of texts that belong to a series."""
    i = list(Scheme).index(scheme)
    return [_mixed(pair[i], INK[i], _LABEL_COLOUR) for pair in SERIES]


def _mixed(one: str, other: str, share: float) -> str:
    a, b = ([int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in (one, other))
    mixed = (int(share * x + (1 - share) * y + 0.5) for x, y in zip(a, b, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)
