"""The table of all metrics, a row per bucket, with the breakdown of every figure that has one."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from usage_report.core.metrics import METRICS, PARTS, Measure, Metric, parts
from usage_report.core.periods import Grain, local, zone
from usage_report.render import dates, notes, numbers
from usage_report.render.notes import STATE_TEXTS
from usage_report.reporting.model import BucketState, Report
from usage_report.ui import strings
from usage_report.ui.components.elements import element

#: How the total relates to the rows, where it is not their sum.
_TOTALS = {
    Measure.DISTINCT: "The total counts each one once over the whole range. "
    "It is not the sum of the rows.",
    Measure.PEAK: "The total is the highest row, not a sum.",
    Measure.LEVEL: "The total is the last row: what was stored at the end.",
}
_BUCKETS = {Grain.HOUR: "Hour", Grain.DAY: "Day", Grain.WEEK: "Week", Grain.MONTH: "Month"}
_BROKEN_DOWN = tuple(m for m in METRICS if parts(m.key))
_PEAKS = tuple(m for m in METRICS if m.measure is Measure.PEAK)
#: State of a row; final rows have none.
_STATES = {BucketState.RUNNING: 1, BucketState.NOT_BEGUN: 2, BucketState.NO_RECORDS: 3}


def usage_table(report: Report) -> None:
    """Draw the table of a report (whose ``Query`` names no ``metrics``)."""
    element("usage_table", '<div class="root"></div>', table_data(report))


@lru_cache(maxsize=16)
def table_data(report: Report) -> dict[str, Any]:
    """Return what the table shows, as finished texts. Cached for its report: do not change it.

    ``cols``: title ``t``, unit ``u``, definition ``d``, relation of the total to the rows ``sum``;
    ``parts`` (titles) with their place ``p`` in each row's ``p``; place ``peak`` of a peak's
    instant in each row's ``a``; ``est`` where figures may be estimated; ``absent`` where the
    metric is not supplied.
    ``rows`` and ``total``: name ``n``, badge ``b``, state ``s`` (see ``_STATES``), ``w`` on
    Mondays, cells ``c``, exact cells ``x`` (``None`` where ``c`` is exact), parts ``p``, instants
    ``a``, and ``e``, the text on estimates.
    """
    query = report.query
    words = {
        "label": f"All metrics by {query.grain}, {dates.span(query.period)}, {query.zone}",
        "first": _BUCKETS[query.grain],
        "dash": numbers.ABSENT,
        "about": numbers.ABOUT,
        "estimated": "estimated",
        "absent": strings.NOT_SUPPLIED,
        "later": "In the future.",
        "unrecorded": f"No records. {notes.records_text(report)}",
        "first_reached": "First reached on",
        "short": "Short",
        "exact": "Exact",
        "precision": "Figures",
        "metrics": "Columns",
    }
    rows = [_row(report, i) for i in range(len(report))]
    return {
        "cols": [_column(m, report) for m in METRICS],
        "rows": rows,
        "total": _total(report),
        "words": words,
    }


def _column(of: Metric, report: Report) -> dict[str, Any]:
    unit = "minutes" if of.unit and "minutes" not in of.title.lower() else ""
    column: dict[str, Any] = {"t": of.title, "u": unit, "d": of.definition}
    if of.measure in _TOTALS:
        column["sum"] = _TOTALS[of.measure]
    if of in _BROKEN_DOWN:
        column |= {"parts": list(PARTS.values()), "p": _BROKEN_DOWN.index(of)}
    if of in _PEAKS:
        column["peak"] = _PEAKS.index(of)
    if of.key == "consumed_minutes":
        column["est"] = 1
    if of.key in report.not_supplied:
        column["absent"] = 1
    return column


def _row(report: Report, i: int) -> dict[str, Any]:
    query, tz = report.query, zone(report.query.zone)
    row: dict[str, Any] = {"n": dates.bucket(report, i)}
    if query.grain is Grain.DAY and i and local(int(report.edges[i]), tz).weekday() == 0:
        row["w"] = 1
    state = report.state(i)
    if state is not BucketState.FINAL:
        row |= {"s": _STATES[state], "b": STATE_TEXTS[state]}
    if i not in report.known:
        return row | {"c": [None] * len(METRICS)}
    if state is BucketState.RUNNING:
        row["b"] += f", until {dates.clock(query.as_of, query.zone)}"
    row |= _figures(lambda key: report.value(key, i))
    row["a"] = [
        _instant(int(report.peaks_at[m.key][i]), query.zone) if m.key in report.peaks_at else ""
        for m in _PEAKS
    ]
    if i < len(report.estimated_ms) and (estimated_ms := int(report.estimated_ms[i])) > 0:
        row["e"] = _estimate(estimated_ms, int(report.figures["consumed_minutes"][i]))
    return row


def _total(report: Report) -> dict[str, Any]:
    total = {"n": "Total", "b": dates.span(report.query.period)} | _figures(report.total)
    if report.state() is BucketState.NO_RECORDS:
        total["s"] = _STATES[BucketState.NO_RECORDS]
    total["a"] = [_instant(report.totals_at.get(m.key, -1), report.query.zone) for m in _PEAKS]
    if report.estimated_total_ms > 0:
        total["e"] = _estimate(report.estimated_total_ms, report.totals["consumed_minutes"])
    return total


def _figures(value: Callable[[str], float | None]) -> dict[str, Any]:
    """Return the cells, short and exact, and for each metric with parts text and share in turn."""
    figures = {m.key: value(m.key) for m in METRICS}
    cells = [None if v is None else numbers.short(key, v) for key, v in figures.items()]
    # Counts are exact as they are.
    exact = [
        cell if figures[m.key] is None or not m.unit else numbers.exact(m.key, figures[m.key])
        for m, cell in zip(METRICS, cells, strict=True)
    ]
    broken_down = []
    for m in _BROKEN_DOWN:
        whole = value(m.key)
        items: list[str | float] = []
        for part in parts(m.key):
            amount = value(part.key)
            share = round(100 * amount / whole, 1) if whole and amount else 0
            items += [numbers.with_unit(part.key, amount), share]
        broken_down.append(items)
    differs = [None if x == c else x for x, c in zip(exact, cells, strict=True)]
    return {"c": cells, "x": differs, "p": broken_down}


def _instant(ms: int, zone_name: str) -> str:
    return dates.instant(ms, zone_name) if ms >= 0 else ""


def _estimate(estimated_ms: int, whole_ms: int) -> str:
    why = "the platform does not report who received which stream."
    if estimated_ms >= whole_ms:
        return f"Estimated: {why}"
    return f"{numbers.with_unit('consumed_minutes', estimated_ms / 60_000)} are estimated: {why}"
