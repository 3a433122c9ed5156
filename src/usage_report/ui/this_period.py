"""*This period*: six figures of the billing period, against the contract and day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from usage_report.core.metrics import PERIOD, Metric
from usage_report.core.periods import Period
from usage_report.render import dates, notes, standing
from usage_report.render.charts import period, periods
from usage_report.reporting.model import PeriodReport
from usage_report.reporting.periods import billing_periods
from usage_report.ui import cache, strings
from usage_report.ui.address import Address
from usage_report.ui.components.chart import chart
from usage_report.ui.components.period_card import absence, missing_limits, period_card
from usage_report.ui.errors import guard
from usage_report.ui.frame import Frame, page
from usage_report.ui.period_link import PARAMS, TRENDS, PeriodCodec, PeriodView

#: Periods to choose from and to compare.
_PERIODS = 12


def show() -> None:
    """Draw the page."""
    frame, view = page("This period", params=PARAMS), {}
    with guard():
        codec = PeriodCodec(frame.team.zone, frame.team.billing_day, frame.as_of)
        address: Address[PeriodView] = Address("period", codec)
        frame.explain(address.problems)
        view = codec.encode(address.view)
        offered = billing_periods(frame.team, frame.as_of, _PERIODS)
        _choose_period(address, offered)
        report = cache.period(frame.team, frame.as_of, address.view.period)
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
        _trends(frame, address, report, offered)
    frame.footer(view)


def _choose_period(address: Address[PeriodView], offered: Sequence[Period]) -> None:
    current, shown = offered[0], address.view.period or offered[0]
    options = [*offered, *([] if shown in offered else [shown])]
    if len(options) == 1:
        return
    st.selectbox(
        "Billing period",
        options,
        format_func=lambda p: dates.span(p) + (" (running)" if p == current else ""),
        width=260,
        **address.bind(
            "choice",
            shown,
            lambda view, chosen: replace(view, period=None if chosen == current else chosen),
        ),
    )


def _trends(
    frame: Frame, address: Address[PeriodView], report: PeriodReport, offered: Sequence[Period]
) -> None:
    st.subheader(TRENDS[address.view.trend], anchor=False)
    if len(offered) > 1:
        st.segmented_control(
            "Form of the charts",
            list(TRENDS),
            format_func=lambda id: TRENDS[id],
            required=True,
            label_visibility="collapsed",
            **address.bind(
                "trend", address.view.trend, lambda view, trend: replace(view, trend=trend)
            ),
        )
    if address.view.trend == "periods":
        _period_by_period(frame, offered[::-1])
        return
    if text := standing.method(report):
        st.caption(text)
    with st.grid(3):
        for metric, figure in zip(PERIOD, report.metrics, strict=True):
            with _box(metric):
                if figure.value is None:
                    st.caption(" ".join(absence(report, metric)))
                else:
                    chart(period.spec(report, figure), key=f"chart_{metric.key}")


def _period_by_period(frame: Frame, offered: Sequence[Period]) -> None:
    """Draw billing periods side by side, the oldest first."""
    reports = [cache.period(frame.team, frame.as_of, period) for period in offered]
    with st.grid(3):
        for metric, figures in zip(
            PERIOD, zip(*(r.metrics for r in reports), strict=True), strict=True
        ):
            with _box(metric):
                if all(figure.value is None for figure in figures):
                    st.caption(" ".join(absence(reports[-1], metric)))
                else:
                    chart(periods.spec(reports, metric.key), key=f"periods_{metric.key}")


def _box(metric: Metric) -> DeltaGenerator:
    box = st.container(border=True, height="stretch", key=f"trend_{metric.key}")
    box.markdown(f"**{metric.title}**")
    return box
