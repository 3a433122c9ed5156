"""The pieces of *Reconcile*. The address rules, widgets follow: a link, Back and a click are one path.

Parameters: ``from`` and ``to`` (inclusive days), ``m`` (a metric's key), ``zone``, ``screen``, ``vendor``. Each that cannot
be used costs one sentence and falls back alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from usage_report.core.errors import InputError, did_you_mean
from usage_report.core.metrics import Unit, metric
from usage_report.core.periods import parse_date
from usage_report.render import formats
from usage_report.reporting import reconcile
from usage_report.reporting import vendor_figures as stored
from usage_report.reporting.model import Query
from usage_report.reporting.reconcile import Reason, Reconciliation, Screen, Verdict
from usage_report.ui import cache, strings
from usage_report.ui.frame import Frame

PARAMS = ("from", "to", "m", "zone", "screen", "vendor")
#: Days shown at first, and the most.
USUAL, MOST = 31, 366
TITLES = {"digitalsamba": "Digital Samba"}
SIGNS = {
    Verdict.EQUAL: "✓ equal",
    Verdict.ROUNDING: "≈ within rounding",
    Verdict.DIFFERS: "≠ differs",
    Verdict.NONE: "– no comparison",
}
_MEMORY = "_reconcile_params"

_answers: cache.SingleFlightCache[Reconciliation] = cache.SingleFlightCache(32)


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: whose figures, which days (inclusive), and how they are read."""

    vendor: str
    start: date
    last: date
    metric: str = "participation_minutes"
    zone: str = reconcile.VENDOR_ZONE
    screen: Screen = Screen.CONTAINED

    def params(self) -> dict[str, str]:
        return dict(
            zip(
                PARAMS,
                (
                    str(self.start),
                    str(self.last),
                    self.metric,
                    self.zone,
                    str(self.screen),
                    self.vendor,
                ),
                strict=True,
            )
        )


def title(vendor: str) -> str:
    return TITLES.get(vendor, vendor)


def pick(frame: Frame) -> View | None:
    """Read the view and draw its controls; ``None`` where no vendor's figures have been pulled yet."""
    known = stored.vendors(cache.reader().engine, frame.team.key)
    if not known:
        return None
    given = {
        name: st.query_params[name] for name in PARAMS if name in st.query_params
    } or st.session_state.get(_MEMORY, {})
    view, problems = decode(given, known, frame.team.zone)
    for problem in problems:
        st.warning(strings.plain(problem), icon="🔗")
    st.session_state[_MEMORY] = view.params()
    _controls(view, known, frame.team.zone)
    return view


def decode(
    given: dict[str, str], known: dict[str, tuple[date, date]], own_zone: str
) -> tuple[View, list[str]]:
    """The view of query parameters, and a sentence for each that could not be used. Never raises."""
    problems: list[str] = []

    def choice(name: str, options: list[str]) -> str:
        value = given.get(name, options[0])
        if value not in options:
            problems.append(
                f"“{value[:40]}” cannot be shown as “{name}”. {did_you_mean(value[:40], options)}".rstrip()
            )
        return value if value in options else options[0]

    vendor = choice("vendor", list(known))
    first, newest = known[vendor]
    days: dict[str, date] = {}
    for name in ("from", "to"):
        try:
            if name in given:
                days[name] = parse_date(given[name])
        except InputError as error:
            problems.append(str(error))
    last = days.get("to", max(newest, days.get("from", newest)))
    start = days.get("from", min(last, max(first, last - timedelta(days=USUAL - 1))))
    if start > last:
        start, last = last, start
        problems.append("The range ended before it began; its two dates are swapped.")
    if (last - start).days >= MOST:
        start = last - timedelta(days=MOST - 1)
        problems.append(f"The range is longer than a year; its last {MOST} days are shown.")
    return View(
        vendor, start, last,
        choice("m", list(reconcile.BY_KEY)),
        choice("zone", zones(own_zone)),
        Screen(choice("screen", [str(s) for s in Screen])),
    ), problems  # fmt: skip


