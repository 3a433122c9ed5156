"""*Real time*: who is in a session now, and the last hour, refreshed every few seconds in place."""

from __future__ import annotations

import streamlit as st

from usage_report.core import clock
from usage_report.render import live as texts
from usage_report.render.charts import last_hour
from usage_report.render.notes import NOT_SUPPLIED
from usage_report.reporting.model import Live, TeamInfo
from usage_report.ui import cache
from usage_report.ui.components.chart import chart
from usage_report.ui.components.live_sessions import live_sessions
from usage_report.ui.errors import guard
from usage_report.ui.frame import freshness, page


def show() -> None:
    """Draw the page."""
    _refreshed(page("Real time").team.key)


@st.fragment(run_every=f"{cache.LIVE_MS // 1000}s")
def _refreshed(team: str) -> None:
    with guard():
        info = cache.team(team)
        live = cache.live(info)
        if text := texts.staleness(live, info, live.as_of):
            st.warning(text, icon="⏳")
        _figures(live)
        _hour(live, info)
        with st.container(border=True, key="live_box"):
            st.markdown("**Live sessions**")
            if live.sessions:
                live_sessions(live.sessions, info.zone, live.as_of)
            else:
                st.caption("No sessions right now.")
        freshness(info, clock.now_ms(), seconds=True)


def _figures(live: Live) -> None:
    with st.grid(3):
        for figure in texts.figures(live):
            st.metric(
                figure.title,
                figure.text,
                help=figure.definition,
                border=True,
                height="stretch",
                delta=None if figure.is_supplied else NOT_SUPPLIED,
                delta_color="off",
                delta_arrow="off",
            )


def _hour(live: Live, info: TeamInfo) -> None:
    with st.container(border=True, key="hour_box"):
        st.markdown("**Participants in the last hour**")
        text = texts.hour_text(live, info.zone)
        st.caption(text)
        chart(last_hour.spec(live, info.zone, text), key="hour")
