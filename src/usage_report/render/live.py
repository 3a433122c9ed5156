"""Sentences and figures of *Real time*."""

from __future__ import annotations

from typing import Final, NamedTuple

from usage_report.render import dates
from usage_report.render.numbers import ABSENT, duration, number
from usage_report.reporting.model import Live, TeamInfo

#: Without events for so long, figures may be stale: while sessions are live, and at any time.
_QUIET_LIVE_MS: Final = 10 * 60_000
_QUIET_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000


class LiveFigure(NamedTuple):
    """A tile of *Real time*."""

    title: str
    #: A dash where the metric is not supplied.
    text: str
    definition: str
    is_supplied: bool = True


def figures(live: Live) -> tuple[LiveFigure, ...]:
    """The three figures."""
    recordings = live.active_recordings
    if recordings is None:
        recording = LiveFigure(
            "Active recordings",
            ABSENT,
            "Not supplied by this team's platform. This is not 0.",
            is_supplied=False,
        )
    else:
        recording = LiveFigure(
            "Active recordings",
            number(recordings),
            "Sessions that are being recorded right now. Two recordings of one session count once.",
        )
    return (
        LiveFigure(
            "Live participants",
            number(live.live_participants),
            "Connections present in a session right now.",
        ),
        LiveFigure(
            "Live sessions",
            number(live.live_sessions),
            "Sessions with at least one participant. An empty session is not live, even where its"
            " platform still reports it as open.",
        ),
        recording,
    )


def staleness(live: Live, info: TeamInfo, now: int) -> str:
    """Warn where the figures may be stale because no recent events arrive; else an empty text.

    ``now``: epoch ms. Events count as recent by when they happened and by when they arrived.
    """
    if info.last_received is None or info.last_event is None:
        return "No events received yet."
    quiet_ms = now - info.last_received
    quiet = duration(quiet_ms / 60_000)
    if quiet_ms > _QUIET_MS:
        return f"Stale: no events received for {quiet}. The figures show the last known state."
    if now - info.last_event > _QUIET_MS:
        latest = dates.instant(info.last_event, info.zone)
        return f"Stale: the latest event happened on {latest}. Later events have not arrived."
    if live.live_sessions and quiet_ms > _QUIET_LIVE_MS:
        return f"Possibly stale: sessions are live, but no events received for {quiet}."
    return ""


def hour_text(live: Live, zone_name: str) -> str:
    """The peak of the last hour with its clock time, and the participants now."""
    now = live.live_participants
    begin, _, peak = max(hour_steps(live), key=lambda step: step[2], default=(live.as_of, 0, now))
    if not peak:
        return "No participants in the last hour."
    at = dates.clock(begin, zone_name)
    return f"Peak in the last hour: {number(peak)} ({at}). Now: {number(now)}."


def hour_steps(live: Live) -> list[tuple[int, int, int]]:
    """Steps of the hour before ``as_of``: begin and end (epoch ms), and the participants."""
    start = live.as_of - HOUR_MS
    ends = [*(at for at, _ in live.trend[1:]), live.as_of]
    return [
        (max(begin, start), min(end, live.as_of), participants)
        for (begin, participants), end in zip(live.trend, ends, strict=False)
        if end > start and begin < live.as_of
    ]