def zones(own: str) -> list[str]:
    """Zones our days can be cut in: the vendor's, and the team's own."""
    return list(dict.fromkeys((reconcile.VENDOR_ZONE, own)))


def _controls(view: View, known: dict, own_zone: str) -> None:
    def widget(name: str, value: object, apply: Callable[[object], dict]) -> dict:
        key = f"reconcile_{name}"
        st.session_state[key] = value

        def changed() -> None:
            params = view.params() | apply(st.session_state[key])
            st.query_params.from_dict(
                {k: v for k, v in st.query_params.to_dict().items() if k not in PARAMS} | params
            )

        return {"key": key, "on_change": changed}

    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(known) > 1:
            st.selectbox(
                "Vendor",
                list(known),
                format_func=title,
                width=180,
                **widget("vendor", view.vendor, lambda v: {"vendor": v}),
            )
        st.date_input(
            "Dates",
            format="YYYY-MM-DD",
            width=250,
            required=True,
            **widget("dates", (view.start, view.last), _dates),
        )
        st.selectbox(
            "Metric by day",
            list(reconcile.BY_KEY),
            format_func=lambda k: metric(k).title,
            width=280,
            **widget("metric", view.metric, lambda v: {"m": v}),
        )
        if len(zones(own_zone)) > 1:
            st.segmented_control(
                "Our days in", zones(own_zone), required=True, width="content",
                help=f"{title(view.vendor)} does not say where its days begin; {reconcile.VENDOR_ZONE} is most likely.",
                **widget("zone", view.zone, lambda v: {"zone": v}),
            )  # fmt: skip
        st.segmented_control(
            "Screenshare", [str(s) for s in Screen], required=True, width="content",
            help=f"Whether {title(view.vendor)}'s broadcast and consumed minutes hold the screenshare minutes, or those come on top. Its documentation reads as contained.",
            **widget("screen", str(view.screen), lambda v: {"screen": v}),
        )  # fmt: skip


def _dates(value: object) -> dict:
    """What a date widget can deliver: nothing, one date, two in any order."""
    dates = [d for d in (value if isinstance(value, (tuple, list)) else (value,)) if d is not None]
    return {"from": str(min(dates)), "to": str(max(dates))} if dates else {}


def answer(frame: Frame, view: View) -> Reconciliation:
    """The comparison of a view. Raises ``UsageReportError``."""
    report = cache.report(Query(frame.team.key, view.start, view.last, view.zone, frame.as_of))
    reader, info = cache.reader(), cache.team(frame.team.key)

    def compute() -> Reconciliation:
        said = stored.figures(reader.engine, info.key, view.vendor, view.start, view.last)
        fetched = [
            said.fetched.get(formats.days_of(report, i).start.isoformat(), -1)
            for i in range(len(report))
        ]
        counts = stored.evidence(reader.engine, info.key, report.edges, fetched)
        return reconcile.compare(
            report, view.vendor, said.values, said.fetched, counts, view.screen
        )

    key = (
        reader.identity,
        info.key,
        info.data_version,
        frame.as_of,
        view.vendor,
        view.start,
        view.last,
        view.zone,
        view.screen,
    )
    with st.spinner("Comparing…", show_time=False):
        return _answers.get(key, compute)


def headline(view: View, found: Reconciliation) -> None:
    totals = [line.verdict for line in found.totals.values()]
    words = " · ".join(f"{SIGNS[v]}: {totals.count(v)}" for v in Verdict if v in totals)
    vendor = strings.plain(title(view.vendor))
    with st.container(width="content", gap=None):
        st.markdown(f"**{strings.plain(formats.span(found.period))}** · {words}")
        st.caption(
            f"Difference: {vendor}’s figure less ours. Our days are cut in {strings.plain(view.zone)}; {vendor}’s are taken to be {reconcile.VENDOR_ZONE}."
        )


def _figure(key: str, value: float | None) -> str:
    return formats.figure(key, value)


