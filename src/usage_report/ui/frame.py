"""What surrounds every page: its title, the team, the notice of sample data, and the freshness.

A page starts with ``frame = page("Title")``, does its work inside ``with guard():`` and ends with
``frame.footer()``. The query parameter ``team`` belongs to this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from usage_report.core import clock
from usage_report.core.periods import local, zone
from usage_report.render import dates
from usage_report.reporting.model import TeamInfo
from usage_report.ui import cache, strings
from usage_report.ui.address import bind
from usage_report.ui.components import notices
from usage_report.ui.errors import guard

TEAM = "team"
_SHOWN, _PAGE = "_team", "_page"
#: Written by ``head.js``.
_COOKIE = "usage_report_team"


@dataclass(frozen=True, slots=True)
class Frame:
    """One run of a page: its team, read once, and the instant (epoch ms) its figures hold for."""

    team: TeamInfo
    as_of: int

    def footer(self) -> None:
        """Show how fresh the figures are, to the minute."""
        with guard():
            freshness(self.team, self.as_of)


def page(title: str, *, needs_data: bool = True) -> Frame:
    """Draw the head of a page and return its frame.

    The run ends here where the database cannot be used, where there is no team, and, for a page
    that ``needs_data``, where the team has received no event yet.
    """
    head = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    )
    head.title(title, anchor=False, width="content")
    info = None
    with guard(stop=True):
        if keys := cache.teams():
            info = cache.team(_choose_team(keys, head, title))
    if info is None or (needs_data and info.last_received is None):
        notices.no_events(info.key if info else None)
        st.stop()
    if info.is_sample:
        notices.sample_data()
    return Frame(info, cache.now())


def freshness(info: TeamInfo, as_of: int, *, seconds: bool = False) -> None:
    """Show the instants of the figures and of the last event, and what is being counted.

    With ``seconds``, for a part of a page that refreshes itself, the last event has its age: on a
    page that does not, an age would soon be wrong.
    """
    now = local(as_of, zone(info.zone))
    text = f"{now:%H:%M:%S}" if seconds else f"{dates.day(now.date())}, {now:%H:%M}"
    parts = [f"Figures as of {text} {strings.plain(info.zone)}"]
    if info.last_received is not None:
        received = (
            f"{strings.ago(clock.now_ms() - info.last_received)} ago"
            if seconds
            else _when(info.last_received, now, info.zone)
        )
        parts.append(f"last event received {received}")
    if info.pending:
        parts.append(
            f"**{strings.count(info.pending, 'session is', 'sessions are')} being counted**"
        )
    st.caption(" · ".join(parts))


def _when(instant: int, now: datetime, zone_name: str) -> str:
    """Return the time of an instant, with its day if that is not the day of ``now``."""
    at = local(instant, zone(zone_name))
    time = f"{at:%H:%M}"
    return f"at {time}" if at.date() == now.date() else f"on {dates.day(at.date())}, {time}"


def _choose_team(keys: tuple[str, ...], head: DeltaGenerator, title: str) -> str:
    """Return the team to show; where there are several, draw the selector.

    It is the link's team; without one, the team shown on the page the visitor comes from, or the
    landing team.
    """
    state = st.session_state
    asked = st.query_params.get(TEAM)
    is_new_page = state.get(_PAGE) != title
    shown = asked if asked in keys else state.get(_SHOWN) if is_new_page else None
    if shown not in keys:
        shown = _landing_team(keys)
    if asked is not None and asked not in keys:
        st.warning(
            f"You have no team {strings.code(asked[:100])}. Showing {strings.code(shown)}.",
            icon="🔗",
        )
    if len(keys) > 1:
        head.selectbox("Team", keys, width=260, **bind("team", shown, _show_team))
        # After Back to an address without a team nothing is written: it would add a step to the
        # history again, and Back could never leave the app.
        if asked != shown and (asked or is_new_page):
            st.query_params[TEAM] = shown
    state[_SHOWN], state[_PAGE] = shown, title
    return shown


def _landing_team(keys: tuple[str, ...]) -> str:
    """Return the team of a visit without a link.

    It is that of the settings, else the one last used in this browser, else the newest one.
    """
    last_used = unquote(st.context.cookies.get(_COOKIE, ""))
    choices = (cache.settings().team, last_used, cache.newest_team(), keys[0])
    return next(key for key in choices if key in keys)


def _show_team(key: str) -> None:
    st.session_state[_SHOWN] = st.query_params[TEAM] = key
