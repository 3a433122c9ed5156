"""A chart of ``render.charts``, drawn in the browser by Vega inside ``chart.js``."""

from __future__ import annotations

from typing import Final

import orjson

from usage_report.render.charts.theme import Scheme, Spec, config
from usage_report.ui.assets import VEGA
from usage_report.ui.components.elements import element

_DARK: Final = config(Scheme.DARK)


def chart(spec: Spec, *, key: str) -> None:
    """Draw a chart. New figures with the same ``key`` are drawn in its place."""
    # As a text: Streamlit writes the data of an element as JSON twice, and slowly.
    text = orjson.dumps({"spec": spec, "dark": _DARK}).decode()
    element("chart", '<div class="root"></div>', {"chart": text, "vega": VEGA}, key=key)