def _difference(line: reconcile.Line) -> str:
    if line.difference is None:
        return formats.ABSENT
    text = formats.figure(line.key, abs(line.difference))
    return (
        text
        if line.verdict is Verdict.EQUAL or text.startswith("<")
        else ("+" if line.difference > 0 else "−") + text
    )


def _percent(line: reconcile.Line) -> str:
    return (
        formats.ABSENT
        if line.percent is None
        else f"{line.percent:+.1f}{formats.THIN}%".replace("-", "−")
    )


def _words(reasons: tuple[Reason, ...]) -> str:
    """Short, with how much each can explain: whole sentences do not fit a cell."""
    bound = lambda r: "" if r.bound is None else f" (up to {formats.number(r.bound)})"  # noqa: E731
    return ", ".join(reconcile.SHORT[r.code] + bound(r) for r in reasons)


def _rows(lines, first: Callable[[reconcile.Line], str], head: str) -> pd.DataFrame:
    lines = list(lines)
    return pd.DataFrame(
        {
            head: [first(line) for line in lines],
            "Ours": [_figure(line.key, line.ours) for line in lines],
            "Vendor": [_figure(line.key, line.vendor) for line in lines],
            "Difference": [_difference(line) for line in lines],
            "In %": [_percent(line) for line in lines],
            "Verdict": [SIGNS[line.verdict] for line in lines],
            "Likely reasons": [_words(line.reasons) for line in lines],
        }
    )


def _table(rows: pd.DataFrame, vendor: str, key: str, height: str | int = "content") -> None:
    right = {
        name: st.column_config.TextColumn(
            name if name != "Vendor" else title(vendor), alignment="right", width=110
        )
        for name in ("Ours", "Vendor", "Difference", "In %")
    }
    right["In %"] = st.column_config.TextColumn("In %", alignment="right", width=80)
    wide = {
        "Likely reasons": st.column_config.TextColumn("Likely reasons", width="large"),
        "Verdict": st.column_config.TextColumn("Verdict", width=150),
    }
    st.dataframe(
        rows, hide_index=True, width="stretch", height=height, column_config=right | wide, key=key
    )


def totals(found: Reconciliation) -> None:
    """Every metric over the whole range."""
    _table(
        _rows(found.totals.values(), lambda line: metric(line.key).title, "Metric"),
        found.vendor,
        "reconcile_totals",
    )


