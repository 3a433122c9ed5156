"""Pulling: clients of vendors' APIs, and the mapping of their records to ``Event`` values.

Owns HTTP requests to vendors and what their answers mean; may import ``core`` and ``sources``.
Does not own the run that stores events and figures: that is ``ingest.pull``.
"""

__all__ = [
    "digitalsamba",
    "digitalsamba_objects",
    "digitalsamba_statistics",
]
