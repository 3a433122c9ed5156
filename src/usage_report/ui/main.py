"""The script that Streamlit runs for every visitor: navigation, and nothing else.

In the repository the pages are the files of its top folder ``pages``; in an installed package they
are functions of this one. Both have the same addresses.

No folder named ``pages`` may be next to this script: Streamlit would serve its files under
addresses of their own, without running this script.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from usage_report.ui import date_range, real_time, reconcile, sources, strings, this_period

REPOSITORY = Path(__file__).resolve().parents[3]
FILES = REPOSITORY / "pages" if (REPOSITORY / "app.py").is_file() else None
#: File, function, title, icon and URL path; the first page is the default one.
PAGES = (
    ("This_period.py", this_period.show, "This period", "calendar_month", ""),
    ("Real_time.py", real_time.show, "Real time", "sensors", "real-time"),
    ("Date_range.py", date_range.show, "Date range", "monitoring", "date-range"),
    ("Reconcile.py", reconcile.show, "Reconcile", "balance", "reconcile"),
    ("Sources.py", sources.show, "Sources", "power", "sources"),
)

# Without an icon of its own the tab would have that of the page, which Streamlit fetches from
# another host. ``frame`` adds the title.
st.set_page_config(page_icon=strings.MARK, layout="wide")
st.logo(strings.LOGO, size="large")
st.navigation(
    [
        st.Page(
            FILES / file if FILES else function,
            title=title,
            icon=f":material/{icon}:",
            url_path=url_path,
            default=not url_path,
        )
        for file, function, title, icon, url_path in PAGES
    ],
    position="top",
).run()
