"""From the events of a session to the facts of a team, as pure functions.

Owns the rules of spans, minutes and peaks. May import ``core``.
Does not own SQL, clocks, files or rounding.
"""

__all__ = [
    "arrays",
    "companions",
    "facts",
    "fold",
    "session_quarters",
    "stretches",
    "sweep",
    "team_quarters",
    "timeline",
]
