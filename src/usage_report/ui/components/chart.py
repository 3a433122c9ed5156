"""A chart of ``render.charts``, drawn in the browser by ``chart.js``."""

from __future__ import annotations

from usage_report.render.charts.theme import Spec
from usage_report.ui.components.elements import element


def chart(spec: Spec, *, key: str) -> None:
    """Draw a chart. New data with the same ``key`` is drawn in place."""
    element("chart", '<div class="root"></div>', spec, key=key)
