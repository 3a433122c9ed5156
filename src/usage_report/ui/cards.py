"""Pieces of HTML that Streamlit has no element for: the limit's bar, the list of live sessions.

Colours follow the theme through ``light-dark()``; every colour has a sign and words beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from usage_report.core.metrics import Metric, metric
from usage_report.core.periods import today, zone
from usage_report.render import formats
from usage_report.render.charts import trend
from usage_report.reporting import billing
from usage_report.reporting.model import LiveSession, PeriodMetric, PeriodReport
from usage_report.ui import strings

#: Share of the bar's width (percent) at which the limit stands, until a figure needs more room beyond it.
LIMIT_AT = 80


def period_card(report: PeriodReport, of: Metric, figure: PeriodMetric) -> None:
    """One card: figure, what it means on hover, and where it stands."""
    kind = "limited" if of.is_limited else "plain"
    with st.container(border=True, height="stretch", key=f"card_{kind}_{of.key}"):
        st.metric(of.title, _figure(of, figure.value), help=of.definition, height="content")
        st.html(f'<div class="ur">{"".join(_lines(report, of, figure))}</div>')


def sessions_table(sessions: Sequence[LiveSession], zone_name: str, as_of: int) -> None:
    """The live sessions, one a row."""
    rows = "".join(
        f'<tr><td class="room"><bdi dir="auto">{escape(s.room)}</bdi></td>'
        f'<td class="since">{_since(s.since, zone_name, as_of)}<br><span class="quiet">{formats.duration((as_of - s.since) / 60_000)}</span></td>'
        f'<td class="n">{s.people:,}</td><td class="n">{s.peak:,}</td>'
        f"<td>{_recording(s.recording)}</td></tr>"
        for s in sessions
    )
    head = "".join(
        f'<th scope="col"{c}>{t}</th>'
        for t, c in (
            ("Room", ""),
            ("Since", ""),
            ("People now", ' class="n"'),
            ("Peak", ' class="n"'),
            ("Recording", ""),
        )
    )
    st.html(
        f'<div class="ur"><table><caption>Live sessions</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _recording(running: bool | None) -> str:
    if running is None:
        return '<span class="quiet" title="not supplied">–</span>'
    return "<span class=over>●</span> on" if running else "<span class=quiet>off</span>"


def limits_hint(report: PeriodReport, team: str) -> None:
    """How to set the limits that are not set; nothing when all are."""
    missing = [f.key for f in report.metrics if metric(f.key).is_limited and f.limit is None]
    if missing:
        titles = ", ".join(metric(key).title.lower() for key in missing)
        st.caption(f"No limit is set for {titles}. Set your contract's figures in place of these:")
        st.code(strings.limit_command(team, missing), language="shell", wrap_lines=True)


def _figure(of: Metric, value: float | None) -> str:
    if value is None:
        return formats.ABSENT
    if of.unit and value >= 1000:
        return f"{formats.number(value)}{formats.THIN}{of.unit}"  # tenths of thousands are noise in a headline
    return formats.with_unit(of.key, value)


def _lines(report: PeriodReport, of: Metric, figure: PeriodMetric):
    if figure.value is None:
        yield '<div><strong>Not supplied</strong> <span class="quiet">by this team’s platform. That is not zero.</span></div>'
        return
    if of.is_limited:
        yield (
            _meter(of, figure)
            if figure.limit is not None
            else '<div class="quiet">No limit set</div>'
        )
    elif of.unit and figure.value >= 120:
        yield f'<div class="quiet">{formats.duration(figure.value)}</div>'
    if figure.at is not None:
        yield f'<div class="quiet">Reached {escape(formats.instant(figure.at, report.zone))}</div>'
    if outlook := trend.outlook(report, figure):
        yield f'<div class="quiet">{escape(outlook)}</div>'


def _meter(of: Metric, figure: PeriodMetric) -> str:
    """The bar: filled to the limit in the state's colour, hatched beyond it, with a mark at the limit."""
    percent = figure.percent if figure.percent is not None else 0.0
    state = billing.state(percent)
    limit = _figure(of, figure.limit)
    said = f"{formats.number(percent, 1 if percent < 10 else 0)}{formats.THIN}%"
    scale = min(LIMIT_AT / 100, 98 / max(percent, 1))
    inner, beyond = min(percent, 100) * scale, max(percent - 100, 0) * scale
    over = (
        f'<i class="beyond" style="left:{100 * scale:.2f}%;width:{beyond:.2f}%"></i>'
        if beyond
        else ""
    )
    return (
        f'<div class="meter {state.tone}" role="meter" aria-label="{escape(of.title)}, share of the limit" aria-valuemin="0" '
        f'aria-valuemax="{max(100, percent):.1f}" aria-valuenow="{percent:.1f}" aria-valuetext="{said} of {escape(limit)}, {state.words}">'
        f'<i style="width:{inner:.2f}%"></i>{over}<b style="left:{100 * scale:.2f}%" title="Limit: {escape(limit)}"></b></div>'
        f'<div class="row"><span><strong>{said}</strong> <span class="quiet">of {escape(limit)} contracted</span></span>'
        f'<span class="state {state.tone}"><span aria-hidden="true">{state.sign}</span> {state.words}</span></div>'
    )


def _since(since: int, zone_name: str, as_of: int) -> str:
    """The clock, with the day when it is not today's."""
    tz = zone(zone_name)
    return (
        strings.clock(since, zone_name)
        if today(since, tz) == today(as_of, tz)
        else formats.instant(since, zone_name)
    )
