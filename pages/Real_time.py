"""*Real time*: who is in a session now, and the last hour. Refreshed every few seconds, in place."""

import streamlit as st

from usage_report.render import formats
from usage_report.render.charts import trend
from usage_report.ui import cache, cards
from usage_report.ui.frame import page

frame = page("Real time")


@st.fragment(run_every=f"{cache.LIVE // 1000}s")
def now() -> None:
    with frame.guard():
        info = cache.team(frame.team.key)
        live = cache.live(frame.team.key)
        if word := trend.silence(live, info.last_received, live.as_of):
            st.warning(word, icon="⏳")
        with st.grid(3):
            for title, value, help_text in trend.live_figures(live):
                note = "not supplied" if value is None else None
                st.metric(
                    title, formats.ABSENT if value is None else f"{value:,}", help=help_text, border=True, height="stretch",
                    delta=note, delta_color="off", delta_arrow="off",
                )  # fmt: skip

        with st.container(border=True, key="hour_box"):
            st.markdown("**Participants in the last hour**")
            st.caption(trend.hour_words(live))
            # Constant but for its data: a changed specification or description would be drawn anew, and flicker.
            st.vega_lite_chart(
                trend.hour_marks(live, info.zone),
                trend.hour_spec(),
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
