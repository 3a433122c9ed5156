"""*This period*: six figures of the billing period, where they stand against the contract, and how they got there."""

import streamlit as st

from usage_report.core.metrics import PERIOD
from usage_report.render import dates, notes, standing
from usage_report.render.charts import period as chart
from usage_report.ui import cache, cards, strings
from usage_report.ui.frame import page

frame = page("This period")
with frame.guard():
    report = cache.period(frame.team, frame.as_of)
    figures = {figure.key: figure for figure in report.metrics}
    st.caption(
        f"{standing.header(report)} · {strings.plain(dates.zone_text(report.zone, report.as_of))} · "
        f"updated {strings.clock(report.as_of, report.zone)}"
    )

    with st.grid(3):
        for metric in PERIOD:
            cards.period_card(report, metric, figures[metric.key])
    if text := notes.partly_text(report.daily, PERIOD):
        st.caption(strings.plain(text))
    cards.limits_hint(report, frame.team.key)

    st.subheader("Trend over the period", anchor=False)
    st.caption(chart.LEGEND)
    with st.grid(3):
        for metric in PERIOD:
            with st.container(border=True, height="stretch", key=f"trend_{metric.key}"):
                st.markdown(f"**{metric.title}**")
                if figures[metric.key].value is None:
                    st.caption("Not supplied by this team's platform.")
                else:
                    st.vega_lite_chart(
                        chart.table(report, figures[metric.key]),
                        chart.spec(metric.key),
                        key=f"chart_{metric.key}",
                        alt=chart.description(report, figures[metric.key]),
                    )
frame.footer()
