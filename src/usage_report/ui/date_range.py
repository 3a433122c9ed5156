"""*Date range*: any metrics over any days, as a chart, a table and a file.

The address bar always holds what is shown.
"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from usage_report.core.metrics import METRICS, Measure, metric
from usage_report.core.periods import today, zone
from usage_report.render import csv, dates, notes, numbers, xlsx
from usage_report.render.charts import overlay
from usage_report.reporting.model import BucketState, Report, TeamInfo
from usage_report.ui import cache, links, strings
from usage_report.ui.components.chart import chart
from usage_report.ui.components.copy_link import Link, copy_link
from usage_report.ui.components.downloads import csv_button, excel_button
from usage_report.ui.components.usage_table import usage_table
from usage_report.ui.errors import guard
from usage_report.ui.frame import TEAM, page
from usage_report.ui.range_controls import Selection, chart_form, select


def show() -> None:
    """Draw the page."""
    frame = page("Date range", params=None)
    shown: dict[str, str] = {}
    with guard():
        selection = select(frame)
        view, context = selection.view, selection.context
        shown = links.encode(links.fixed(view, context), context)
        with st.spinner("Counting…", show_time=False):
            report = cache.report(frame.team, selection.query())
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            _headline(selection)
            _share(selection, report)
        if selection.view.view == "chart":
            _tiles(report, selection.view.metrics)
            _chart(selection, report)
        _notes(report, selection, frame.team)
        with st.container(key="range_table"):
            usage_table(report)
    frame.footer(shown, has_own_link=True)


def _headline(selection: Selection) -> None:
    zone_text = dates.zone_text(selection.zone, selection.period)
    st.markdown(
        f"**{strings.plain(dates.span(selection.period))}** · "
        f"{strings.count(selection.period.days, 'day')} · {strings.plain(zone_text)}"
    )


def _share(selection: Selection, report: Report) -> None:
    view, context, address = selection.view, selection.context, selection.address
    with st.container(horizontal=True, vertical_alignment="center", key="range_share"):
        csv_button(
            lambda: csv.to_csv(report),
            csv.filename(report, "csv"),
            key="range_csv",
            tooltip="Exact figures of all metrics, a row per bucket and the total.",
        )
        excel_button(
            lambda: xlsx.to_xlsx(report),
            csv.filename(report, "xlsx"),
            key="range_xlsx",
            tooltip="The same as a workbook, with the definition of each metric.",
        )
        days, team = dates.span(selection.period), {TEAM: selection.team}
        rolling = None
        if view.preset:
            preset = context.presets[view.preset].label
            rolling = Link(
                team | links.encode(view, context),
                f"Copy link (always “{preset}”)",
                f"The link shows “{preset}” of the day on which it is opened.",
            )
        copy_link(
            Link(
                team | links.encode(links.fixed(view, context), context),
                f"Copy link ({days})" if rolling else "Copy link",
                f"The link always shows {days}.",
            ),
            rolling=rolling,
            arrive=address.query(view) if address.is_incomplete else None,
        )


def _tiles(report: Report, metrics: tuple[str, ...]) -> None:
    """Draw a tile per metric of the chart: its total, and what sort of total that is."""
    if not metrics:
        return
    with st.container(horizontal=True, key="range_tiles"):
        for key in metrics:
            m, total = metric(key), report.total(key)
            is_estimated = key == "consumed_minutes" and report.estimated_total_ms > 0
            about = numbers.ABOUT if is_estimated and total is not None else ""
            st.metric(
                m.title,
                about + numbers.tile(key, total),
                help=strings.definition(m, total),
                border=True,
                height="stretch",
                width="stretch",
                delta=_total_note(report, key),
                delta_color="off",
                delta_arrow="off",
            )


def _total_note(report: Report, key: str) -> str | None:
    """Return what sort of total a tile shows; ``None`` where its title is enough."""
    value = report.total(key)
    if value is None:
        is_supplied = key not in report.not_supplied
        return notes.STATE_TEXTS[report.state()] if is_supplied else notes.NOT_SUPPLIED
    match metric(key).measure:
        case Measure.MINUTES:
            return numbers.hours(key, value) or None
        case Measure.LEVEL:
            return "stored at the end"
        case Measure.DISTINCT:
            return "unique rooms" if key == "active_rooms" else "unique people"
        case Measure.PEAK:
            at = report.totals_at.get(key, -1)
            return dates.instant(at, report.query.zone) if at >= 0 else None
    return None


def _chart(selection: Selection, report: Report) -> None:
    view = selection.view
    if not view.metrics:
        st.info("Choose metrics above to see them in a chart.", icon=":material/show_chart:")
        return
    if not report.known:
        return
    if len(view.metrics) > 1:
        chart_form(selection)
    chart(overlay.spec(report, view.metrics, view.form, selection.limits), key="range_chart")
    if captions := overlay.captions(report, view.metrics, view.form):
        st.caption(" ".join(captions))


def _notes(report: Report, selection: Selection, team: TeamInfo) -> None:
    """Show what a reader needs to know before trusting the figures."""
    reported = [m.key for m in METRICS if m.key not in report.not_supplied]
    texts, summary = list(notes.notes(report)), list(notes.summary(report))
    match report.state():
        case BucketState.NOT_BEGUN:
            st.info(
                "This range is in the future: there are no figures yet.",
                icon=":material/event_upcoming:",
            )
        case BucketState.NO_RECORDS:
            st.info(texts.pop(0), icon=":material/inbox:")  # when they begin
            summary.pop(0)
            _newest_day(selection, team)
        case _ if not any(report.totals[key] for key in reported):
            st.info("No usage in this range.", icon=":material/inbox:")
            _newest_day(selection, team)
    if texts:
        short = strings.plain(" · ".join(summary))
        with st.expander(f"{short} · **Details**", key="range_notes"):
            st.markdown("\n".join(f"- {strings.plain(text)}" for text in texts))


def _newest_day(selection: Selection, team: TeamInfo) -> None:
    """Offer the day of the newest event, if it is outside of the range."""
    if team.last_event is None:
        return
    day = today(min(team.last_event, selection.context.now), zone(selection.zone))
    if selection.period.start <= day <= selection.period.last:
        return
    st.button(
        f"Newest events: {dates.day(day)}. Show that day",
        key="range_newest",
        on_click=selection.address.step,
        args=(lambda view: replace(view, preset="", start=day, last=day),),
    )
