"""The script that Streamlit runs for every visitor: navigation, and nothing else.

In the repository the pages are the files of its top folder ``pages``; in an installed package they
are functions of this one. Both have the same addresses.

No folder named ``pages`` may be next to this script: Streamlit would serve its files under
addresses of their own, without running this script.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import streamlit as st

from usage_report.ui import strings
from usage_report.ui.navigation import DOCS, PAGES, Item

REPOSITORY = Path(__file__).resolve().parents[3]
FILES = REPOSITORY / "pages" if (REPOSITORY / "app.py").is_file() else None


def _page(item: Item, *, is_hidden: bool = False) -> st.Page:
    file = f"{item.module.capitalize()}.py"
    return st.Page(
        FILES / file if FILES else import_module(f"usage_report.ui.{item.module}").show,
        title=item.title,
        icon=f":material/{item.icon}:",
        url_path=item.path,
        default=not item.path,
        visibility="hidden" if is_hidden else "visible",
    )


# Without an icon of its own the tab would have that of the page, which Streamlit fetches from
# another host. ``frame`` adds the title.
st.set_page_config(page_icon=strings.MARK, layout="wide")
st.logo(strings.LOGO, size="large")
st.navigation([*map(_page, PAGES), _page(DOCS, is_hidden=True)], position="top").run()
