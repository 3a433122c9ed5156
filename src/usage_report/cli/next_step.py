"""What to do after an import: which teams and days it covered, and where to see them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from usage_report.core.events import Event
from usage_report.core.periods import DAY, Period, today, zone
from usage_report.render import dates
from usage_report.reporting.reader import Reader

#: Teams that are named one by one.
_TEAMS = 3
_LOCAL_URL = "http://localhost:8501"


class CoveredDays:
    """The first and the last event of each team in an import."""

    def __init__(self) -> None:
        self._instants: dict[str, tuple[int, int]] = {}

    def add(self, event: Event) -> None:
        """Note an event."""
        known = self._instants.get(event.team)
        if known is None:
            self._instants[event.team] = event.time, event.time
        elif not known[0] <= event.time <= known[1]:
            self._instants[event.team] = min(known[0], event.time), max(known[1], event.time)

    def next_steps(self, reader: Reader, public_url: str) -> Iterator[str]:
        """Yield a line for each team, with the address of the page that shows its days.

        ``public_url``: the address of the running app, ``""`` where it is not known.
        """
        stored = set(reader.teams())  # without those of a batch that failed
        found = [item for item in sorted(self._instants.items()) if item[0] in stored]
        for team, (first, last) in found[:_TEAMS]:
            tz = zone(reader.team(team).zone)
            covered = Period(today(first, tz), today(last, tz) + DAY)
            query = urlencode({"team": team, "from": covered.start, "to": covered.last})
            address = f"{public_url.rstrip('/') or _LOCAL_URL}/date-range?{query}"
            yield f"Team {team}: {dates.span(covered)}. See it at {address}"
        if (more := len(found) - _TEAMS) > 0:
            teams = "team" if more == 1 else "teams"
            yield f"and {more:,} more {teams}. See all of them: usage-report team list"
        if found and not public_url:
            yield "If the app is not running, start it: usage-report app"
