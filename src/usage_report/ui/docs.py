"""*Docs*: the project's own pages, which the help of figures and several notices link to.

Query parameter: ``page``, the id of a page; without it, the index. Needs no database.
"""

from __future__ import annotations

import streamlit as st

from usage_report.ui import doc_pages, strings
from usage_report.ui.components import notices
from usage_report.ui.doc_pages import Doc
from usage_report.ui.frame import unknown_parameters
from usage_report.ui.links import quoted

PAGE = "page"
_HEADINGS = {1: st.title, 2: st.header, 3: st.subheader}


def show() -> None:
    """Draw the page."""
    asked = st.query_params.get(PAGE, "").strip("/")
    docs = doc_pages.load()
    doc = docs.get(asked) or docs[""]
    st.set_page_config(page_title=" · ".join(dict.fromkeys((doc.title, "Docs", strings.NAME))))
    problems = unknown_parameters((PAGE,))
    if asked not in docs:
        problems.insert(0, f"There is no page {quoted(asked)} in the docs. Showing all pages.")
    notices.link_problems(problems)
    with st.container(key="docs", width=880):
        st.title(strings.plain(doc.title), anchor=False)
        with st.expander("All pages", icon=":material/menu_book:", key="docs_pages"):
            _list(docs)
        _body(doc)


def _body(doc: Doc) -> None:
    for n, part in enumerate(doc.parts):
        if n and part.level in _HEADINGS:
            _HEADINGS[part.level](part.title, anchor=part.anchor)
        elif n:
            st.markdown(f"**{part.title}**")
        if part.text:
            st.markdown(part.text)


def _list(docs: dict[str, Doc]) -> None:
    lines = (f"- [{strings.plain(doc.title)}]({strings.doc_link(doc.id)})" for doc in docs.values())
    st.markdown("\n".join(lines))
