"""The pieces of *Date range*, each a function of a view or a report. The address rules, widgets follow.

Every run reads the view from the address (or, on return from another page, from memory) and sets the widgets to it; a widget
that changes writes the new view to the address, which makes a step for Back. So a link, Back, Forward and a click are one path.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from zoneinfo import available_timezones

import streamlit as st

from usage_report.core import presets
from usage_report.core.metrics import METRICS, Measure, metric
from usage_report.core.periods import Grain, Period
from usage_report.render import csv, dates, numbers, xlsx
from usage_report.render import notes as report_notes
from usage_report.render.charts import overlay
from usage_report.reporting.model import BucketState, Query, Report, TeamInfo
from usage_report.ui import cache, components, links, strings
from usage_report.ui.frame import TEAM, Frame
from usage_report.ui.links import Context, View

_VIEW, _WRITTEN, _SEEN, _PROBLEMS, _ARRIVED = (
    "_range_view",
    "_range_written",
    "_range_seen",
    "_range_problems",
    "_range_arrived",
)
#: What the browser holds of widgets that we have moved, until it hears of that; when a run was through, ``None`` during one.
_LEFT, _SENT = "_range_left", "_range_sent"
#: Seconds in which the browser hears of a run that is through.
HEARD = 1.0
_CUSTOM = "custom"
_EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Picked:
    """What the page shows now: the view, its days, and what it was read against."""

    view: View
    period: Period
    context: Context
    team: TeamInfo

    @property
    def zone(self) -> str:
        return self.view.zone or self.context.zone

    def query(self) -> Query:
        return Query(
            self.team.key,
            self.period.start,
            self.period.last,
            self.zone,
            self.context.now,
            self.view.grain,
        )


def load_presets() -> presets.Presets:
    """The presets of the settings' file; an edit counts from the next run on. Raises ``SettingsError``."""
    path = cache.settings().presets
    try:
        stamp = Path(path).stat().st_mtime_ns if path else 0
    except (OSError, ValueError):
        stamp = -1
    return _presets(path, stamp)


@lru_cache(maxsize=4)
def _presets(path: str, stamp: int) -> presets.Presets:
    return presets.load(path or None)


def pick(frame: Frame) -> Picked:
    """Read the view and draw the controls of range, grain, form and metrics. Shows what of a link could not be used."""
    context = Context(load_presets(), frame.team.zone, frame.team.billing_day, frame.as_of)
    if _heard():
        st.session_state[_LEFT] = {}
    st.session_state[_SENT] = None
    view = _current(context)
    for problem in st.session_state.get(_PROBLEMS, ()):
        st.warning(strings.plain(problem), icon="🔗")
    picked = Picked(view, context.period(view), context, frame.team)
    _controls(picked)
    return picked


def sent() -> None:
    """To be called at the end of a run: the browser is told all of it now."""
    st.session_state[_SENT] = time.monotonic()


def _heard() -> bool:
    """Does the browser know of every widget that we have moved? Not if the run that did it was cut short."""
    through = st.session_state.get(_SENT)
    return through is not None and time.monotonic() - through > HEARD


def _address() -> dict[str, list[str]]:
    """The query parameters that are ours, with all values given for each."""
    return {name: st.query_params.get_all(name) for name in st.query_params if name != TEAM}


def _current(context: Context) -> View:
    """The view of the address; of memory where the address is bare (return from another page) or was written by us."""
    state, address = st.session_state, _address()
    known = state.get(_VIEW)
    written = state.get(_WRITTEN)
    if known is not None and (not address or address == written):
        # A team of another zone or a file without the preset may have made it impossible to show.
        view, problems = links.decode(_listed(links.encode(known, context)), context)
        if problems:
            state[_PROBLEMS] = problems
    else:
        view, state[_PROBLEMS] = links.decode(address, context)
    encoded = _listed(links.encode(view, context))
    state[_ARRIVED], state[_SEEN] = address != encoded, address
    state[_VIEW], state[_WRITTEN] = view, encoded
    return view


def _listed(params: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in params.items()}


def _with_team(params: dict[str, str]) -> dict[str, str]:
    return ({TEAM: st.query_params[TEAM]} if TEAM in st.query_params else {}) | params


