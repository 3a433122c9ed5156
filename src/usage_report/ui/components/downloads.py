"""Download buttons. A file is made when it is asked for, not before."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_button(make: Callable[[], bytes], filename: str, *, key: str, tooltip: str) -> None:
    """Draw the button that downloads a CSV file."""
    _button("CSV", make, filename, "text/csv", key, tooltip)


def excel_button(make: Callable[[], bytes], filename: str, *, key: str, tooltip: str) -> None:
    """Draw the button that downloads an Excel workbook."""
    _button("Excel", make, filename, _XLSX, key, tooltip)


def original_button(payload: bytes, filename: str, *, key: str) -> None:
    """Draw the button that downloads an input as it was received."""
    _button("Original", lambda: payload, filename, "application/octet-stream", key, None)


def _button(
    label: str, make: Callable[[], bytes], filename: str, mime: str, key: str, tooltip: str | None
) -> None:
    st.download_button(
        label,
        make,
        filename,
        mime,
        key=key,
        help=tooltip,
        icon=":material/download:",
        on_click="ignore",
        width="content",
    )
