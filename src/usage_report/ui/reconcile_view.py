"""The view of *Reconcile*, its query parameters, and the controls that change it.

Parameters: ``from`` and ``to`` (inclusive days), ``m`` (a metric's key), ``zone``, ``screen``,
``vendor``. Each one that cannot be used is replaced by its default and explained in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import streamlit as st

from usage_report.core.metrics import metric
from usage_report.reporting import reconcile
from usage_report.reporting.reconcile import Screen
from usage_report.ui import links
from usage_report.ui.address import Address, Binding
from usage_report.ui.frame import Frame
from usage_report.ui.range_controls import dates_of

PARAMS = ("from", "to", "m", "zone", "screen", "vendor")
#: Days shown without a link, and the most.
DEFAULT_DAYS, MAX_DAYS = 31, 366
_TITLES = {"digitalsamba": "Digital Samba"}
_SCREENS = {Screen.CONTAINED: "included", Screen.ADDED: "extra"}


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
        """Return the query parameters of the view."""
        return {
            "from": str(self.start),
            "to": str(self.last),
            "m": self.metric,
            "zone": self.zone,
            "screen": str(self.screen),
            "vendor": self.vendor,
        }


@dataclass(frozen=True, slots=True)
class Context:
    """What the view depends on; the page's ``address.Codec``."""

    #: Vendors whose figures are stored, each with its first and last day.
    vendors: Mapping[str, tuple[date, date]]
    #: The team's own zone.
    zone: str

    def owns(self, name: str) -> bool:
        """Return whether a query parameter belongs to this page."""
        return name in PARAMS

    def encode(self, view: View) -> dict[str, str]:
        """Return the query parameters of a view."""
        return view.params()

    def decode(self, params: Mapping[str, Sequence[str]]) -> tuple[View, list[str]]:
        """Return the view of query parameters, and a sentence for each unusable part."""
        return decode({name: values[-1] for name, values in params.items() if values}, self)

    @property
    def zones(self) -> list[str]:
        """Zones in which our days can be counted: the vendor's, and the team's own."""
        return list(dict.fromkeys((reconcile.VENDOR_ZONE, self.zone)))


def title(vendor: str) -> str:
    """Return what people call a vendor."""
    return _TITLES.get(vendor, vendor)


def decode(given: Mapping[str, str], context: Context) -> tuple[View, list[str]]:
    """Return the view of query parameters, and a sentence for each unusable one. Never raises."""
    problems: list[str] = []

    def choice(name: str, what: str, options: list[str]) -> str:
        value = given.get(name, options[0])
        if value in options:
            return value
        problems.append(
            f"{links.quoted(value)} is not {what}. {links.hint(value, options)}".rstrip()
        )
        return options[0]

    vendor = choice("vendor", "a vendor with figures; showing another one", list(context.vendors))
    start, last = _days(given, context.vendors[vendor], problems)
    view = View(
        vendor,
        start,
        last,
        choice("m", "a metric that is compared; showing another one", list(reconcile.BY_KEY)),
        choice("zone", f"a time zone of this page; using {context.zones[0]}", context.zones),
        Screen(
            choice(
                "screen",
                "a way to count screenshare; taking it as included",
                [str(screen) for screen in Screen],
            )
        ),
    )
    return view, problems


def _days(
    given: Mapping[str, str], stored: tuple[date, date], problems: list[str]
) -> tuple[date, date]:
    """Return the first and last day; ``stored`` are those of the vendor's figures."""
    days = links.dates_of(given, problems)
    first, newest = stored
    last = days.get("to", max(newest, days.get("from", newest)))
    start = days.get("from", min(last, max(first, last - timedelta(days=DEFAULT_DAYS - 1))))
    if start > last:
        start, last = last, start
        problems.append("The range ended before it began; its dates have been swapped.")
    if (last - start).days >= MAX_DAYS:
        start = last - timedelta(days=MAX_DAYS - 1)
        problems.append(f"The range is longer than a year; its last {MAX_DAYS} days are shown.")
    return start, last


def select(frame: Frame, context: Context) -> View:
    """Read the view, show which parts of a link could not be used, and draw the controls."""
    address = Address("reconcile", context)
    frame.explain(address.problems)
    view, vendor = address.view, title(address.view.vendor)

    def bind(field: str, value: object) -> Binding:
        def change(current: View, picked: Any) -> View:
            return replace(current, **{field: picked})

        return address.bind(field, value, change)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(context.vendors) > 1:
            st.selectbox(
                "Vendor",
                list(context.vendors),
                format_func=title,
                width=180,
                **bind("vendor", view.vendor),
            )
        st.date_input(
            "Dates",
            format="YYYY-MM-DD",
            width=250,
            required=True,
            **address.bind("dates", (view.start, view.last), _choose_dates),
        )
        st.selectbox(
            "Metric by day",
            list(reconcile.BY_KEY),
            format_func=lambda key: metric(key).title,
            width=280,
            **bind("metric", view.metric),
        )
        if len(context.zones) > 1:
            st.segmented_control(
                "Our days in",
                context.zones,
                required=True,
                width="content",
                help=f"{vendor} does not document its zone; {reconcile.VENDOR_ZONE} is likely.",
                **bind("zone", view.zone),
            )
        st.segmented_control(
            "Screenshare",
            list(_SCREENS),
            format_func=lambda screen: _SCREENS[screen],
            required=True,
            width="content",
            help=f"Are {vendor}’s screenshare minutes part of its broadcast and consumed minutes, "
            "or extra? Its documentation suggests: included.",
            **bind("screen", view.screen),
        )
    return view


def _choose_dates(view: View, picked: object) -> View:
    dates = dates_of(picked)
    return replace(view, start=min(dates), last=max(dates)) if dates else view