def _show(context: Context, **changes) -> None:
    """Change the view: the step that Back undoes."""
    view, problems = links.settle(replace(st.session_state[_VIEW], **changes), context)
    params = links.encode(view, context)
    state = st.session_state
    state[_VIEW], state[_WRITTEN], state[_PROBLEMS] = view, _listed(params), problems
    st.query_params.from_dict(_with_team(params))


def _widget(name: str, value: object, apply: Callable[[object], dict], context: Context) -> dict:
    """``key`` and ``on_change`` of a widget that shows ``value`` and turns what is picked into changes of the view."""
    key = f"range_{name}"
    left = st.session_state.setdefault(_LEFT, {})
    if (before := st.session_state.get(key, value)) != value:
        left[name] = before
    st.session_state[key] = value

    def changed() -> None:
        if name in left and st.session_state[key] == left[name] and not _heard():
            return  # Nobody picked this: something else was, before the browser knew that this had moved.
        if _address() not in (st.session_state.get(_WRITTEN), st.session_state.get(_SEEN)):
            return  # Back or a link overtook the widget: what it holds is of the view that was left.
        changes = apply(st.session_state[key])
        if changes:
            _show(context, **changes)

    return {"key": key, "on_change": changed}


def _controls(picked: Picked) -> None:
    view, context, days = picked.view, picked.context, picked.period
    with st.container(horizontal=True, key="range_controls"):
        options = [*context.presets.ids, _CUSTOM]
        labels = {p.id: p.label for p in context.presets.items} | {_CUSTOM: "Custom dates"}
        fixed = {"preset": "", "start": days.start, "last": days.last}
        st.selectbox(
            "Range", options, format_func=labels.get, width=190,
            **_widget("preset", view.preset or _CUSTOM, lambda v: fixed if v == _CUSTOM else {"preset": v, "start": None, "last": None}, context),
        )  # fmt: skip
        latest = max(context.today(view) + links.AHEAD, days.last)
        st.date_input(
            "Dates", min_value=min(_EARLIEST, days.start), max_value=latest, format="YYYY-MM-DD", width=240, required=True,
            **_widget("dates", (days.start, days.last), _dates, context),
        )  # fmt: skip
        st.segmented_control(
            "By", list(Grain), format_func=lambda g: g.title(), required=True, width="content",
            **_widget("grain", view.grain, lambda v: {"grain": Grain(v)}, context),
        )  # fmt: skip
        shown = {"chart": "Chart and table", "table": "Table"}
        st.segmented_control(
            "Show", list(shown), format_func=shown.get, required=True, width="content",
            **_widget("view", view.view, lambda v: {"view": v}, context),
        )  # fmt: skip
        st.selectbox(
            "Time zone", _zones(context.zone), width=190, help="Days are cut in this zone. The first is the team's own.",
            **_widget("zone", picked.zone, lambda v: {"zone": "" if v == context.zone else v}, context),
        )  # fmt: skip
    if view.view == "chart":
        st.multiselect(
            "Metrics in the chart", [m.key for m in METRICS], format_func=lambda k: metric(k).title, max_selections=overlay.MAX_SERIES,
            placeholder="Choose up to six", help=f"Up to {overlay.MAX_SERIES}: beyond that, lines cannot be told apart. The table has all seventeen.",
            **_widget("metrics", list(view.metrics), lambda v: {"metrics": tuple(v)}, context),
        )  # fmt: skip


def _dates(value: object) -> dict:
    """What a date widget can deliver: nothing, one date, two in any order, three from a garbled state."""
    dates = [d for d in (value if isinstance(value, (tuple, list)) else (value,)) if d is not None]
    return {"preset": "", "start": min(dates), "last": max(dates)} if dates else {}


@lru_cache(maxsize=64)
def _zones(own: str) -> tuple[str, ...]:
    names = sorted(
        z
        for z in available_timezones()
        if "/" in z and not z.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    )
    return tuple(dict.fromkeys((own, "UTC", *names)))


def headline(picked: Picked) -> None:
    """The days in words, their number, and the zone they are cut in."""
    n = picked.period.days
    st.markdown(
        f"**{strings.plain(dates.span(picked.period))}** · {strings.count(n, 'day')} · "
        f"{strings.plain(dates.zone_text(picked.zone, picked.context.now))}"
    )


