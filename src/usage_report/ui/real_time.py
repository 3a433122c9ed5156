"""*Real time*: who is in a session now, and the last hour, refreshed every few seconds in place."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from usage_report.render import live as texts
from usage_report.render.charts import last_hour
from usage_report.render.notes import NOT_SUPPLIED
from usage_report.reporting.model import Live, TeamInfo
from usage_report.ui import cache, strings
from usage_report.ui.components.chart import chart
from usage_report.ui.components.live_sessions import live_sessions
from usage_report.ui.errors import guard
from usage_report.ui.frame import Frame, page


def show() -> None:
    """Draw the page."""
    frame = page("Real time")
    if frame.is_pinned:
        _draw(frame)
    else:
        _refreshed(frame)


@st.fragment(run_every=f"{cache.LIVE_MS // 1000}s")
def _refreshed(frame: Frame) -> None:
    _draw(frame)


def _draw(frame: Frame) -> None:
    with guard():
        info = cache.team(frame.team.key)
        live = cache.live(info, frame.as_of if frame.is_pinned else None)
        text = "" if frame.is_pinned else texts.staleness(live, info, live.as_of)
        if text:
            st.warning(text, icon=":material/hourglass_empty:")
        _figures(live)
        _hour(live, info)
        with st.container(border=True, key="live_box"):
            st.markdown("**Live sessions**")
            if live.sessions:
                live_sessions(live.sessions, info.zone, live.as_of)
            else:
                st.caption("No sessions right now.")
        replace(frame, team=info, as_of=live.as_of).footer(seconds=True)


def _figures(live: Live) -> None:
    with st.grid(3):
        for figure in texts.figures(live):
            st.metric(
                figure.title,
                figure.text,
                help=strings.help_text(figure.definition, figure.key),
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
