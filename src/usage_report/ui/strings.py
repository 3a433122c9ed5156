"""Texts that several pages share, and functions that show any text as it is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from usage_report.core.metrics import Metric
from usage_report.render.numbers import exact, number

ICON = "📊"
NOT_SUPPLIED = "Not supplied by this team's platform. This is not 0."
#: Limits as an example.
EXAMPLE = {
    "participation_minutes": 100_000,
    "max_concurrent_sessions": 20,
    "max_concurrent_participants": 500,
}
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def plain(text: str) -> str:
    """Return Markdown that shows ``text`` as it is.

    Names come from outside and may contain markup, directives or line breaks.
    """
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Return Markdown of ``text`` as inline code, whatever backticks it contains."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def definition(of: Metric, value: float | None) -> str:
    """Return the help of a figure: its definition, and the exact figure where a tile rounds it."""
    if value is None or not of.unit:
        return of.definition
    return f"{of.definition} Exact figure: {exact(of.key, value)} {of.unit}."


def ago(ms: int) -> str:
    """Return an age in the largest unit that fits: ``12 s``, ``5 min``, ``3 h``, ``2 days``."""
    seconds = max(0, ms) // 1000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"


def count(n: int, one: str, many: str = "") -> str:
    """Return ``1 session``, ``2 sessions``."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def ingest_command(team: str) -> str:
    """Return the command that imports a file for a team."""
    return f"usage-report ingest --team {shlex.quote(team)} FILE"


def limit_command(team: str, keys: Sequence[str]) -> str:
    """Return the command that sets the limits of ``keys``, with round figures as an example."""
    flags = " ".join(f"--limit {key}={EXAMPLE.get(key, 1000)}" for key in keys)
    return f"usage-report team set {shlex.quote(team)} {flags}"