def answer(picked: Picked) -> Report:
    """The report of the view, all metrics with their parts; a word while it is computed. Raises ``UsageReportError``."""
    with st.spinner("Counting…", show_time=False):
        return cache.report(picked.query())


def summary(report: Report, metrics: tuple[str, ...]) -> None:
    """A tile for each metric of the chart: its total for the range, and what sort of total that is."""
    if not metrics:
        return
    with st.container(horizontal=True, key="range_tiles"):
        for key in metrics:
            m = metric(key)
            about = (
                numbers.ABOUT
                if key == "consumed_minutes"
                and report.estimated_total_ms > 0
                and report.total(key) is not None
                else ""
            )
            st.metric(
                m.title, about + numbers.figure(key, report.total(key)), help=m.definition, border=True, height="stretch",
                delta=_total_note(report, key), delta_color="off", delta_arrow="off", width="stretch",
            )  # fmt: skip


def _total_note(report: Report, key: str) -> str:
    """What sort of total a tile shows."""
    value = report.total(key)
    if value is None:
        return (
            report_notes.NOT_SUPPLIED
            if key in report.not_supplied
            else report_notes.STATE_TEXTS[BucketState.NOT_BEGUN]
        )
    match metric(key).measure:
        case Measure.MINUTES:
            return numbers.duration(value)
        case Measure.LEVEL:
            return "minutes kept at the end"
        case Measure.DISTINCT:
            return "each counted once"
        case Measure.PEAK:
            at = report.totals_at.get(key, -1)
            return dates.instant(at, report.query.zone) if at >= 0 else "never any"
    return "in the range"


def chart(report: Report, metrics: tuple[str, ...]) -> None:
    """The overlay chart, with a word on its scale."""
    if not metrics:
        st.info(
            "No metric is chosen. Choose one or more above to see them here; the table has all of them.",
            icon="📈",
        )
        return
    if not report.begun:
        st.info("This range has not begun: there is nothing to draw yet.", icon="📅")
        return
    data = overlay.frame(report, metrics)
    titles = ", ".join(metric(k).title for k in metrics)
    st.vega_lite_chart(
        data, overlay.spec(report, metrics), width="stretch", height=overlay.HEIGHT + 10 * len(metrics), key="range_chart",
        alt=f"{titles} by {report.query.grain}, {dates.span(report.query.period)}. The table below has all figures.",
    )  # fmt: skip
    if words := " ".join(overlay.captions(report, metrics)):
        st.caption(words)


def notes(report: Report) -> None:
    """What a reader must know before trusting the figures."""
    if report.begun and not any(
        report.totals[m.key] for m in METRICS if m.key not in report.not_supplied
    ):
        st.info("Nothing was used in this range: every figure that is supplied is 0.", icon="📭")
    if texts := report_notes.notes(report):
        st.caption("  \n".join(strings.plain(text) for text in texts))


def table(report: Report) -> None:
    """All metrics, a row a bucket."""
    with st.container(key="range_table"):
        components.usage_table(report)


def share(picked: Picked, report: Report) -> None:
    """Links and downloads. A file is made when it is asked for, not before."""
    view, context = picked.view, picked.context
    encode = lambda v: _with_team(links.encode(v, context))  # noqa: E731
    with st.container(horizontal=True, vertical_alignment="center", key="range_share"):
        st.download_button(
            "CSV", lambda: csv.to_csv(report), csv.filename(report, "csv"), "text/csv", key="range_csv", icon=":material/download:", on_click="ignore", width="content",
            help="Exact figures, all metrics and parts, one row a bucket; the last row is the total.",
        )  # fmt: skip
        st.download_button(
            "Excel", lambda: xlsx.to_xlsx(report), csv.filename(report, "xlsx"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", key="range_xlsx", icon=":material/download:", on_click="ignore", width="content",
            help="A workbook with the figures, where they come from, and what each metric means.",
        )  # fmt: skip
        components.copy_link(
            encode(view) if view.preset else None,
            encode(links.fixed(view, context)),
            context.presets[view.preset].label if view.preset else "",
            dates.span(picked.period),
            encode(view) if st.session_state[_ARRIVED] else None,
        )


__all__ = ["Picked", "answer", "chart", "headline", "notes", "pick", "share", "summary", "table"]
