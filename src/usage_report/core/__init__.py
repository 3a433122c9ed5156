"""Values and tables that all other folders share: events, metrics, periods, settings, errors.

Owns the vocabulary, the only clock, logging and counters. May import no other folder.
Does not own SQL, the payloads of platforms, or the texts of pages.
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
    "team_keys",
    "telemetry",
    "toml_file",
]
