"""Values without I/O: errors, time, events, metrics, limits, presets, settings.

Owns the vocabulary that every other folder shares, and the only clock.
May import nothing of this package. Does not own SQL, files of events, or texts of pages.
"""

__all__ = [
    "clock",
    "errors",
    "events",
    "limits",
    "logging",
    "metrics",
    "periods",
    "presets",
    "settings",
    "telemetry",
]
