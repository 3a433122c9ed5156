"""Example of a plug-in: reads the visitor books of a platform that usage-report does not know.

A visitor book is a text file. Its first line is ``# visitor book of ROOM``; every other line has a
time, ``in`` or ``out``, and a name::

    # visitor book of standup
    2026-03-01T09:00:00Z in Ana
    2026-03-01T09:20:00Z out Ana
"""

from __future__ import annotations

from collections.abc import Iterator

from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput, parse
from usage_report.core.metrics import BY_KEY
from usage_report.sources.contract import ByteStream, Context, FileSource
from usage_report.sources.input import team_of
from usage_report.sources.payload import quarantined, stable_id
from usage_report.sources.text import lines

_TITLE = b"# visitor book of "
_TYPES = {"in": "participant.joined", "out": "participant.left"}


class VisitorBook(FileSource):
    """Visitor books, one file for each meeting."""

    name = "visitor-book"
    title = "Visitor book"
    # A visitor book contains presence only. All other figures are shown as "not supplied".
    cannot_supply = frozenset(BY_KEY) - {
        "participation_minutes",
        "active_participants",
        "max_concurrent_participants",
        "sessions",
        "active_rooms",
        "max_concurrent_sessions",
        "max_participants_per_session",
    }

    def recognises(self, head: bytes, name: str) -> bool:  # noqa: ARG002 - the content decides
        """Look for the first line."""
        return head.startswith(_TITLE)

    def read(self, stream: ByteStream, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield one item for every line below the first."""
        team = team_of(context, "a visitor book")
        room = ""
        position = 0
        for batch, is_complete in lines(stream):
            for line in batch:
                position += 1
                if line.startswith(_TITLE):
                    room = line.removeprefix(_TITLE).decode(errors="replace").strip()
                    continue
                try:
                    yield _event(self.name, team, room, line, context.now)
                except EventError as error:
                    item = quarantined(error, line, self.name, context, position)
                    yield item._replace(is_truncated=not is_complete)


def _event(source: str, team: str, room: str, line: bytes, now: int) -> Event:
    time, direction, name = (*line.decode(errors="replace").split(maxsplit=2), "", "", "")[:3]
    if direction not in _TYPES:
        raise EventError("unknown-type", f"{direction[:20]!r} is neither in nor out")
    # The same line always gives the same id, so a file that is ingested twice counts once.
    return parse(
        {
            "specversion": "1.0",
            "id": stable_id(room, line),
            "source": source,
            "type": _TYPES[direction],
            "time": time,
            "data": {
                "team": team,
                "room": room,
                "session": f"{room}/{time[:10]}",
                "connection": name.strip(),
                "participant": name.strip(),
            },
        },
        now=now,
    )


SOURCE = VisitorBook()
