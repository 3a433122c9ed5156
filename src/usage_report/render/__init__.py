"""A report as text, chart or file; the only place where figures are rounded.

May import ``core``, ``storage`` and ``reporting``. Importing the package loads none of its modules.
Does not own questions, SQL, or the layout of pages.
"""

__all__ = [
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
