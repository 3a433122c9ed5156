"""Axes of all charts: time along the bottom, figures up the side.

Times are *wall clock* times: what a clock of the report's zone shows, stored as if it were UTC and
drawn on a ``utc`` scale. Only so does every browser, in whatever zone, show the right day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from usage_report.core.metrics import Unit
from usage_report.core.periods import Grain, local
from usage_report.render.charts.theme import Spec, quoted
from usage_report.render.dates import MONTHS

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

_MONTH: Final = f"[{','.join(map(quoted, MONTHS))}][utcmonth(datum.value)]"
_DAY: Final = f"utcdate(datum.value) + ' ' + {_MONTH}"
_CLOCK: Final = (
    "(utchours(datum.value) == 0 && utcminutes(datum.value) == 0"
    f" ? {_DAY} : utcFormat(datum.value, '%H:%M'))"
)
_IS_NEW_YEAR: Final = (
    "datum.index == 0 || (utcmonth(datum.value) == 0 && utcdate(datum.value) <= 7)"
)
# Below a thousand without a prefix: a half would be "500m", which reads as minutes.
_FIGURE: Final = "format(datum.value, abs(datum.value) < 1000 ? '~r' : '~s')"
_EPOCH: Final = date(1970, 1, 1).toordinal()


def time_x(
    field: str, grain: Grain, *, min_step_ms: int, ticks: int | None = None, year: bool = False
) -> Spec:
    """The ``x`` channel: ticks no finer than ``min_step_ms``, as many as fit unless given.

    ``year`` adds a second line with the year to the first tick and to those of a new year.
    """
    label = {Grain.HOUR: _CLOCK, Grain.MONTH: _MONTH}.get(grain, _DAY)
    if year:
        label = f"({_IS_NEW_YEAR}) ? [{label}, utcFormat(datum.value, '%Y')] : [{label}]"
    return {
        "field": field,
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc", "nice": False},
        "axis": {
            "grid": False,
            "labelExpr": label,
            "labelOverlap": "greedy",
            "labelSeparation": 8,
            "labelFlush": not year,
            "tickCount": ticks or {"expr": "max(2, floor(width / 90))"},
            "tickMinStep": min_step_ms,
        },
    }


def figure_y(
    field: str,
    unit: Unit,
    *,
    title: str | None = None,
    ticks: int = 4,
    right: bool = False,
    top: float | None = None,
) -> Spec:
    """The ``y`` channel: from 0 to a round figure, or to ``top``; no tick between whole counts.

    ``right`` puts the axis of a second scale on the right, without a grid.
    """
    axis: Spec = {
        "title": title,
        "tickCount": ticks,
        "labelExpr": _FIGURE,
        "domain": False,
        "orient": "right" if right else "left",
        "grid": not right,
    }
    if unit is not Unit.MINUTES:
        axis["tickMinStep"] = 1
    scale: Spec = {"zero": True, "nice": True, "domainMin": 0}
    if top is not None:
        scale = {"domain": [0, top], "nice": False}
    # Vega-Lite would add up two rows of an area at one instant, as of a peak at the end of a day.
    return {"field": field, "type": "quantitative", "axis": axis, "scale": scale, "stack": None}


def wall_clock(ms: int, tz: ZoneInfo) -> int:
    """What a clock of the zone shows at an instant, as epoch ms of the same time in UTC."""
    return round(local(ms, tz).replace(tzinfo=UTC).timestamp() * 1000)


def wall_clock_of_day(day: date) -> int:
    """Midnight of a day on the wall clock."""
    return (day.toordinal() - _EPOCH) * DAY_MS


def times(wall_clocks: Iterable[int | None]) -> pd.Series[pd.Timestamp]:
    """A column of wall clock times; ``None`` becomes a missing value."""
    return pd.to_datetime(pd.Series(wall_clocks, dtype="Int64"), unit="ms", utc=True)
