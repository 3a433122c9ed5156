"""Durations as attendance reports write them: ``1h 5m 3s``, ``58 min``, ``1 Std. 5 Min.``.

A row with a first joining and a last leaving is one stay only if the person was never away in
between, which the reported duration shows.
"""

from __future__ import annotations

import re

from usage_report.core.errors import EventError
from usage_report.sources.files.attendance_times import seconds_between

_PART = re.compile(r"(\d{1,9})\s*([^\W\d_]+)")
_COLONS = re.compile(r"(\d{1,4}):(\d\d):(\d\d)", re.ASCII)
#: Seconds of each unit, in lower case. The languages are those of ``teams_headings``.
_SECONDS = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std", "godz", "時間"), 3600),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "分"), 60),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "seg", "秒"), 1),
}


def parse_duration(text: str) -> tuple[int, int] | None:
    """Return a duration and its precision in seconds; ``None`` where the text is not one."""
    if match := _COLONS.fullmatch(text):
        hours, minutes, seconds = map(int, match.groups())
        return hours * 3600 + minutes * 60 + seconds, 1
    parts = _PART.findall(text.lower())
    if not parts or any(unit not in _SECONDS for _, unit in parts):
        return None
    has_seconds = any(_SECONDS[unit] == 1 for _, unit in parts)
    total = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    return total, 1 if has_seconds else 60


def check_uninterrupted(start: str, end: str, duration: str, advice: str) -> None:
    """Raise ``EventError`` unless a duration shows that a person was never away in between.

    Times that cannot be read pass: they are reported as such later.
    """
    length = seconds_between(start, end)
    if length is None:
        return
    reported = parse_duration(duration)
    if reported is None:
        raise EventError(
            "gap-unknown",
            f"the duration {duration[:40]!r} does not show whether the person was away: {advice}",
        )
    seconds, precision = reported
    if abs(length - seconds) > precision:
        raise EventError(
            "gap-unknown",
            f"the person was away in between, and the file does not show when: {advice}",
        )
