"""The pieces of *Reconcile*. The address rules, widgets follow: a link, Back and a click are one path.

Parameters: ``from`` and ``to`` (inclusive days), ``m`` (a metric's key), ``zone``, ``screen``, ``vendor``. Each that cannot
be used costs one sentence and falls back alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from usage_report.core.errors import InputError, did_you_mean
from usage_report.core.metrics import metric
from usage_report.core.periods import parse_date
from usage_report.render import dates, numbers
from usage_report.render import reconcile as rendered
from usage_report.render.charts import reconcile as reconcile_chart
from usage_report.reporting import reconcile
from usage_report.reporting import vendor_figures as stored
from usage_report.reporting.model import Query
from usage_report.reporting.reconcile import Line, Reconciliation, Screen, Verdict
from usage_report.ui import cache, strings
from usage_report.ui.frame import Frame

PARAMS = ("from", "to", "m", "zone", "screen", "vendor")
#: Days shown at first, and the most.
USUAL, MOST = 31, 366
TITLES = {"digitalsamba": "Digital Samba"}
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
            said.fetched.get(report.days(i).start.isoformat(), -1) for i in range(len(report))
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
    words = " · ".join(
        f"{rendered.VERDICT_TEXTS[v]}: {totals.count(v)}" for v in Verdict if v in totals
    )
    vendor = strings.plain(title(view.vendor))
    with st.container(width="content", gap=None):
        st.markdown(f"**{strings.plain(dates.span(found.period))}** · {words}")
        st.caption(
            f"Difference: {vendor}’s figure less ours. Our days are cut in {strings.plain(view.zone)}; {vendor}’s are taken to be {reconcile.VENDOR_ZONE}."
        )


def _rows(lines: Sequence[Line], first: Callable[[Line], str], head: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            head: [first(line) for line in lines],
            "Ours": [numbers.figure(line.key, line.ours) for line in lines],
            "Vendor": [numbers.figure(line.key, line.vendor) for line in lines],
            "Difference": [rendered.difference_text(line) for line in lines],
            "In %": [rendered.percent_text(line) for line in lines],
            "Verdict": [rendered.VERDICT_TEXTS[line.verdict] for line in lines],
            "Likely reasons": [", ".join(map(rendered.label, line.reasons)) for line in lines],
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
        _rows([*found.totals.values()], lambda line: metric(line.key).title, "Metric"),
        found.vendor,
        "reconcile_totals",
    )


def chosen(view: View, found: Reconciliation) -> None:
    """One metric: tiles, chart, days, and the reasons in full."""
    total, m = found.totals[view.metric], metric(view.metric)
    st.subheader(m.title, anchor=False, help=m.definition)
    with st.container(horizontal=True):
        st.metric("Ours", numbers.with_unit(m.key, total.ours), border=True, height="stretch")
        st.metric(
            title(view.vendor),
            numbers.with_unit(m.key, total.vendor),
            border=True,
            height="stretch",
        )
        st.metric(
            "Difference",
            rendered.difference_text(total),
            delta=rendered.percent_text(total) if total.percent is not None else None,
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
        st.metric("Verdict", rendered.VERDICT_TEXTS[total.verdict], border=True, height="stretch")
    if total.reasons:
        sentences = (rendered.sentence(total, reason) for reason in total.reasons)
        st.markdown("\n".join(f"- {strings.plain(sentence)}" for sentence in sentences))
    lines = found.lines[view.metric]
    if any(line.difference is not None for line in lines):
        st.vega_lite_chart(
            reconcile_chart.table(lines),
            reconcile_chart.spec(title(view.vendor), view.metric),
            width="stretch",
            key="reconcile_chart",
            alt=_alt(view, lines),
        )
    _table(
        _rows(lines, lambda line: dates.day(line.day) if line.day else "", "Day"),
        view.vendor,
        "reconcile_days",
        height="content" if len(lines) <= 12 else 420,
    )


def _alt(view: View, lines: Sequence[Line]) -> str:
    apart = [line for line in lines if line.verdict is Verdict.DIFFERS]
    return f"{metric(view.metric).title} by day, ours and {title(view.vendor)}'s: {strings.count(len(apart), 'day differs', 'days differ')} by more than rounding. The table below has all figures."


def share(found: Reconciliation) -> None:
    """Downloads of every metric and day. A file is made when it is asked for, not before."""
    with st.container(horizontal=True, width="content"):
        st.download_button(
            "CSV", lambda: rendered.to_csv(found), rendered.filename(found, "csv"), "text/csv", key="reconcile_csv", icon="⬇️", on_click="ignore", width="content",
            help="Every metric, day and total, with exact figures.",
        )  # fmt: skip
        st.download_button(
            "Excel", lambda: rendered.to_xlsx(found), rendered.filename(found, "xlsx"),
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
    "pick",
    "share",
    "title",
    "totals",
]
