"""Where events come from: a module for each platform, which turns its data into ``Event`` values.

Owns the sources of all platforms, the contract they implement, and their registry.
May import ``core``. Does not own storing what it reads, nor any HTTP server.
"""

from usage_report.sources import (
    contract,
    coverage,
    input,
    payload,
    pull,
    registry,
    room_days,
    signatures,
    text,
)

__all__ = [
    "contract",
    "coverage",
    "input",
    "payload",
    "pull",
    "registry",
    "room_days",
    "signatures",
    "text",
]
