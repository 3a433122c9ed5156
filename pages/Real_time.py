"""*Real time*: who is in a session now, and the last hour. Refreshed every few seconds, in place."""

import streamlit as st

from usage_report.render import live as sentences
from usage_report.render.charts import last_hour
from usage_report.render.notes import NOT_SUPPLIED
from usage_report.ui import cache, cards
from usage_report.ui.frame import page

frame = page("Real time")


@st.fragment(run_every=f"{cache.LIVE // 1000}s")
def now() -> None:
    with frame.guard():
        info = cache.team(frame.team.key)
        live = cache.live(frame.team.key)
        if text := sentences.staleness(live, info.last_received, live.as_of):
            st.warning(text, icon="⏳")
        with st.grid(3):
            for tile in sentences.figures(live):
                st.metric(
                    tile.title,
                    tile.text,
                    help=tile.definition,
                    border=True,
                    height="stretch",
                    delta=None if tile.is_supplied else NOT_SUPPLIED,
                    delta_color="off",
                    delta_arrow="off",
                )

        with st.container(border=True, key="hour_box"):
            st.markdown("**Participants in the last hour**")
            st.caption(sentences.hour_text(live, info.zone))
            # Constant but for its data: a changed specification or description would be drawn anew, and flicker.
            st.vega_lite_chart(
                last_hour.table(live, info.zone),
                last_hour.spec(),
                key="hour",
                alt="Participants in the last hour",
            )
        with st.container(border=True, key="live_box"):
            st.markdown("**Live sessions**")
            if live.sessions:
                cards.sessions_table(live.sessions, info.zone, live.as_of)
            else:
                st.caption("Nobody is in a session right now.")
    frame.footer(live=True)


now()
