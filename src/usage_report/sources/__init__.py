"""Where events come from: one module a platform, each turning foreign bytes into ``Event`` values.

Owns the adapters of all platforms, the contract they implement and their registry.
May import ``core``. Does not own storing what it reads, nor any HTTP server.
"""

from usage_report.sources.contract import READ_BYTES, SNIFF_BYTES, Context, Delivery
from usage_report.sources.coverage import cannot_supply, partly
from usage_report.sources.input import open_input
from usage_report.sources.registry import choose, discover, files, platforms, read_again
from usage_report.sources.signatures import Unauthorized

__all__ = [
    "READ_BYTES",
    "SNIFF_BYTES",
    "Context",
    "Delivery",
    "Unauthorized",
    "cannot_supply",
    "choose",
    "discover",
    "files",
    "open_input",
    "partly",
    "platforms",
    "read_again",
]
