"""*Date range*: any metrics over any days, as a chart, a table and a file. The address bar always holds what is shown."""

import streamlit as st

from usage_report.ui import widgets
from usage_report.ui.frame import page

frame = page("Date range")
with frame.guard():
    picked = widgets.pick(frame)
    report = widgets.answer(picked)

    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        widgets.headline(picked)
        widgets.share(picked, report)
    if picked.view.view == "chart":
        widgets.summary(report, picked.view.metrics)
        widgets.chart(report, picked.view.metrics)
    widgets.notes(report)
    widgets.table(report)
frame.footer()
widgets.sent()
