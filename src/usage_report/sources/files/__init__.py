"""Sources that read files: one module for each format, each with a ``SOURCE``.

May import ``core`` and the shared modules of ``sources``. Does not own how files are opened, or
which of the sources reads a file.
"""

__all__ = [
    "attendance",
    "bigbluebutton",
    "jsonl",
    "meet",
    "teams",
    "zoom",
]
