"""*Sources*: what each platform sent and when, what could not be taken and why, and the way to try that again."""

import streamlit as st

from usage_report.ui import sources
from usage_report.ui.frame import page

frame = page("Sources", early=True)
with frame.guard():
    sources.arrivals(frame)
st.subheader(
    "Quarantine", anchor=False, help="What came in and could not be taken, kept as it came."
)
with frame.guard():
    sources.quarantine(frame)
frame.footer()
