"""The tables of *Reconcile*: our figures, the vendor's, and what explains a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import pandas as pd
import streamlit as st

from usage_report.render import formats
from usage_report.reporting import reconcile
from usage_report.reporting.reconcile import Line, Reason, Verdict

SIGNS = {
    Verdict.EQUAL: "✓ equal",
    Verdict.ROUNDING: "≈ within rounding",
    Verdict.DIFFERS: "≠ differs",
    Verdict.NONE: "– no comparison",
}


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
            "Ours": [formats.figure(line.key, line.ours) for line in lines],
            "Vendor": [formats.figure(line.key, line.vendor) for line in lines],
            "Difference": [difference(line) for line in lines],
            "In %": [percent(line) for line in lines],
            "Verdict": [SIGNS[line.verdict] for line in lines],
            "Likely reasons": [_reasons(line.reasons) for line in lines],
        }
    )
    columns = {
        name: st.column_config.TextColumn(title, alignment="right", width=width)
        for name, title, width in (
            ("Ours", "Ours", 110),
            ("Vendor", vendor, 110),
            ("Difference", "Difference", 110),
            ("In %", "In %", 80),
        )
    }
    columns["Likely reasons"] = st.column_config.TextColumn("Likely reasons", width="large")
    columns["Verdict"] = st.column_config.TextColumn("Verdict", width=150)
    st.dataframe(
        rows, hide_index=True, width="stretch", height=height, column_config=columns, key=key
    )


def difference(line: Line) -> str:
    """Return the vendor's figure minus ours, with its sign."""
    if line.difference is None:
        return formats.ABSENT
    text = formats.figure(line.key, abs(line.difference))
    if line.verdict is Verdict.EQUAL or text.startswith("<"):
        return text
    return ("+" if line.difference > 0 else "−") + text


def percent(line: Line) -> str:
    """Return the difference in percent of ours, with its sign; ``0 %`` where it rounds to 0."""
    if line.percent is None:
        return formats.ABSENT
    text = f"{line.percent:+.1f}".replace("-", "−")
    return f"{'0' if text[1:] == '0.0' else text}{formats.THIN}%"


def _reasons(reasons: tuple[Reason, ...]) -> str:
    """Return reasons in short, with how much each can explain: sentences do not fit a cell."""
    return ", ".join(
        reconcile.SHORT[reason.code]
        + ("" if reason.bound is None else f" (up to {formats.number(reason.bound)})")
        for reason in reasons
    )
