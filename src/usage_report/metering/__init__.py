"""Pure functions from events to facts: ``fold``, ``session_quarters``, ``team_quarters``, ``facts``.

Owns the rules of spans, minutes and peaks. May import ``core``.
Does not own SQL, a clock, files or pandas.
"""

__all__ = ["facts", "fold", "session_quarters", "sweep", "team_quarters", "timeline"]
