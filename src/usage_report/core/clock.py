"""The only module that reads a clock. Everything else takes instants as arguments."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Return the current instant in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def utc_now() -> datetime:
    """Return the current instant as a time-zone-aware UTC datetime."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds of a clock that never goes back. For timeouts and intervals."""
    return time.monotonic()


def perf_counter() -> float:
    """Return seconds of the clock with the highest resolution. For measuring durations."""
    return time.perf_counter()
