"""What is around every page: team, sample-data banner, freshness, and words instead of traces when something fails.

A page file starts with ``frame = page("Title")``, does its work inside ``with frame.guard():`` and ends with
``frame.footer()``. ``page`` stops the run by itself where there is nothing to show. The query parameter ``team``
belongs to this module: a link codec leaves it alone.
"""

from __future__ import annotations

import logging
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from usage_report.core.errors import DatabaseError, UsageReportError, did_you_mean
from usage_report.core.periods import local, zone
from usage_report.reporting.model import TeamInfo
from usage_report.ui import cache, strings

log = logging.getLogger(__name__)
TEAM = "team"


@dataclass(frozen=True, slots=True)
class Frame:
    """One page in the making: whose it is and the instant (epoch ms, whole minute) its figures hold for."""

    team: TeamInfo
    as_of: int

    def guard(self):
        """``with`` it: errors of ours become sentences, others a reference id with the trace in the log."""
        return guard()

    def footer(self, live: bool = False) -> None:
        """Zone, freshness, and what is still being counted; with ``live`` as of this very second."""
        with guard():
            info = cache.team(self.team.key)
            st.caption(
                " · ".join(
                    _freshness(
                        info, cache.clock() if live else self.as_of, "%H:%M:%S" if live else "%H:%M"
                    )
                )
            )


def page(title: str, *, early: bool = False) -> Frame:
    """Frame a page; stops the run where the database cannot be used or, but for an ``early`` one, nothing has come in yet."""
    head = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    )
    head.title(title, anchor=False, width="content")
    with guard(stop=True):
        keys = cache.teams()
        frame = Frame(cache.team(_chosen(keys, head, title)), cache.now()) if keys else None
    if frame is None or (frame.team.last_received is None and not early):
        _nothing_yet(frame.team.key if frame else None)
        st.stop()
    if frame.team.is_sample:
        _sample_banner()
    return frame


@contextmanager
def guard(stop: bool = False) -> Iterator[None]:
    """Show an error instead of letting it out; with ``stop`` the run ends there. Streamlit's own control flow passes."""
    try:
        yield
        return
    except Exception as error:
        show(error)
    if stop:
        st.stop()


def show(error: Exception) -> bool:
    """An error as a person can use it. Also the app's handler of whatever no guard caught (hence the ``True``)."""
    if isinstance(error, UsageReportError):
        where = "### The database cannot be used\n\n" if isinstance(error, DatabaseError) else ""
        parts = [
            f"**{strings.plain(error.what)}**",
            strings.plain(error.why),
            strings.plain(error.todo),
        ]
        st.error(where + "\n\n".join(p for p in parts if p.strip("*")), icon="⚠️")
        if isinstance(error, DatabaseError):
            st.caption(
                f"{strings.code('usage-report doctor')} checks the database and says how to mend it. Then reload this page."
            )
            log.error("%s", error)
            cache.reconnect()
    else:
        reference = secrets.token_hex(4).upper()
        log.error("reference %s", reference, exc_info=error)
        st.error(
            f"**Something went wrong, reference {reference}.** The log of the server has the details under this reference.",
            icon="⚠️",
        )
    return True


def _chosen(keys: tuple[str, ...], head: DeltaGenerator, title: str) -> str:
    """The team to show: the link's; else, coming from another page, the one shown there; else the first. Several: with a selector."""
    asked, state = st.query_params.get(TEAM), st.session_state
    first = cache.settings().team
    first = first if first in keys else keys[0]
    came_from = state.get("_page")
    shown = asked if asked in keys else state.get("_team") if came_from != title else first
    shown = shown if shown in keys else first
    if asked not in (None, *keys):
        st.warning(
            f"This link names the team {strings.code(asked[:100])}, which is not here. "
            f"You see {strings.code(shown)} instead. {strings.plain(did_you_mean(asked[:100], keys))}",
            icon="🔗",
        )
    if len(keys) > 1:
        # The URL rules, the widget follows: Back and a shared link must win over what was picked before.
        state["_team_widget"] = shown
        head.selectbox("Team", keys, key="_team_widget", on_change=_pick, width=260)
        # Not where Back came to an address without a team: writing one there again would hold the visitor in the app.
        if asked != shown and (asked or came_from != title):
            st.query_params[TEAM] = shown
    state["_team"], state["_page"] = shown, title
    return shown


def _pick() -> None:
    st.session_state["_team"] = st.query_params[TEAM] = st.session_state["_team_widget"]


def _sample_banner() -> None:
    st.info(
        f"**This is sample data.** Feed your own: {strings.code(strings.ingest_command('YOUR-TEAM'))} · "
        f"take the sample out: {strings.code('usage-report demo --remove')}",
        icon="🧪",
    )


def _nothing_yet(team: str | None) -> None:
    with st.container(border=True):
        st.subheader(
            "Nothing has come in yet" + (f" for {strings.plain(team)}" if team else ""),
            anchor=False,
        )
        st.markdown(
            "Feed in the event log of your meetings (JSON Lines, or BigBlueButton's `events.xml`; plain or gz):"
        )
        st.code(strings.ingest_command(team or "YOUR-TEAM"), language="shell")
        st.markdown(
            "Or have your platform send by itself; the page *Sources* and docs/connect.md say more:"
        )
        st.code(
            f"usage-report hook set PLATFORM {shlex.quote(team or 'YOUR-TEAM')}", language="shell"
        )
        if not team:
            st.markdown("Or look around first with a year of a made-up company:")
            st.code("usage-report demo", language="shell")
        st.caption("Then reload this page.")


def _freshness(info: TeamInfo, as_of: int, pattern: str) -> Iterator[str]:
    yield f"Figures as of {local(as_of, zone(info.zone)):{pattern}} {strings.plain(info.zone)}"
    if info.last_received is not None:
        yield f"last event received {strings.ago(cache.clock() - info.last_received)} ago"
    if info.pending:
        yield f"**{strings.count(info.pending, 'session is', 'sessions are')} being counted**"
