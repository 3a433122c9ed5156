"""Events: what can happen in a room, one event as a value, and how JSON becomes one.

``kinds`` is the table of event types, ``model`` the values, ``timestamps`` their times. ``parser``
reads a CloudEvents 1.0 object, ``identity`` computes the digests that are stored.
"""

from usage_report.core.events.identity import content, identity
from usage_report.core.events.kinds import BY_CODE, BY_TYPE, CODE, KINDS
from usage_report.core.events.model import MAX_TEXT, Event, QuarantinedInput, storable
from usage_report.core.events.parser import parse
from usage_report.core.events.timestamps import AHEAD, EARLIEST, check_time, instant, iso

__all__ = [
    "AHEAD",
    "BY_CODE",
    "BY_TYPE",
    "CODE",
    "EARLIEST",
    "KINDS",
    "MAX_TEXT",
    "Event",
    "QuarantinedInput",
    "check_time",
    "content",
    "identity",
    "instant",
    "iso",
    "parse",
    "storable",
]
