"""What is happening in a team's sessions at an instant."""

from __future__ import annotations

import numpy as np
from sqlalchemy.engine import Connection

from usage_report.core.periods import HOUR, QUARTER
from usage_report.metering.fold import SessionTimeline
from usage_report.metering.stretches import session_id
from usage_report.metering.sweep import level_steps, peak_and_overlap
from usage_report.reporting.model import Live, LiveSession
from usage_report.reporting.team_info import Team
from usage_report.reporting.unsettled import Unsettled, unsettled_sessions
from usage_report.sources import coverage
from usage_report.storage import session_quarters as stored_quarters

#: Most points of the trend; busier hours are sampled.
_MAX_POINTS = 720


def read_live(c: Connection, team: Team, as_of: int, stale_after: int) -> Live:
    """Return what is happening at ``as_of`` (epoch ms)."""
    unsettled = unsettled_sessions(c, team.id, as_of, stale_after)
    not_supplied = coverage.cannot_supply(team.info.sources_at(as_of))
    has_recordings = "max_concurrent_recordings" not in not_supplied
    sessions = [
        LiveSession(
            s.timeline.room,
            s.external_id or session_id(s.timeline.room, s.timeline.starts[-1]),
            s.timeline.starts[-1],
            s.timeline.open_presences,
            _peak(s.timeline, as_of),
            s.timeline.open_recordings > 0 if has_recordings else None,
        )
        for s in unsettled.sessions
        if s.timeline.starts and s.timeline.open_presences
    ]
    return Live(
        as_of,
        live_participants=sum(s.people for s in sessions),
        live_sessions=len(sessions),
        active_recordings=(
            sum(s.timeline.open_recordings > 0 for s in unsettled.sessions)
            if has_recordings
            else None
        ),
        sessions=tuple(sorted(sessions)),
        trend=_trend(c, team.id, unsettled, as_of),
    )


def _peak(timeline: SessionTimeline, as_of: int) -> int:
    """Return the most connections present at one instant of the latest session."""
    start, end = (np.array([p[i] for p in timeline.presence], np.int64) for i in (2, 3))
    edges = np.array([timeline.starts[-1], as_of], np.int64)
    return int(peak_and_overlap(start, end, edges).peak[0])


def _trend(
    c: Connection, team_id: int, unsettled: Unsettled, as_of: int
) -> tuple[tuple[int, int], ...]:
    """Return the participants in the hour before ``as_of`` as steps: (from instant, number)."""
    since = as_of - HOUR
    first_quarter = since // QUARTER * QUARTER
    rows = stored_quarters.load(
        c,
        team_id,
        np.arange(first_quarter, as_of, QUARTER),
        without=unsettled.replaced,
        also=stored_quarters.rows_after(unsettled.rows, first_quarter),
    )
    presence = rows.pieces["presence"]
    base = rows.start[presence.row]
    start, end = np.maximum(base + presence.start, since), np.minimum(base + presence.end, as_of)
    zero = np.zeros(len(start), np.int64)
    steps = level_steps(zero, start, end, zero, 1)
    if not len(steps.start):
        return ((since, 0),)
    # The level from every instant of change on, including 0 between stretches.
    instants = np.unique(np.concatenate([[since], steps.start, steps.end]))
    instants = instants[instants < as_of]
    if len(instants) > _MAX_POINTS:
        instants = np.arange(since, as_of, HOUR // _MAX_POINTS)
    i = np.searchsorted(steps.start, instants, side="right") - 1
    values = np.where((i >= 0) & (instants < steps.end[i]), steps.level[i, 0], 0)
    return tuple(zip(instants.tolist(), values.tolist(), strict=True))
