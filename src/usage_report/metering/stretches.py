"""Sessions of platforms that name a room, but not which run of it an event belongs to.

There, a session is an unbroken stretch of presence in the room. It starts when a participant enters
the empty room and ends once the room has been empty for ``EMPTY_FOR``. The events of such a room
are kept and folded by the day (see ``sources.room_days``); ``merge`` makes one timeline of days
that a stretch connects. Stretches of one room never overlap, so one timeline holds any number of
them, and only their starts need to be known.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from usage_report.core.events import iso
from usage_report.metering.fold import SessionTimeline
from usage_report.metering.timeline import Span

#: How long a room is empty, in ms, when its session has ended.
EMPTY_FOR = 60_000

Key = TypeVar("Key", bound=Hashable)


def session_id(room: str, start: int) -> str:
    """Return the id of the session that starts in ``room`` at an instant (epoch ms)."""
    return f"{room}@{iso(start)}"


def hull(timeline: SessionTimeline) -> Span | None:
    """Return the time from the first to the last instant at which anything was on.

    ``None`` if nothing was. Besides presence this includes breakouts and the like, which count
    while anyone is present, whichever day that person's events belong to.
    """
    spans = [(start, end) for _, _, start, end in timeline.presence]
    spans += [(start, end) for _, start, end in timeline.toggles]
    if not spans:
        return None
    return min(start for start, _ in spans), max(end for _, end in spans)


def linked(spans: Iterable[tuple[Key, Span]]) -> list[list[Key]]:
    """Return the keys of spans in groups, each sorted by start.

    Between the spans of different groups, nothing is on for at least ``EMPTY_FOR``. A key that
    occurs with several spans is in the groups of all of them.
    """
    groups: list[list[Key]] = []
    until = 0
    for key, (start, end) in sorted(spans, key=lambda item: item[1]):
        if groups and start - until < EMPTY_FOR:
            groups[-1].append(key)
            until = max(until, end)
        else:
            groups.append([key])
            until = end
    return groups


def merge(days: Sequence[SessionTimeline]) -> SessionTimeline:
    """Return one timeline of some days of a room, in the order of time, with its sessions' starts.

    A connection that occurs in several days is one connection: where its stays overlap, because
    the end of the earlier one was lost, they are one stay.
    """
    numbers: dict[str, int] = {}
    number_of = [[numbers.setdefault(x, len(numbers)) for x in day.connections] for day in days]
    parts = list(zip(number_of, days, strict=True))
    presence = _united([
        (number[n], person, start, end)
        for number, day in parts
        for n, person, start, end in day.presence
    ])  # fmt: skip
    gaps = [day.longest_gap for day in days if day.longest_gap is not None]
    return SessionTimeline(
        room=days[0].room,
        connections=list(numbers),
        presence=presence,
        published=[
            (number[n], bit, start, end)
            for number, day in parts
            for n, bit, start, end in day.published
        ],
        received=[
            (number[receiver], number[sender], bit, start, end)
            for number, day in parts
            for receiver, sender, bit, start, end in day.received
        ],
        has_subscriptions=any(day.has_subscriptions for day in days),
        toggles=[toggle for day in days for toggle in day.toggles],
        recordings=[recording for day in days for recording in day.recordings],
        storage=[change for day in days for change in day.storage],
        posts=[post for day in days for post in day.posts],
        starts=_starts([(start, end) for _, _, start, end in presence]),
        open_presences=len({x for day in days for x in _open_connections(day)}),
        open_recordings=sum(day.open_recordings for day in days),
        is_open=any(day.is_open for day in days),
        closed_by_timeout=[end for day in days for end in day.closed_by_timeout],
        longest_gap=max(gaps, default=None),
        anomalies=sum(day.anomalies for day in days),
    )


def _united(stays: list[tuple[int, str, int, int]]) -> list[tuple[int, str, int, int]]:
    """Return stays in which those of one connection that overlap are one, of the first's person."""
    united: list[tuple[int, str, int, int]] = []
    for number, person, start, end in sorted(stays, key=lambda stay: (stay[0], *stay[2:])):
        if united and united[-1][0] == number and start < united[-1][3]:
            united[-1] = (*united[-1][:3], max(united[-1][3], end))
        else:
            united.append((number, person, start, end))
    return united


def _starts(presence: list[Span]) -> list[int]:
    return [min(presence[i][0] for i in group) for group in linked(enumerate(presence))]


def _open_connections(day: SessionTimeline) -> list[str]:
    """Return the connections that are still present. Their stays run longer than all others."""
    if not day.open_presences:
        return []
    last = max(end for _, _, _, end in day.presence)
    return [day.connections[n] for n, _, _, end in day.presence if end == last]
