"""The command line ``usage-report``: one module for each group of commands.

Owns commands, options and exit statuses: it reads parameters, calls, and prints. May import every
folder below it; only ``app`` and ``serve`` start other entrances (``ui``, ``api``).
Does not own figures, SQL or the layout of reports.
"""

__all__ = ["main"]
