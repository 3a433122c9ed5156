"""From the spans of many sessions to what each session did in each quarter hour.

A row has the session's part in every figure that adds up, and the pieces of presence, activity and
recordings that are needed for peaks over several sessions. The facts of a team are computed from
these rows.

A UTC day in which nothing of a session begins, ends or happens is one row instead of 96. Without
that, a stay of years, which takes two events, would take a million rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from usage_report.core.periods import QUARTER, QUARTERS_A_DAY, UTC_DAY
from usage_report.metering.arrays import (
    NO_INSTANT,
    Flags,
    Ints,
    first_maxima,
    group_of_rows,
    group_starts,
)
from usage_report.metering.facts import SUM, SUMS
from usage_report.metering.fold import KIND_BITS, TOGGLES, SessionTimeline
from usage_report.metering.sweep import SplitSpans, day_keys, level_steps, split_by_day


class Pieces(NamedTuple):
    """Parts of spans, each within one row, sorted by row and time."""

    #: Index of the row.
    row: Ints
    #: ms from the start of the row.
    start: Ints
    end: Ints
    #: Dense id of the person of a presence, 0 for other pieces.
    number: Ints


#: The stored form of a piece: three little-endian 32-bit integers.
PIECE = np.dtype([("start", "<u4"), ("end", "<u4"), ("number", "<u4")])
PIECES = ("presence", "activity", "recording")


@dataclass(slots=True, eq=False)
class SessionQuarters:
    """One row per session and quarter hour, or constant day, in which it counts in any figure.

    Rows are sorted by (session, start).
    """

    #: [n] ids as given.
    session: Ints
    #: [n] epoch ms.
    start: Ints
    #: [n] length in quarter hours: 1, or ``QUARTERS_A_DAY``.
    quarters: Ints
    #: [n, len(SUMS)]
    sums: Ints
    #: [n] most connections present at one instant.
    peak: Ints
    #: [n] the earliest such instant, epoch ms, ``NO_INSTANT`` for a peak of 0.
    peak_at: Ints
    #: [n] dense id of the room, -1 if no connection was present.
    room: Ints
    #: One entry for each of ``PIECES``.
    pieces: dict[str, Pieces]

    def __len__(self) -> int:
        return len(self.start)


# Channels of the level steps of a session: what can be on, several times over, at one instant.
# Sent and received tracks have four each, in the order of the kinds in SUMS.
_PRESENT = 0
_SENT = slice(1, 5)
_RECEIVED = slice(5, 9)
_TOGGLED = 9
_CHANNELS = _TOGGLED + len(TOGGLES)


def session_quarters(
    sessions: Sequence[tuple[int, int, SessionTimeline]], persons: Mapping[str, int]
) -> SessionQuarters:
    """Return the rows of many sessions.

    ``sessions``: (id, dense id of the room, timeline), with distinct ids. ``persons``: the dense id
    (uint32) of every person in them.
    """
    ids, rooms = (np.array([s[i] for s in sessions], np.int64) for i in (0, 1))
    spans = _collect(sessions, persons)
    busy = _busy_days(spans)
    stretches = _stretches(spans, busy)
    presence, recordings, points = spans.presence, spans.recordings, spans.points
    stays = split_by_day(presence.session, presence.start, presence.end, busy)
    runs = split_by_day(recordings.session, recordings.start, recordings.end, busy)
    row_session, row_start, (stretch_row, stay_row, run_row, point_row) = _number_rows(
        (stretches.session, stretches.bucket),
        (presence.session[stays.owner], stays.bucket),
        (recordings.session[runs.owner], runs.bucket),
        (points.session, points.at // QUARTER * QUARTER),
    )
    n = len(row_session)
    quarters = np.ones(n, np.int64)
    for row, pieces in ((stretch_row, stretches), (stay_row, stays), (run_row, runs)):
        quarters[row[pieces.end - pieces.start > QUARTER]] = QUARTERS_A_DAY
    sums = np.zeros((n, len(SUMS)), np.int64)
    _add_stretches(sums, stretch_row, stretches)
    np.add.at(sums[:, SUM["recorded"]], run_row, runs.end - runs.start)
    np.add.at(sums, (point_row, points.column), points.change)
    room = np.full(n, -1, np.int64)
    room[stay_row] = rooms[row_session[stay_row]]
    return SessionQuarters(
        ids[row_session],
        row_start,
        quarters,
        sums,
        *_peaks(n, stretch_row, stretches),
        room,
        {
            "presence": _pieces(stay_row, row_start, stays, presence.number),
            "activity": _activity(stretch_row, row_start, stretches),
            "recording": _pieces(run_row, row_start, runs, recordings.number),
        },
    )


class _SessionSpans(NamedTuple):
    #: Index of the session.
    session: Ints
    #: The person of a presence, the toggle of a toggle, 0 for recordings.
    number: Ints
    start: Ints
    end: Ints


class _Tracks(NamedTuple):
    #: A connection that sends, or a pair of receiver and sender; unique over all sessions.
    unit: Ints
    session: Ints
    kind_bit: Ints
    start: Ints
    end: Ints


class _Points(NamedTuple):
    """Changes of the sums at an instant."""

    session: Ints
    column: Ints
    at: Ints
    change: Ints


class _Spans(NamedTuple):
    """The spans of all sessions in columns."""

    presence: _SessionSpans
    sent: _Tracks
    received: _Tracks
    toggles: _SessionSpans
    recordings: _SessionSpans
    points: _Points
    #: One entry per session.
    is_estimated: Flags


_Rows = list[tuple[int, ...]]


def _collect(
    sessions: Sequence[tuple[int, int, SessionTimeline]], persons: Mapping[str, int]
) -> _Spans:
    presence, sent, received, toggles, recordings, points = (_Rows() for _ in range(6))
    units = pairs = 0
    for i, (_, _, line) in enumerate(sessions):
        presence += [(i, persons[p], start, end) for _, p, start, end in line.presence]
        sent += [(units + c, i, bit, start, end) for c, bit, start, end in line.published]
        units += len(line.presence)  # at least as many as there are connections
        if line.received:
            # Receivers and senders are numbered from 0 within the session.
            n = 1 + max(max(r, s) for r, s, _, _, _ in line.received)
            received += [
                (pairs + r * n + s, i, bit, start, end) for r, s, bit, start, end in line.received
            ]
            pairs += n * n
        toggles += [(i, toggle, start, end) for toggle, start, end in line.toggles]
        recordings += [(i, 0, start, end) for start, end in line.recordings]
        points += [(i, SUM["storage"], at, change) for at, change in line.storage]
        points += [(i, SUM["chat"] + post, at, 1) for post, at in line.posts]
        points += [(i, SUM["sessions"], start, 1) for start in line.starts]
        points += [(i, SUM["closed_by_timeout"], at, 1) for at in line.closed_by_timeout]
    return _Spans(
        _SessionSpans(*_columns(presence, 4)),
        _Tracks(*_columns(sent, 5)),
        _Tracks(*_columns(received, 5)),
        _SessionSpans(*_columns(toggles, 4)),
        _SessionSpans(*_columns(recordings, 4)),
        _Points(*_columns(points, 4)),
        np.array([not line.has_subscriptions for _, _, line in sessions], np.bool_),
    )


def _columns(rows: _Rows, width: int) -> list[Ints]:
    flat = np.array(rows, np.int64).reshape(-1, width)
    return [np.ascontiguousarray(flat[:, i]) for i in range(width)]


def _busy_days(spans: _Spans) -> Ints:
    """Return the sorted ``day_keys`` of the days in which anything of a session changes."""
    lasting = (spans.presence, spans.sent, spans.received, spans.toggles, spans.recordings)
    if not any((x.end - x.start >= UTC_DAY).any() for x in lasting):
        return np.zeros(0, np.int64)  # not needed, see ``split_by_day``
    instants = [day_keys(x.session, at) for x in lasting for at in (x.start, x.end)]
    return np.unique(np.concatenate([*instants, day_keys(spans.points.session, spans.points.at)]))


class _Stretches(NamedTuple):
    """Stretches of time, each within one row, in which nothing changes in a session.

    Sorted by session and time. At least one thing is on in each.
    """

    session: Ints
    #: Start of the row.
    bucket: Ints
    start: Ints
    end: Ints
    #: Connections present.
    present: Ints
    #: [stretch, column]: what each ms adds to the first columns of SUMS.
    weights: Ints


def _stretches(spans: _Spans, busy: Ints) -> _Stretches:
    presence, toggles = spans.presence, spans.toggles
    session, channel, start, end = (
        np.concatenate(column)
        for column in zip(
            (presence.session, np.full(len(presence.session), _PRESENT), *presence[2:]),
            _by_kind(spans.sent, _SENT.start),
            _by_kind(spans.received, _RECEIVED.start),
            (toggles.session, _TOGGLED + toggles.number, *toggles[2:]),
            strict=True,
        )
    )
    steps = level_steps(session, start, end, channel, _CHANNELS)
    weights = _weights(steps.level, spans.is_estimated[steps.key])
    owner, bucket, start, end = split_by_day(steps.key, steps.start, steps.end, busy)
    return _Stretches(
        steps.key[owner], bucket, start, end, steps.level[owner, _PRESENT], weights[owner]
    )


def _by_kind(tracks: _Tracks, base: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return (session, channel, start, end) of what each unit sends, as one of the four kinds.

    Camera and microphone at once are one span of audio and video. Several tracks of a kind count
    once. ``base`` is the channel of the first kind.
    """
    unit, start, end, level = level_steps(
        tracks.unit, tracks.start, tracks.end, tracks.kind_bit, len(KIND_BITS)
    )
    session_of = np.zeros(int(tracks.unit.max()) + 1 if len(tracks.unit) else 0, np.int64)
    session_of[tracks.unit] = tracks.session
    audio, video, screen = (level[:, KIND_BITS[kind]] > 0 for kind in KIND_BITS)
    kinds = [audio & video, audio & ~video, video & ~audio, screen]
    where = np.concatenate([np.flatnonzero(is_kind) for is_kind in kinds])
    channel = np.repeat(np.arange(base, base + 4), [int(is_kind.sum()) for is_kind in kinds])
    return session_of[unit[where]], channel, start[where], end[where]


