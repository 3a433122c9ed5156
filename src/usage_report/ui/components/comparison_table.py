"""The tables of *Reconcile*: our figures, the vendor's, and what explains a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import pandas as pd
import streamlit as st

from usage_report.render import numbers
from usage_report.render import reconcile as texts
from usage_report.reporting.reconcile import Line


def comparison_table(
    lines: Iterable[Line],
    first: Callable[[Line], str],
    head: str,
    *,
    vendor: str,
    key: str,
    height: Literal["content"] | int = "content",
) -> None:
    """Draw a row per line; ``first`` and ``head`` are the cells and the title of column one."""
    lines = list(lines)
    rows = pd.DataFrame(
        {
            head: [first(line) for line in lines],
            "Ours": [numbers.with_unit(line.key, line.ours) for line in lines],
            "Vendor": [numbers.with_unit(line.key, line.vendor) for line in lines],
            "Difference": [texts.difference_text(line, unit=True) for line in lines],
            "In %": [texts.percent_text(line) for line in lines],
            "Verdict": [texts.VERDICT_TEXTS[line.verdict] for line in lines],
            "Likely reasons": [", ".join(map(texts.label, line.reasons)) for line in lines],
        }
    )
    columns = {
        name: st.column_config.TextColumn(title, alignment="right", width=width)
        for name, title, width in (
            ("Ours", "Ours", 130),
            ("Vendor", vendor, 130),
            ("Difference", "Difference", 130),
            ("In %", "In %", 80),
        )
    }
    columns["Likely reasons"] = st.column_config.TextColumn("Likely reasons", width="large")
    columns["Verdict"] = st.column_config.TextColumn("Verdict", width=150)
    st.dataframe(
        rows, hide_index=True, width="stretch", height=height, column_config=columns, key=key
    )
