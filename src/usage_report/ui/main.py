"""The script Streamlit runs for every visitor: navigation, and nothing else.

It does not lie beside ``pages/`` on purpose: a ``pages`` folder next to the running script is served by Streamlit's old
discovery, and a deep link would then run a page without this script.
"""

from pathlib import Path

import streamlit as st

from usage_report.ui import strings

PAGES = Path(__file__).resolve().parents[3] / "pages"

# An emoji: material icons are fetched from elsewhere when they become the tab's icon.
st.set_page_config(page_icon=strings.ICON, layout="wide")
st.navigation(
    [
        st.Page(PAGES / "This_period.py", title="This period", icon="🗓️", default=True),
        st.Page(PAGES / "Real_time.py", title="Real time", icon="🟢", url_path="real-time"),
        st.Page(PAGES / "Date_range.py", title="Date range", icon="📈", url_path="date-range"),
        st.Page(PAGES / "Reconcile.py", title="Reconcile", icon="⚖️", url_path="reconcile"),
        st.Page(PAGES / "Sources.py", title="Sources", icon="🔌", url_path="sources"),
    ],
    position="top",
).run()
