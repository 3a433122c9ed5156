"""The controls of *Date range*: range, dates, grouping, form, time zone and metrics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from zoneinfo import available_timezones

import streamlit as st

from usage_report.core import presets
from usage_report.core.metrics import METRICS, metric
from usage_report.core.periods import Grain, Period
from usage_report.render.charts import overlay
from usage_report.reporting.model import Query
from usage_report.ui import cache, links
from usage_report.ui.address import Address
from usage_report.ui.frame import Frame
from usage_report.ui.links import Context, View

_CUSTOM = "custom"
_EARLIEST = date(2000, 1, 1)
_VIEWS = {"chart": "Chart and table", "table": "Table"}


@dataclass(frozen=True, slots=True)
class Selection:
    """What the page shows now: the view, its days, and what both depend on."""

    address: Address[View]
    context: Context
    team: str
    period: Period
    limits: overlay.Limits

    @property
    def view(self) -> View:
        """The view of this run."""
        return self.address.view

    @property
    def zone(self) -> str:
        """The zone in which days are counted."""
        return self.view.zone or self.context.zone

    def query(self) -> Query:
        """Return the question of the view: all metrics, for chart, table and downloads alike."""
        days, now = self.period, self.context.now
        return Query(self.team, days.start, days.last, self.zone, now, self.view.grain)


def load_presets() -> presets.Presets:
    """Return the presets of the settings' file. Raises ``SettingsError``.

    An edit of the file applies from the next run on.
    """
    path = cache.settings().presets
    try:
        stamp = Path(path).stat().st_mtime_ns if path else 0
    except (OSError, ValueError):
        stamp = -1
    return _presets(path, stamp)


@lru_cache(maxsize=4)
def _presets(path: str, stamp: int) -> presets.Presets:  # noqa: ARG001 - part of the key
    return presets.load(path or None)


def select(frame: Frame) -> Selection:
    """Read the view, show which parts of a link could not be used, and draw the controls."""
    context = Context(load_presets(), frame.team.zone, frame.team.billing_day, frame.as_of)
    address = Address("range", context)
    selection = Selection(
        address, context, frame.team.key, context.period(address.view), frame.team.limits
    )
    frame.explain(address.problems)
    with st.container(horizontal=True, key="range_controls"):
        _range(selection)
        _form(selection)
    if selection.view.view == "chart":
        _metrics(selection)
    return selection


def _range(selection: Selection) -> None:
    address, context, days = selection.address, selection.context, selection.period
    labels = {p.id: p.label for p in context.presets.items} | {_CUSTOM: "Custom dates"}

    def choose(view: View, id: str) -> View:
        if id == _CUSTOM:
            return links.fixed(view, context)
        return replace(view, preset=id, start=None, last=None)

    st.selectbox(
        "Range",
        [*context.presets.ids, _CUSTOM],
        format_func=lambda id: labels[id],
        width=190,
        **address.bind("preset", address.view.preset or _CUSTOM, choose),
    )
    st.date_input(
        "Dates",
        min_value=min(_EARLIEST, days.start),
        max_value=max(context.today(address.view) + links.AHEAD, days.last),
        format="YYYY-MM-DD",
        width=240,
        required=True,
        **address.bind("dates", (days.start, days.last), _choose_dates),
    )


def _choose_dates(view: View, picked: object) -> View:
    dates = dates_of(picked)
    return replace(view, preset="", start=min(dates), last=max(dates)) if dates else view


def dates_of(picked: object) -> list[date]:
    """Return the dates a date widget delivers: none, one, or two in any order."""
    items = picked if isinstance(picked, (tuple, list)) else (picked,)
    return [item for item in items if isinstance(item, date)]


def _form(selection: Selection) -> None:
    address, context = selection.address, selection.context
    # Of a fixed width: with that of their contents, what follows would move when these are drawn.
    st.segmented_control(
        "Group by",
        list(Grain),
        format_func=str.title,
        required=True,
        width=260,
        **address.bind(
            "grain", address.view.grain, lambda v, grain: replace(v, grain=Grain(grain))
        ),
    )
    st.segmented_control(
        "View",
        list(_VIEWS),
        format_func=lambda id: _VIEWS[id],
        required=True,
        width=200,
        **address.bind("view", address.view.view, lambda v, form: replace(v, view=form)),
    )

    def choose_zone(view: View, zone: str) -> View:
        return replace(view, zone="" if zone == context.zone else zone)

    st.selectbox(
        "Time zone",
        _zones(context.zone),
        width=190,
        help="Days begin at midnight in this zone. The team's own is the first in the list.",
        **address.bind("zone", selection.zone, choose_zone),
    )


def _metrics(selection: Selection) -> None:
    address = selection.address
    st.multiselect(
        "Metrics in the chart",
        [m.key for m in METRICS],
        format_func=lambda key: metric(key).title,
        max_selections=overlay.MAX_SERIES,
        placeholder="Choose up to six",
        help=f"Up to {overlay.MAX_SERIES} lines. The table has all {len(METRICS)} metrics.",
        **address.bind(
            "metrics",
            list(address.view.metrics),
            lambda view, keys: replace(view, metrics=tuple(keys)),
        ),
    )


def chart_form(selection: Selection) -> None:
    """Draw the choice of how several metrics share the chart."""
    address = selection.address
    st.segmented_control(
        "Form of the chart",
        list(overlay.Form),
        format_func=lambda form: overlay.FORM_TITLES[form],
        required=True,
        label_visibility="collapsed",
        width="content",
        **address.bind(
            "form",
            address.view.form,
            lambda view, form: replace(view, form=overlay.Form(form)),
        ),
    )


@lru_cache(maxsize=64)
def _zones(own: str) -> tuple[str, ...]:
    legacy = ("Etc/", "SystemV/", "posix/", "right/")
    names = sorted(z for z in available_timezones() if "/" in z and not z.startswith(legacy))
    return tuple(dict.fromkeys((own, "UTC", *names)))