def _weights(level: Ints, is_estimated: Flags) -> Ints:
    """Return what each ms adds to the first columns of SUMS, given the levels of a session."""
    present = level[:, _PRESENT]
    sent = level[:, _SENT]
    others = np.maximum(present - 1, 0)[:, None]
    received = np.where(is_estimated[:, None], sent * others, level[:, _RECEIVED])
    weights = np.zeros((len(level), SUM["breakout"] + 1), np.int64)
    weights[:, SUM["participation"]] = present
    weights[:, SUM["broadcast_audio_video"] : SUM["broadcast_screenshare"] + 1] = sent
    weights[:, SUM["consumed_audio_video"] : SUM["consumed_screenshare"] + 1] = received
    weights[:, SUM["estimated_ms"]] = np.where(is_estimated, received.sum(axis=1), 0)
    for name, toggle in TOGGLES.items():
        weights[:, SUM[name]] = (level[:, _TOGGLED + toggle] > 0) & (present > 0)
    return weights


def _number_rows(*places: tuple[Ints, Ints]) -> tuple[Ints, Ints, list[Ints]]:
    """Number the distinct (session, start) pairs among the places, sorted.

    Return the session and start of each row, and the row of each place, one array per argument.
    """
    session, start = (np.concatenate(column) for column in zip(*places, strict=True))
    order = np.lexsort((start, session))
    session, start = session[order], start[order]
    first = group_starts(session, start)
    row_of = np.empty(len(order), np.int64)
    row_of[order] = group_of_rows(first, len(order))
    ends = np.cumsum([len(session) for session, _ in places])
    return session[first], start[first], np.split(row_of, ends[:-1])


