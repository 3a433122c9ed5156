"""The cards of *This period*: a figure, and where it stands against the contract.

Colours follow the theme through ``light-dark()``. Every colour has a sign and words with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import streamlit as st

from usage_report.core.metrics import Metric, metric
from usage_report.render import dates, notes, numbers, standing
from usage_report.reporting import billing
from usage_report.reporting.model import PeriodMetric, PeriodReport
from usage_report.ui import strings

#: Where the limit stands in the bar, in percent of its width, until a figure beyond the limit needs
#: more room.
LIMIT_AT = 80


def period_card(report: PeriodReport, of: Metric, figure: PeriodMetric) -> None:
    """Draw one card: the figure, its definition on hover, and where it stands."""
    kind = "limited" if of.is_limited else "plain"
    with st.container(border=True, height="stretch", key=f"card_{kind}_{of.key}"):
        st.metric(
            of.title,
            numbers.tile(of.key, figure.value),
            help=strings.definition(of, figure.value),
            height="content",
        )
        st.html(f'<div class="ur">{"".join(_lines(report, of, figure))}</div>')


def missing_limits(report: PeriodReport, team: str) -> None:
    """Show how to set the limits that are not set; nothing when all are."""
    missing = [f.key for f in report.metrics if metric(f.key).is_limited and f.limit is None]
    if missing:
        titles = ", ".join(metric(key).title.lower() for key in missing)
        st.caption(f"No limit is set for {titles}. Your administrator sets them with:")
        st.code(strings.limit_command(team, missing), language="shell", wrap_lines=True)


def absence(report: PeriodReport, of: Metric) -> tuple[str, str]:
    """Return why there is no figure: in two words, and in a sentence."""
    if of.key in report.daily.not_supplied:
        return "Not supplied.", f"Your platform does not report {of.title.lower()}."
    return "No records.", notes.records_text(report.daily)


def _lines(report: PeriodReport, of: Metric, figure: PeriodMetric) -> Iterator[str]:
    if figure.value is None:
        short, why = absence(report, of)
        yield f'<div><strong>{short}</strong> <span class="quiet">{escape(why)}</span></div>'
        return
    if of.is_limited:
        yield _meter(of, figure)
    if hours := numbers.hours(of.key, figure.value):
        yield _quiet(hours)
    if figure.at is not None:
        yield _quiet(f"Peak on {dates.instant(figure.at, report.zone)}")
    if outlook := standing.outlook(report, figure):
        yield _quiet(outlook)


def _quiet(text: str) -> str:
    return f'<div class="quiet">{escape(text)}</div>'


def _meter(of: Metric, figure: PeriodMetric) -> str:
    """Return the bar: filled to the limit in the state's colour, hatched beyond, marked at it."""
    if figure.limit is None:
        return _quiet("No limit set")
    percent = figure.percent if figure.percent is not None else 0.0
    state = billing.state(percent) or billing.State.WITHIN
    words, sign = standing.STATE_TEXTS[state]
    limit = escape(numbers.limit(of.key, figure.limit))
    text = standing.percent_of_limit(percent)
    scale = min(LIMIT_AT / 100, 98 / max(percent, 1))
    limit_at, inner, beyond = 100 * scale, min(percent, 100) * scale, max(percent - 100, 0) * scale
    excess = f'<i class="beyond" style="left:{limit_at:.2f}%;width:{beyond:.2f}%"></i>'
    return (
        f'<div class="meter {state}" role="meter" '
        f'aria-label="{escape(of.title)}, share of the limit" aria-valuemin="0" '
        f'aria-valuemax="{numbers.rounded(max(100, percent), 1)}" '
        f'aria-valuenow="{numbers.rounded(percent, 1)}" '
        f'aria-valuetext="{text} of {limit}, {words}">'
        f'<i style="width:{inner:.2f}%"></i>{excess if beyond else ""}'
        f'<b style="left:{limit_at:.2f}%" title="Limit: {limit}"></b></div>'
        f'<div class="row"><span><strong>{text}</strong> '
        f'<span class="quiet">of {limit} contracted</span></span>'
        f'<span class="state {state}"><span aria-hidden="true">{sign}</span> '
        f"{words}</span></div>"
    )
