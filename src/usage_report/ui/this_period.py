"""*This period*: six figures of the billing period, against the contract and day by day."""

from __future__ import annotations

import streamlit as st

from usage_report.core.metrics import PERIOD, Metric
from usage_report.render import dates, notes, standing
from usage_report.render.charts import period
from usage_report.reporting.model import PeriodMetric, PeriodReport
from usage_report.ui import cache, strings
from usage_report.ui.components.chart import chart
from usage_report.ui.components.period_card import absence, missing_limits, period_card
from usage_report.ui.errors import guard
from usage_report.ui.frame import page


def show() -> None:
    """Draw the page."""
    frame = page("This period")
    with guard():
        report = cache.period(frame.team, frame.as_of)
        figures = {figure.key: figure for figure in report.metrics}
        zone_text = strings.plain(dates.zone_text(report.zone, report.period))
        updated = dates.clock(report.as_of, report.zone)
        st.caption(f"{standing.header(report)} · {zone_text} · updated {updated}")

        with st.grid(3):
            for metric in PERIOD:
                period_card(report, metric, figures[metric.key])
        for text in (notes.records_text(report.daily), notes.partly_text(report.daily, PERIOD)):
            if text:
                st.caption(strings.plain(text))
        missing_limits(report, frame.team.key)

        st.subheader("Day by day", anchor=False)
        if text := standing.method(report):
            st.caption(text)
        with st.grid(3):
            for metric in PERIOD:
                _trend(report, metric, figures[metric.key])
    frame.footer()


def _trend(report: PeriodReport, metric: Metric, figure: PeriodMetric) -> None:
    with st.container(border=True, height="stretch", key=f"trend_{metric.key}"):
        st.markdown(f"**{metric.title}**")
        if figure.value is None:
            st.caption(" ".join(absence(report, metric)))
            return
        chart(period.spec(report, figure), key=f"chart_{metric.key}")
