"""From a question to an answer: reports, *Real time*, freshness, and reconciliation.

Owns all SQL that reads figures. May import ``core``, ``sources``, ``metering`` and ``storage``.
Does not own the texts, charts and files that show an answer.
"""

__all__ = [
    "arrivals",
    "billing",
    "model",
    "periods",
    "projection",
    "reader",
    "reconcile",
    "vendor_figures",
]
