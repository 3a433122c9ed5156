"""Sample data: the events of an invented company, repeatable and without end. Pure functions.

Owns who works there, which sessions a day has and what happens in them. May import ``core``.
Does not own storing the events (``ingest.sample``), nor a clock.
"""

from usage_report.demo.company import BILLING_DAY, LIMITS, SOURCE, TEAM, ZONE
from usage_report.demo.sample import events, start_of, top_up_from

__all__ = [
    "BILLING_DAY",
    "LIMITS",
    "SOURCE",
    "TEAM",
    "ZONE",
    "events",
    "start_of",
    "top_up_from",
]
