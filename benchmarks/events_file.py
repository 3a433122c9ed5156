"""A JSON Lines file of about a million realistic events: the sample company, for several teams."""

from __future__ import annotations

from pathlib import Path

import orjson

from usage_report import demo
from usage_report.core.events import BY_CODE, Event, iso

NOW = 1_795_420_800_000  # 2026-11-23T08:00:00Z
DAY = 86_400_000


def envelope(event: Event, team: str) -> dict:
    kind = BY_CODE[event.code]
    data = {"team": team, "room": event.room, "session": event.session}
    if kind.subject:
        data[kind.subject] = event.subject
    if event.connection:
        data["connection"] = event.connection
    if event.person:
        data["participant"] = event.person
    if event.name:
        data["name"] = event.name
    if event.detail:
        data["kind" if kind.subject == "track" else "visibility"] = event.detail
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": kind.type,
        "time": iso(event.time),
        "data": data,
    }


def write(path: Path, events: int, teams: int = 4) -> int:
    """Write about ``events`` lines. Return how many."""
    written = 0
    with path.open("wb") as out:
        for event in demo.events(demo.start_of(NOW), NOW):
            for n in range(teams):
                out.write(orjson.dumps(envelope(event, f"team-{n}")) + b"\n")
                written += 1
            if written >= events:
                break
    return written
