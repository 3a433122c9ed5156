"""*This period*: six figures of the billing period, where they stand against the contract, and how they got there."""

import streamlit as st

from usage_report.core.metrics import PERIOD
from usage_report.render import formats
from usage_report.render.charts import trend
from usage_report.ui import cache, cards, strings
from usage_report.ui.frame import page

frame = page("This period")
with frame.guard():
    report = cache.period(frame.team, frame.as_of)
    figures = {figure.key: figure for figure in report.metrics}
    st.caption(
        f"{trend.header(report)} · {strings.plain(formats.zone_text(report.zone, report.as_of))} · "
        f"updated {strings.clock(report.as_of, report.zone)}"
    )

    with st.grid(3):
        for metric in PERIOD:
            cards.period_card(report, metric, figures[metric.key])
    if text := formats.partly_text(report.daily, PERIOD):
        st.caption(strings.plain(text))
    cards.limits_hint(report, frame.team.key)

    st.subheader("Course through the period", anchor=False)
    st.caption(trend.LEGEND)
    with st.grid(3):
        for metric in PERIOD:
            with st.container(border=True, height="stretch", key=f"course_{metric.key}"):
                st.markdown(f"**{metric.title}**")
                if figures[metric.key].value is None:
                    st.caption("Not supplied by this team's platform.")
                else:
                    st.vega_lite_chart(
                        trend.period_marks(report, figures[metric.key]),
                        trend.period_spec(metric.key),
                        key=f"chart_{metric.key}",
                        alt=trend.words(report, metric, figures[metric.key]),
                    )
frame.footer()
