"""What surrounds every page: its title, the team, the notice of sample data, and the freshness.

A page starts with ``frame = page("Title")``, does its work inside ``with guard():`` and ends with
``frame.footer()``. The query parameters ``team`` and ``as_of`` belong to this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from usage_report.core import clock
from usage_report.core.errors import InputError
from usage_report.core.events import iso
from usage_report.core.periods import local, parse_instant, zone
from usage_report.render import dates
from usage_report.reporting.model import TeamInfo
from usage_report.ui import cache, strings
from usage_report.ui.address import bind
from usage_report.ui.components import notices
from usage_report.ui.components.copy_link import Link, copy_link
from usage_report.ui.errors import guard
from usage_report.ui.links import FOREIGN, hint, quoted

TEAM, AS_OF = "team", "as_of"
_SHOWN, _PAGE = "_team", "_page"
#: Written by ``head.js``.
_COOKIE = "usage_report_team"


@dataclass(frozen=True, slots=True)
class Frame:
    """One run of a page: its team, read once, and the instant (epoch ms) its figures hold for."""

    team: TeamInfo
    as_of: int
    #: Whether the link names the instant.
    is_pinned: bool
    #: Where faults of the link are shown, and those that this module found.
    _place: DeltaGenerator
    _faults: tuple[str, ...]

    def explain(self, problems: Sequence[str]) -> None:
        """Show which parts of the link could not be used, ``problems`` among them."""
        if problems:
            with self._place.container():
                notices.link_problems([*self._faults, *problems])

    def footer(
        self,
        view: Mapping[str, str] | None = None,
        *,
        has_own_link: bool = False,
        can_pin: bool = True,
        seconds: bool = False,
    ) -> None:
        """Show how fresh the figures are, to the minute or the second, and copy links to them.

        ``view``: the query parameters of what the page shows. ``has_own_link``: the page itself has
        links that follow the present. ``can_pin``: it can show an instant of the past.
        """
        with guard(), st.container(key="footer"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(_freshness(self, seconds=seconds), width="content")
                st.markdown(f"[Docs]({strings.doc_link()})", width="content")
            link = {TEAM: self.team.key, **(view or {})}
            live = Link(link, "Copy link", "The link shows the latest figures.")
            at = dates.instant(self.as_of, self.team.zone)
            short = at if self.is_pinned else dates.clock(self.as_of, self.team.zone)
            pinned = Link(
                link | {AS_OF: iso(self.as_of)},
                f"Copy link (as of {short})",
                f"The link always shows the figures as of {at}.",
            )
            if not can_pin:
                copy_link(live, key="copy_footer")
            else:
                copy_link(pinned, rolling=None if has_own_link else live, key="copy_footer")


def page(
    title: str,
    *,
    needs_data: bool = True,
    can_pin: bool = True,
    params: Sequence[str] | None = (),
) -> Frame:
    """Draw the head of a page and return its frame.

    ``can_pin``: the page can show an instant of the past. ``params``: the query parameters of the
    page; ``None`` if it explains unknown ones itself. The run ends here where the database cannot
    be used, where there is no team, and, for a page that ``needs_data``, where the team has
    received no event yet.
    """
    head = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    )
    head.title(title, anchor=False, width="content")
    info, faults = None, [] if params is None else unknown_parameters((TEAM, AS_OF, *params))
    with guard(stop=True):
        if keys := cache.teams():
            info = cache.team(_choose_team(keys, head, title, faults))
    st.set_page_config(page_title=" · ".join((title, *([info.key] if info else ()), strings.NAME)))
    at = _pinned(faults, can_pin=can_pin)
    place = st.empty()
    if faults:
        with place.container():
            notices.link_problems(faults)
    if info is None or (needs_data and info.last_received is None):
        notices.no_events(info.key if info else None)
        st.stop()
    if info.is_sample:
        notices.sample_data()
    if at is not None:
        notices.pinned(f"{dates.instant(at, info.zone)} {info.zone}", _release)
    return Frame(info, cache.now() if at is None else at, at is not None, place, tuple(faults))


def unknown_parameters(known: Sequence[str]) -> list[str]:
    """Return a sentence for each query parameter that is not ``known``."""
    return [
        f"Ignored {quoted(name)} in the link. {hint(name, known)}".rstrip()
        for name in st.query_params
        if name not in known and not name.lower().startswith(FOREIGN)
    ]


def _pinned(faults: list[str], *, can_pin: bool) -> int | None:
    """Return the instant (epoch ms) of the link, if it names one that can be shown."""
    text = st.query_params.get(AS_OF)
    if text is None:
        return None
    if not can_pin:
        faults.append("This page always shows the present: ignored “as_of” in the link.")
        return None
    try:
        at = parse_instant(text)
    except InputError:
        faults.append(
            f"{quoted(text)} is not an instant; showing the present. "
            "Write it like 2026-03-01T09:00:00Z."
        )
        return None
    if at > clock.now_ms():
        faults.append(f"{quoted(text)} is in the future; showing the present.")
        return None
    return at


def _release() -> None:
    st.query_params.pop(AS_OF, None)


def _freshness(frame: Frame, *, seconds: bool) -> str:
    """Return the instants of the figures and of the last event, and what is being counted.

    With ``seconds``, for a part of a page that refreshes itself, the last event has its age: on a
    page that does not, an age would soon be wrong.
    """
    info = frame.team
    now = local(frame.as_of, zone(info.zone))
    text = f"{now:%H:%M:%S}" if seconds else f"{dates.day(now.date())}, {now:%H:%M}"
    parts = [f"Figures as of {strings.plain(text)} {strings.plain(info.zone)}"]
    if info.last_received is not None and not frame.is_pinned:
        received = (
            f"{strings.ago(clock.now_ms() - info.last_received)} ago"
            if seconds
            else _when(info.last_received, now, info.zone)
        )
        parts.append(f"last event received {strings.plain(received)}")
    if info.pending:
        parts.append(
            f"**{strings.count(info.pending, 'session is', 'sessions are')} being counted**"
        )
    return " · ".join(parts)


def _when(instant: int, now: datetime, zone_name: str) -> str:
    """Return the time of an instant, with its day if that is not the day of ``now``."""
    at = local(instant, zone(zone_name))
    time = f"{at:%H:%M}"
    return f"at {time}" if at.date() == now.date() else f"on {dates.day(at.date())}, {time}"


def _choose_team(keys: tuple[str, ...], head: DeltaGenerator, title: str, faults: list[str]) -> str:
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
        faults.append(f"You have no team {quoted(asked)}. Showing {shown}.")
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
