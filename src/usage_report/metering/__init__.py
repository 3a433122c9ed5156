"""From events to facts, as pure functions.

Owns the rules of spans, minutes and peaks. May import ``core``.
Does not own SQL, a clock, files or pandas.
"""

__all__ = ["facts", "fold", "session_quarters", "sweep", "team_quarters", "timeline"]