def _add_stretches(sums: Ints, row: Ints, stretches: _Stretches) -> None:
    # Stretches are sorted by session and time, so those of a row are neighbours.
    first = group_starts(row)
    if len(first):
        added = (stretches.end - stretches.start)[:, None] * stretches.weights
        sums[row[first], : added.shape[1]] += np.add.reduceat(added, first, axis=0)


def _peaks(n: int, row: Ints, stretches: _Stretches) -> tuple[Ints, Ints]:
    """Return the most connections present in each of ``n`` rows, and the first such instant."""
    peak, peak_at = np.zeros(n, np.int64), np.full(n, NO_INSTANT, np.int64)
    first = group_starts(row)
    if len(first):
        top, at = first_maxima(stretches.present, first)
        peak[row[first]] = top
        peak_at[row[first]] = np.where(top > 0, stretches.start[at], NO_INSTANT)
    return peak, peak_at


def _pieces(row: Ints, row_start: Ints, spans: SplitSpans, numbers: Ints) -> Pieces:
    number = numbers[spans.owner]
    order = np.lexsort((number, spans.end, spans.start, row))
    row = row[order]
    origin = row_start[row]
    return Pieces(row, spans.start[order] - origin, spans.end[order] - origin, number[order])


def _activity(row: Ints, row_start: Ints, stretches: _Stretches) -> Pieces:
    """Return the pieces of time in which at least one connection was present."""
    is_active = stretches.present > 0
    row, start, end = row[is_active], stretches.start[is_active], stretches.end[is_active]
    # Neighbours of one row that touch are one piece.
    is_first = np.ones(len(row), np.bool_)
    is_first[1:] = (row[1:] != row[:-1]) | (start[1:] != end[:-1])
    is_last = np.append(is_first[1:], True)[: len(row)]
    row, start, end = row[is_first], start[is_first], end[is_last]
    origin = row_start[row]
    return Pieces(row, start - origin, end - origin, np.zeros(len(row), np.int64))