def chosen(view: View, found: Reconciliation) -> None:
    """One metric: tiles, chart, days, and the reasons in full."""
    total, m = found.totals[view.metric], metric(view.metric)
    st.subheader(m.title, anchor=False, help=m.definition)
    with st.container(horizontal=True):
        st.metric("Ours", formats.with_unit(m.key, total.ours), border=True, height="stretch")
        st.metric(
            title(view.vendor),
            formats.with_unit(m.key, total.vendor),
            border=True,
            height="stretch",
        )
        st.metric(
            "Difference",
            _difference(total),
            delta=_percent(total) if total.percent is not None else None,
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
        st.metric("Verdict", SIGNS[total.verdict], border=True, height="stretch")
    if total.reasons:
        st.markdown("\n".join(f"- {strings.plain(reason.text)}" for reason in total.reasons))
    lines = found.lines[view.metric]
    if any(line.difference is not None for line in lines):
        st.vega_lite_chart(
            marks(lines),
            spec(title(view.vendor), view.metric),
            width="stretch",
            key="reconcile_chart",
            alt=_alt(view, lines),
        )
    _table(
        _rows(lines, lambda line: formats.day(line.day), "Day"),
        view.vendor,
        "reconcile_days",
        height="content" if len(lines) <= 12 else 420,
    )


def _alt(view: View, lines) -> str:
    apart = [line for line in lines if line.verdict is Verdict.DIFFERS]
    return f"{metric(view.metric).title} by day, ours and {title(view.vendor)}'s: {strings.count(len(apart), 'day differs', 'days differ')} by more than rounding. The table below has all figures."


def marks(lines) -> pd.DataFrame:
    """A row a day and side. Days stand at midnight UTC of a ``utc`` scale, whatever zone they were cut in."""
    rows = [
        {"at": pd.Timestamp(line.day, tz="UTC"), "side": side, "y": value, "day": formats.day(line.day), "figure": _figure(line.key, value),
         "difference": _difference(line), "verdict": SIGNS[line.verdict], "off": side == 1 and line.verdict is Verdict.DIFFERS}
        for line in lines
        for side, value in ((0, line.ours), (1, line.vendor))
        if value is not None
    ]  # fmt: skip
    return pd.DataFrame(rows)


def spec(vendor: str, key: str) -> dict:
    """Ours as a line, the vendor's as points and dashes, days that differ marked by a larger open point."""
    side = {
        "field": "name", "type": "nominal", "title": None, "scale": {"domain": ["Ours", vendor]}, "legend": {"orient": "bottom", "symbolType": "stroke", "symbolSize": 420},
    }  # fmt: skip
    x = {
        "field": "at",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {
            "format": "%-d %b",
            "grid": False,
            "labelOverlap": "greedy",
            "tickMinStep": 86_400_000,
        },
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": True},
        "axis": {
            "labelExpr": "format(datum.value, abs(datum.value) < 1000 ? '~r' : '~s')",
            "tickCount": 4,
        },
    }
    if metric(key).unit is not Unit.MINUTES:
        y["axis"]["tickMinStep"] = 1
    tooltip = [
        {"field": "day", "type": "nominal", "title": "Day"}, {"field": "name", "type": "nominal", "title": "Whose"},
        {"field": "figure", "type": "nominal", "title": "Figure"}, {"field": "difference", "type": "nominal", "title": "Difference"},
        {"field": "verdict", "type": "nominal", "title": "Verdict"},
    ]  # fmt: skip
    dash = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": ["Ours", vendor], "range": [[1, 0], [5, 4]]},
        "legend": None,
    }
    return {
        "height": 220,
        "transform": [{"calculate": f"datum.side == 0 ? 'Ours' : {_js(vendor)}", "as": "name"}],
        "encoding": {"x": x, "y": y, "tooltip": tooltip},
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"color": side, "strokeDash": dash},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 30, "opacity": 1},
                "encoding": {"color": {**side, "legend": None}},
            },
            {
                "transform": [{"filter": "datum.off"}],
                "mark": {
                    "type": "point",
                    "filled": False,
                    "size": 160,
                    "strokeWidth": 2,
                    "color": "#b3261e",
                    "shape": "diamond",
                },
            },
        ],
    }


def _js(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def share(found: Reconciliation) -> None:
    """Downloads of every metric and day. A file is made when it is asked for, not before."""
    with st.container(horizontal=True, width="content"):
        st.download_button(
            "CSV", lambda: reconcile.to_csv(found), reconcile.filename(found, "csv"), "text/csv", key="reconcile_csv", icon="⬇️", on_click="ignore", width="content",
            help="Every metric, day and total, with exact figures.",
        )  # fmt: skip
        st.download_button(
            "Excel", lambda: reconcile.to_xlsx(found), reconcile.filename(found, "xlsx"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", key="reconcile_xlsx", icon="⬇️", on_click="ignore", width="content",
            help="A workbook with totals, days and likely reasons.",
        )  # fmt: skip


def invite(frame: Frame) -> None:
    """How to get a vendor's figures."""
    with st.container(border=True):
        st.subheader("Hold your vendor's figures against your own", anchor=False)
        st.markdown(
            "Once a vendor's daily statistics have been pulled, this page shows for every metric what you counted, what the vendor counts, "
            "by how much they differ, and why that most likely is. For Digital Samba, with the developer key of your team:"
        )
        st.code(
            f"export DIGITALSAMBA_API_KEY=…\nusage-report pull digitalsamba --team {shlex.quote(frame.team.key)}",
            language="shell",
        )
        st.caption(
            "Run it once a day: it reads what is new. A pull that was cut off carries on where it was. Then reload this page."
        )


__all__ = [
    "View",
    "answer",
    "chosen",
    "decode",
    "headline",
    "invite",
    "marks",
    "pick",
    "share",
    "spec",
    "title",
    "totals",
]
