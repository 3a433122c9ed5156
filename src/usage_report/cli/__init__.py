"""The command line ``usage-report``: one module a group of commands.

May import every folder below it; only ``serve`` starts another entrance (``api``).
Does not own figures, SQL or the layout of reports: it reads parameters, calls, and prints.
"""

__all__ = ["main"]
