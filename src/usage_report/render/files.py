"""Names of downloads."""

from __future__ import annotations

import re
from collections.abc import Iterable

from usage_report.core.periods import Period


def file_name(names: Iterable[str], period: Period, extension: str, *, suffix: str = "") -> str:
    """``usage-acme-2026-03-01-to-2026-03-31-day.csv``: letters, digits and hyphens only.

    ``names`` may hold any text: whatever else is in them is left out.
    """
    safe = [re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40].lower() for name in names]
    parts = [*safe, str(period.start), "to", str(period.last), suffix]
    return "-".join(part for part in parts if part) + f".{extension}"
