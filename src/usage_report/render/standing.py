"""Sentences of *This period*: how far the period is, and where figures stand against limits."""

from __future__ import annotations

from typing import Final, NamedTuple

from usage_report.core.periods import today, zone
from usage_report.render import dates
from usage_report.render.numbers import THIN, approximate, percent, tile
from usage_report.reporting.billing import State, passed
from usage_report.reporting.model import PeriodMetric, PeriodReport
from usage_report.reporting.projection import project


class StateText(NamedTuple):
    """A state for readers: words and a sign, so that its colour is never needed alone."""

    words: str
    sign: str


STATE_TEXTS: Final = {
    State.WITHIN: StateText("within limit", "✓"),
    State.NEAR: StateText("near limit", "▲"),
    State.OVER: StateText("over limit", "✕"),
}


def header(report: PeriodReport) -> str:
    """The period in one line: its dates, the day it is, the days left."""
    period, day = report.period, today(report.as_of, zone(report.zone))
    days_left = (period.last - day).days
    if days_left < 0:
        return f"{dates.span(period)} · {period.days} days · ended"
    ahead = "last day"
    if days_left > 0:
        ahead = f"{days_left} {'day' if days_left == 1 else 'days'} left"
    nth = min((day - period.start).days + 1, period.days)
    return f"{dates.span(period)} · day {nth} of {period.days} · {ahead}"


def outlook(report: PeriodReport, figure: PeriodMetric) -> str:
    """The projection, or the day the limit was passed; empty where there is neither."""
    if (day := passed(report, figure)) is not None:
        return f"The limit was passed on {dates.day(day)}. Over it by {overage(figure)}."
    ahead = project(report, figure)
    if ahead is None or not ahead.end.high:
        return ""
    share = "" if ahead.percent is None else f", {percent(ahead.percent)} of the limit"
    last = dates.day_month(report.period.last)
    low, mean, high = map(approximate, (ahead.end.low, ahead.end.mean, ahead.end.high))
    spread = "" if low == high else f" ({low} to {high})"
    text = f"Projection: {mean}{THIN}min{spread}{share} by {last}."
    if ahead.passed:
        text += f" The limit is reached about {dates.day_month(ahead.passed)}."
    return text


def overage(figure: PeriodMetric) -> str:
    """How far a figure is over its limit, with its unit; empty where it is not."""
    if not figure.limit or figure.value is None or figure.value <= figure.limit:
        return ""
    return tile(figure.key, figure.value - figure.limit)


def method(report: PeriodReport) -> str:
    """How the projections of a report are made; empty where it has none."""
    weeks = max((p.weeks for f in report.metrics if (p := project(report, f))), default=0)
    if not weeks:
        return ""
    if weeks == 1:
        return "Projection: each day to come counts as the same weekday of last week."
    return (
        "Projection: each day to come counts as the average of the same weekday in the last"
        f" {weeks} weeks. Its range is from the lowest to the highest of these weeks."
    )


def percent_of_limit(value: float) -> str:
    """A percentage of a limit: one decimal below 10 %."""
    return percent(value, 1 if value < 10 else 0)


__all__ = ["STATE_TEXTS", "StateText", "header", "method", "outlook", "overage", "percent_of_limit"]
