"""Custom elements of the pages: each is one JavaScript and one CSS file in this folder.

They are read once per process; nothing is built and nothing is fetched.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def element(name: str, html: str, data: dict[str, Any], *, key: str = "") -> None:
    """Draw the custom element ``name`` with ``data``, which must be JSON.

    An element that a page has several times needs a ``key`` for each.
    """
    _component(name, html)(data=data, key=key or name, width="stretch", height="content")


@cache
def _component(name: str, html: str) -> Any:
    css, js = ((_FOLDER / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component(f"usage_report_{name}", html=html, css=css, js=js)
