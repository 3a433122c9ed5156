"""Owns the pages: what a visitor sees, the address bar, and the caches behind them.

May import every folder below, but neither ``cli`` nor ``api``; the only folder that uses Streamlit.
Does not own figures (``reporting``), their texts, charts and files (``render``), or HTTP routes.
"""

__all__ = [
    "address",
    "assets",
    "background",
    "cache",
    "components",
    "date_range",
    "errors",
    "frame",
    "head",
    "links",
    "main",
    "quarantine",
    "range_controls",
    "real_time",
    "reconcile",
    "reconcile_view",
    "sources",
    "streamlit_config",
    "streamlit_internals",
    "strings",
    "this_period",
    "warm",
]
