"""Texts that several pages share, and functions that show any text as it is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from usage_report.core.metrics import Metric
from usage_report.render.numbers import exact, number

NAME = "usage-report"
#: Files of the mark, which is the icon of the tab, and of the mark with the name.
MARK, LOGO = (str(Path(__file__).with_name(file)) for file in ("mark.svg", "logo.svg"))
NOT_SUPPLIED = "Your platform does not report this."
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


def doc_link(page: str = "", anchor: str = "") -> str:
    """Return the address, in the app, of a page of the docs, at the heading with an anchor.

    Without a page it is that of the index.
    """
    return "docs" + (f"?page={page}" if page else "") + (f"#{anchor}" if anchor else "")


def help_text(definition: str, anchor: str) -> str:
    """Return Markdown for the help of a figure: its definition, and where it is defined in full."""
    return f"{plain(definition)} [Learn more]({doc_link('metrics', anchor)})"


def definition(of: Metric, value: float | None = None) -> str:
    """Return the help of a metric, with the exact figure where a tile rounds it."""
    text = of.definition
    if value is not None and of.unit:
        text += f" Exact figure: {exact(of.key, value)} {of.unit}."
    return help_text(text, of.key)


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
