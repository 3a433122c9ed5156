"""*Reconcile*: our figures compared with a vendor's, and what most likely explains differences."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from usage_report.core.metrics import metric
from usage_report.render import dates, numbers
from usage_report.render import reconcile as texts
from usage_report.render.charts import reconcile as reconcile_chart
from usage_report.reporting import reconcile
from usage_report.reporting import vendor_figures as stored
from usage_report.reporting.model import Query
from usage_report.reporting.reconcile import Line, Reconciliation, Verdict
from usage_report.ui import cache, strings
from usage_report.ui.components import notices
from usage_report.ui.components.chart import chart
from usage_report.ui.components.comparison_table import comparison_table
from usage_report.ui.components.downloads import csv_button, excel_button
from usage_report.ui.errors import guard
from usage_report.ui.frame import Frame, page
from usage_report.ui.reconcile_view import PARAMS, Context, View, select, title

#: Days listed without a scroll bar, and the height (px) of the table beyond.
_ALL_DAYS, _SCROLLED = 12, 420

_comparisons: cache.SingleFlightCache[Reconciliation] = cache.SingleFlightCache(32)


def show() -> None:
    """Draw the page."""
    frame = page("Reconcile", params=PARAMS)
    shown: dict[str, str] = {}
    with guard():
        if vendors := stored.vendors(cache.reader().engine, frame.team.key):
            view = select(frame, Context(vendors, frame.team.zone))
            shown = view.params()
            _comparison(frame, view)
        else:
            notices.compare_with_vendor(frame.team.key)
    frame.footer(shown)


def _comparison(frame: Frame, view: View) -> None:
    with st.spinner("Comparing…", show_time=False):
        found = _compare(frame, view)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        _headline(view, found)
        _downloads(found)
    _one_metric(view, found)
    st.subheader("All metrics in total", anchor=False)
    totals = found.totals.values()
    _totals(view, [line for line in totals if line.verdict is not Verdict.NONE], "totals")
    if rest := [line for line in totals if line.verdict is Verdict.NONE]:
        with st.expander(f"{strings.count(len(rest), 'metric')} without a comparison"):
            _totals(view, rest, "no_comparison")


def _totals(view: View, lines: Sequence[Line], key: str) -> None:
    comparison_table(
        lines,
        lambda line: metric(line.key).title,
        "Metric",
        vendor=title(view.vendor),
        key=f"reconcile_{key}",
    )


def _compare(frame: Frame, view: View) -> Reconciliation:
    """Return the comparison of a view. Raises ``UsageReportError``."""
    info, reader = frame.team, cache.reader()
    query = Query(info.key, view.start, view.last, view.zone, frame.as_of)
    report = cache.report(info, query)

    def compute() -> Reconciliation:
        engine = reader.engine
        theirs = stored.figures(engine, info.key, view.vendor, view.start, view.last)
        days = [report.days(i).start.isoformat() for i in range(len(report))]
        fetched = [theirs.fetched.get(day, -1) for day in days]
        counts = stored.evidence(engine, info.key, view.vendor, report.edges, fetched)
        return reconcile.compare(
            report, view.vendor, theirs.values, theirs.fetched, counts, view.screen
        )

    key = (reader.identity, info.data_version, query, view.vendor, view.screen)
    return _comparisons.get(key, compute)


def _headline(view: View, found: Reconciliation) -> None:
    verdicts = [line.verdict for line in found.totals.values()]
    counts = " · ".join(
        f"{texts.VERDICT_TEXTS[v]}: {verdicts.count(v)}" for v in Verdict if v in verdicts
    )
    vendor = strings.plain(title(view.vendor))
    with st.container(width="content", gap=None):
        st.markdown(f"**{strings.plain(dates.span(found.period))}** · {counts}")
        st.caption(
            f"Difference = {vendor} − ours. Days: ours in {strings.plain(view.zone)}, "
            f"{vendor}’s probably in {reconcile.VENDOR_ZONE}."
        )


def _downloads(found: Reconciliation) -> None:
    with st.container(horizontal=True, width="content"):
        csv_button(
            lambda: texts.to_csv(found),
            texts.filename(found, "csv"),
            key="reconcile_csv",
            tooltip="Every metric, day and total, with exact figures.",
        )
        excel_button(
            lambda: texts.to_xlsx(found),
            texts.filename(found, "xlsx"),
            key="reconcile_xlsx",
            tooltip="A workbook with totals, days and likely reasons.",
        )


def _one_metric(view: View, found: Reconciliation) -> None:
    """Draw one metric: tiles, the reasons in full, chart, days."""
    m, lines, vendor = metric(view.metric), found.lines[view.metric], title(view.vendor)
    st.subheader(m.title, anchor=False, help=strings.definition(m))
    _tiles(view, found)
    total = found.totals[view.metric]
    if reasons := [texts.sentence(total, reason) for reason in total.reasons]:
        st.markdown("\n".join(f"- {strings.plain(reason)}" for reason in reasons))
    if any(line.difference is not None for line in lines):
        spec = reconcile_chart.spec(lines, vendor, view.metric, _description(vendor, lines))
        chart(spec, key="reconcile_chart")
    comparison_table(
        lines,
        lambda line: dates.day(line.day) if line.day else "",
        "Day",
        vendor=vendor,
        key="reconcile_days",
        height="content" if len(lines) <= _ALL_DAYS else _SCROLLED,
    )


def _description(vendor: str, lines: Sequence[Line]) -> str:
    """Return the chart in words, for screen readers."""
    n = sum(line.verdict is Verdict.DIFFERS for line in lines)
    return (
        f"{metric(lines[0].key).title} by day, ours and {vendor}'s: "
        f"{strings.count(n, 'day differs', 'days differ')} by more than rounding. "
        "The table below has all figures."
    )


def _tiles(view: View, found: Reconciliation) -> None:
    total = found.totals[view.metric]
    share = texts.percent_text(total) if total.percent is not None else None
    with st.container(horizontal=True):
        for label, value, delta in (
            ("Ours", numbers.with_unit(total.key, total.ours), None),
            (title(view.vendor), numbers.with_unit(total.key, total.vendor), None),
            ("Difference", texts.difference_text(total, unit=True), share),
            ("Verdict", texts.VERDICT_TEXTS[total.verdict], None),
        ):
            st.metric(
                label,
                value,
                delta=delta,
                delta_color="off",
                delta_arrow="off",
                border=True,
                height="stretch",
            )
