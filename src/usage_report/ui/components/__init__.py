"""Elements Streamlit does not have: a table whose cells explain themselves, and buttons that copy a link.

Each is one JavaScript and one CSS file beside this one, read once a process; nothing is built and nothing fetched.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from usage_report.core.metrics import METRICS, PARTS, Measure, parts
from usage_report.core.periods import Grain, local, zone
from usage_report.render import dates, numbers
from usage_report.render.notes import STATE_TEXTS
from usage_report.reporting.model import BucketState, Report

HERE = Path(__file__).parent
#: How the total relates to the rows, where it is not a sum.
_SUMS = {
    Measure.DISTINCT: "The total counts each once over the whole range: it is not the sum of the rows.",
    Measure.PEAK: "The total is the largest row, not a sum.",
    Measure.LEVEL: "The total is the last row: what was kept at the end.",
}
_STATE = {state: code for code, state in enumerate(BucketState)}


@cache
def _component(name: str, html: str):
    css, js = ((HERE / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component(f"usage_report_{name}", html=html, css=css, js=js)


def usage_table(report: Report, key: str = "usage_table") -> None:
    """All metrics of a report (a ``Query`` without ``metrics``), a row a bucket, with the breakdown of every cell that has one."""
    _component("usage_table", '<div class="root"></div>')(
        data=table_data(report), key=key, width="stretch", height="content"
    )


@lru_cache(maxsize=16)
def table_data(report: Report) -> dict:
    """What the table shows, as finished texts. Kept for the report it is of: do not change it.

    ``cols``: title ``t``, unit ``u``, definition ``d``; ``parts`` (titles) with their place ``p`` in each row's ``p``;
    place of a peak's instant in ``a``; ``est`` where figures may be estimated; ``absent`` where not supplied.
    ``rows`` and ``total``: name ``n``, badge ``b``, state ``s`` (0 final, 1 running, 2 not begun), cells ``c``, ``p``, ``a``,
    and ``e``, the words for an estimate. ``w`` marks Mondays.
    """
    broken = [m for m in METRICS if m.key in (p.of for p in _PARTS)]
    peaks = [m for m in METRICS if m.measure is Measure.PEAK]
    cols = []
    for m in METRICS:
        col: dict = {
            "t": m.title,
            "u": "minutes" if m.unit and "minutes" not in m.title.lower() else "",
            "d": m.definition,
        }
        if m.measure in _SUMS:
            col["sum"] = _SUMS[m.measure]
        if m in broken:
            col |= {"parts": list(PARTS.values()), "p": broken.index(m)}
        if m in peaks:
            col["peak"] = peaks.index(m)
        if m.key == "consumed_minutes":
            col["est"] = 1
        if m.key in report.not_supplied:
            col["absent"] = 1
        cols.append(col)
    q, tz = report.query, zone(report.query.zone)
    as_of = local(q.as_of, tz)
    rows = []
    for i in range(len(report)):
        state = report.state(i)
        row: dict = {"n": dates.bucket(report, i)}
        if state is not BucketState.FINAL:
            row["s"] = _STATE[state]
        if q.grain is Grain.DAY and i and local(int(report.edges[i]), tz).weekday() == 0:
            row["w"] = 1
        if state is BucketState.NOT_BEGUN:
            rows.append(row | {"b": STATE_TEXTS[state], "c": [None] * len(METRICS)})
            continue
        if state is BucketState.RUNNING:
            row["b"] = f"so far, to {as_of:%H:%M}"
        row |= _figures(broken, lambda key, i=i: report.value(key, i))
        row["a"] = [
            _when(int(report.peaks_at[m.key][i]), q.zone) if m.key in report.peaks_at else ""
            for m in peaks
        ]
        guess = int(report.estimated_ms[i]) if i < len(report.estimated_ms) else 0
        if guess > 0:
            row["e"] = _estimate(guess, int(report.figures["consumed_minutes"][i]))
        rows.append(row)
    total = {"n": "Total", "b": dates.span(q.period)} | _figures(broken, report.total)
    total["a"] = [_when(report.totals_at.get(m.key, -1), q.zone) for m in peaks]
    if report.estimated_total_ms > 0:
        total["e"] = _estimate(report.estimated_total_ms, report.totals["consumed_minutes"])
    names = {Grain.HOUR: "Hour", Grain.DAY: "Day", Grain.WEEK: "Week", Grain.MONTH: "Month"}
    words = {
        "label": f"All metrics by {q.grain}, {dates.span(q.period)}, {q.zone}",
        "first": names[q.grain],
        "dash": numbers.ABSENT,
        "about": numbers.ABOUT,
        "estimated": "estimated",
        "absent": "Not supplied by this team's platform. This is not 0.",
        "later": "In the future.",
        "first_reached": "First reached on",
    }
    return {"cols": cols, "rows": rows, "total": total, "words": words}


_CHAIN = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 13a5 5 0 0 0 7.5.5l3-3a5 5 0 0 0-7-7l-1.7 1.7"/>'
    '<path d="M14 11a5 5 0 0 0-7.5-.5l-3 3a5 5 0 0 0 7 7l1.7-1.7"/></svg><span></span>'
)
_COPY = (
    f'<div class="row"><button id="rolling" type="button">{_CHAIN}</button><button id="fixed" type="button">{_CHAIN}</button>'
    '<output role="status" aria-live="polite"></output></div>'
)
_PARTS = tuple(p for m in METRICS for p in parts(m.key))


def _figures(broken, value) -> dict:
    """Cells, and for each broken-down metric its parts as text, share in %, text, share..."""
    out: dict = {
        "c": [None if (v := value(m.key)) is None else numbers.figure(m.key, v) for m in METRICS],
        "p": [],
    }
    for m in broken:
        whole = value(m.key)
        items: list = []
        for p in parts(m.key):
            part = value(p.key)
            items += [
                numbers.with_unit(p.key, part),
                round(100 * part / whole, 1) if whole and part else 0,
            ]
        out["p"].append(items)
    return out


def _when(ms: int, zone_name: str) -> str:
    return dates.instant(ms, zone_name) if ms >= 0 else ""


def _estimate(guess: int, whole: int) -> str:
    if guess >= whole:
        return "Estimated: the platform does not report who received which stream."
    return f"{numbers.with_unit('consumed_minutes', guess / 60_000)} of it is estimated: the platform does not report who received which stream."


def copy_link(
    rolling: dict[str, str] | None,
    fixed: dict[str, str],
    name: str,
    days: str,
    arrive: dict[str, str] | None,
    key: str = "copy_link",
) -> None:
    """Buttons that copy the rolling link (where the range has a ``name``) and the fixed one (to these ``days``).

    Each is the query parameters of a view. ``arrive``: the full parameters to put into the address bar in place of what
    the page was opened with.
    """
    text = lambda params: urlencode(params) if params else None  # noqa: E731
    _component("copy_link", _COPY)(
        data={
            "rolling": text(rolling),
            "fixed": text(fixed),
            "arrive": text(arrive),
            "rolling_label": f"Link to “{name}”",
            "fixed_label": "Link to these dates",
            "rolling_help": f"The link moves on with time: it always shows “{name}”.",
            "fixed_help": f"The link always shows {days}.",
            "rolling_done": f"Copied. It always shows “{name}”.",
            "fixed_done": f"Copied. It always shows {days}.",
        },
        key=key,
        width="stretch",
        height="content",
    )


__all__ = ["copy_link", "table_data", "usage_table"]
