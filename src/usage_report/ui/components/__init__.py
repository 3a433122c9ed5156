"""Owns the pieces that pages are made of and that Streamlit does not have, one per module.

May import what ``ui`` may import, but no page and neither ``frame`` nor ``address``.
Does not own texts that are also used outside the pages (``render``).
"""

__all__ = [
    "comparison_table",
    "copy_link",
    "downloads",
    "elements",
    "live_sessions",
    "notices",
    "period_card",
    "usage_table",
]
