"""A report as text, chart or file.

Owns every text, chart and file of a report, and all rounding. May import ``reporting`` and below.
Does not own questions, SQL, or the layout of pages. Importing it loads none of its modules.
"""

__all__ = [
    "cell_guard",
    "charts",
    "csv",
    "dates",
    "files",
    "live",
    "notes",
    "numbers",
    "reconcile",
    "standing",
    "terminal",
    "xlsx",
]