def in_quarters(rows: SessionQuarters) -> SessionQuarters:
    """Divide each row of a constant day into its quarter hours."""
    return _divide(rows, rows.quarters > 1)


def aligned(rows: SessionQuarters) -> SessionQuarters:
    """Divide rows of constant days so that all rows of a day have the same length."""
    is_day = rows.quarters > 1
    day = rows.start // UTC_DAY
    return _divide(rows, is_day & np.isin(day, day[~is_day]))


def _divide(rows: SessionQuarters, which: Flags) -> SessionQuarters:
    if not which.any():
        return rows
    parts = np.where(which, rows.quarters, 1)
    owner = np.repeat(np.arange(len(rows)), parts)
    first = np.cumsum(parts) - parts
    nth = np.arange(len(owner)) - first[owner]
    start = rows.start[owner] + nth * QUARTER
    peak_at = np.where((nth > 0) & (rows.peak[owner] > 0), start, rows.peak_at[owner])
    return SessionQuarters(
        rows.session[owner],
        start,
        rows.quarters[owner] // parts[owner],
        rows.sums[owner] // parts[owner, None],
        rows.peak[owner],
        peak_at,
        rows.room[owner],
        {name: _divide_pieces(x, parts, first) for name, x in rows.pieces.items()},
    )


def _divide_pieces(pieces: Pieces, parts: Ints, first: Ints) -> Pieces:
    """Repeat the pieces of a divided row, which all are as long as the row, in each of its parts.

    ``parts``: the number of parts of each row. ``first``: the new index of the first of them.
    """
    is_first = group_starts(pieces.row)
    in_row = np.diff(np.append(is_first, len(pieces.row)))
    row = pieces.row[is_first]
    # Row by row and part by part, all pieces of the row.
    blocks = np.repeat(np.arange(len(row)), parts[row])
    size = in_row[blocks]
    nth = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    source = np.repeat(is_first[blocks], size) + nth
    part = np.arange(len(blocks)) - np.repeat(np.cumsum(parts[row]) - parts[row], parts[row])
    end = np.where(parts[pieces.row] > 1, QUARTER, pieces.end)
    return Pieces(
        np.repeat(first[row][blocks] + part, size),
        pieces.start[source],
        end[source],
        pieces.number[source],
    )
