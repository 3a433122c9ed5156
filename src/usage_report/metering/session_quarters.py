"""From the spans of many sessions to what each session did in each quarter of an hour.

The result is additive where figures add up, and keeps the short pieces of presence, activity and recordings that peaks
over several sessions need. Everything a longer bucket or a whole team shows is made of these rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from usage_report.core.periods import QUARTER
from usage_report.metering.facts import SUM, SUMS
from usage_report.metering.fold import KIND_BITS, TOGGLES, SessionTimeline
from usage_report.metering.sweep import level_steps
from usage_report.metering.sweep import split_at_quarters as cut_spans


class Pieces(NamedTuple):
    """Spans within quarters: ``row`` (index of the quarter's row), offsets in ms from its start, and a number."""

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    #: The person of a presence; 0 for other pieces.
    number: np.ndarray


#: How pieces are stored: three little-endian 32-bit integers each.
PIECE = np.dtype([("start", "<u4"), ("end", "<u4"), ("number", "<u4")])
PIECES = ("presence", "activity", "recording")


@dataclass(slots=True, eq=False)
class SessionQuarters:
    """One row per session and quarter hour in which anything of the session counts, sorted by (session, start).

    ``session`` int64[n] (ids as given) · ``start`` int64[n] epoch ms · ``sums`` int64[n, len(SUMS)] · ``peak`` and
    ``peak_at`` int64[n]: most present at once in this session, and when first · ``room`` int64[n]: number of the room,
    -1 where nobody was present · ``pieces[name]``.
    """

    session: np.ndarray
    start: np.ndarray
    sums: np.ndarray
    peak: np.ndarray
    peak_at: np.ndarray
    room: np.ndarray
    pieces: dict[str, Pieces]

    def __len__(self) -> int:
        return len(self.start)


_INT = np.int64


def _columns(rows: Sequence[tuple], width: int) -> list[np.ndarray]:
    """Tuples of integers as ``width`` int64 columns."""
    flat = np.array(rows, dtype=_INT).reshape(-1, width)
    return [np.ascontiguousarray(flat[:, i]) for i in range(width)]


# Channels of the level steps of a session.
_PRESENT = 0
_SENT = slice(1, 5)
_GOT = slice(5, 9)
_TOGGLED = 9
_CHANNELS = 12
_AV, _A, _V, _S = range(4)


def _by_kind(unit: np.ndarray, bit: np.ndarray, start: np.ndarray, end: np.ndarray):
    """Tracks of units (connections, or pairs of them) -> (unit, kind, start, end) with kinds as SUMS order them.

    Camera and microphone at once are one span of *audio and video*; screens count once however many tracks.
    """
    unit, start, end, level = level_steps(unit, start, end, bit, 3)
    on = level > 0
    audio, video, screen = (on[:, KIND_BITS[k]] for k in ("audio", "video", "screenshare"))
    out = []
    for kind, where in (
        (_AV, audio & video),
        (_A, audio & ~video),
        (_V, video & ~audio),
        (_S, screen),
    ):
        out.append((unit[where], np.full(int(where.sum()), kind, _INT), start[where], end[where]))
    return [np.concatenate(column) for column in zip(*out, strict=True)]


def session_quarters(
    sessions: Sequence[tuple[int, int, SessionTimeline]], persons: Mapping[str, int]
) -> SessionQuarters:
    """Rows of many sessions.

    ``sessions``: (id, room number, folded), ids distinct; ``persons``: dense number (uint32) of every person in them.
    """
    presence, tracks, pairs, toggles, recordings, points = [], [], [], [], [], []
    units = paired = 0
    estimated = np.zeros(len(sessions), bool)
    for i, (_, _, f) in enumerate(sessions):
        presence += [(i, persons[p], s, e) for _, p, s, e in f.presence]
        tracks += [(units + c, i, b, s, e) for c, b, s, e in f.published]
        if f.received:
            # A pair is numbered within the session: receivers times publishers, both numbered from 0.
            n = 1 + max(max(r, p) for r, p, _, _, _ in f.received)
            pairs += [(paired + r * n + p, i, b, s, e) for r, p, b, s, e in f.received]
            paired += n * n
        units += len(f.presence)  # at least as many as there are connections
        estimated[i] = not f.subscribes
        toggles += [(i, t, s, e) for t, s, e in f.toggles]
        recordings += [(i, s, e) for s, e in f.recordings]
        points += [(i, SUM["storage"], at, change) for at, change in f.storage]
        points += [(i, SUM["chat"] + post, at, 1) for post, at in f.posts]
        if f.start is not None:
            points.append((i, SUM["sessions"], f.start, 1))
        if f.closed_by_timeout is not None:
            points.append((i, SUM["closed_by_timeout"], f.closed_by_timeout, 1))

    p_session, p_person, p_start, p_end = _columns(presence, 4)
    spans = [
        (p_session, np.zeros(len(p_session), _INT), p_start, p_end)
    ]  # (session, channel, start, end)
    for rows, base in ((tracks, _SENT.start), (pairs, _GOT.start)):
        unit, of, bit, start, end = _columns(rows, 5)
        owner = np.zeros(int(unit.max()) + 1 if len(unit) else 0, _INT)
        owner[unit] = of
        unit, kind, start, end = _by_kind(unit, bit, start, end)
        spans.append((owner[unit], base + kind, start, end))
    t_session, t_which, t_start, t_end = _columns(toggles, 4)
    spans.append((t_session, _TOGGLED + t_which, t_start, t_end))

    session, channel, start, end = (np.concatenate(column) for column in zip(*spans, strict=True))
    session, start, end, level = level_steps(session, start, end, channel, _CHANNELS)
    weights, present = _weights(level, estimated[session])

    # Cut everything at the quarters, then number the rows (session, quarter) that anything falls in.
    w_owner, w_quarter, w_start, w_end = cut_spans(start, end)
    pp_owner, pp_quarter, pp_start, pp_end = cut_spans(p_start, p_end)
    r_session, r_start, r_end = _columns(recordings, 3)
    rp_owner, rp_quarter, rp_start, rp_end = cut_spans(r_start, r_end)
    d_session, d_column, d_at, d_value = _columns(points, 4)
    places = (
        (session[w_owner], w_quarter),
        (p_session[pp_owner], pp_quarter),
        (r_session[rp_owner], rp_quarter),
        (d_session, d_at // QUARTER * QUARTER),
    )
    every_session, every_quarter = (np.concatenate(column) for column in zip(*places, strict=True))
    row_session, row_start, row_of = _number_rows(every_session, every_quarter)
    n = len(row_session)
    w_row, pp_row, rp_row, d_row = np.split(row_of, np.cumsum([len(s) for s, _ in places])[:-1])

    sums = np.zeros((n, len(SUMS)), _INT)
    peak, peak_at = np.zeros(n, _INT), np.full(n, -1, _INT)
    if len(w_row):
        # Stretches are sorted by session and time, so rows are runs.
        first = np.flatnonzero(np.append(True, np.diff(w_row) != 0))
        lasting = (w_end - w_start)[:, None] * weights[w_owner]
        sums[w_row[first], : weights.shape[1]] += np.add.reduceat(lasting, first, axis=0)
        there = present[w_owner]
        top = np.maximum.reduceat(there, first)
        peak[w_row[first]] = top
        reached = np.flatnonzero(there == np.repeat(top, np.diff(np.append(first, len(w_row)))))
        at = w_start[reached[np.searchsorted(reached, first)]]
        peak_at[w_row[first]] = np.where(top > 0, at, -1)
    np.add.at(sums[:, SUM["recorded"]], rp_row, rp_end - rp_start)
    np.add.at(sums, (d_row, d_column), d_value)

    busy = present[w_owner] > 0
    room = np.full(n, -1, _INT)
    room[pp_row] = np.array([r for _, r, _ in sessions], _INT)[row_session[pp_row]]
    return SessionQuarters(
        np.array([s for s, _, _ in sessions], _INT)[row_session],
        row_start,
        sums,
        peak,
        peak_at,
        room,
        {
            "presence": _pieces(pp_row, row_start, pp_start, pp_end, p_person[pp_owner]),
            "activity": _joined(_pieces(w_row[busy], row_start, w_start[busy], w_end[busy])),
            "recording": _pieces(rp_row, row_start, rp_start, rp_end),
        },
    )


def _weights(level: np.ndarray, estimated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels of a session -> (weight of each of the first SUMS, connections present): minutes are weight x time."""
    present = level[:, _PRESENT]
    sent = level[:, _SENT]
    others = np.maximum(present - 1, 0)[:, None]
    got = np.where(estimated[:, None], sent * others, level[:, _GOT])
    somebody = present > 0
    weights = np.zeros((len(level), SUM["breakout"] + 1), _INT)
    weights[:, SUM["participation"]] = present
    weights[:, SUM["broadcast_audio_video"] : SUM["broadcast_screenshare"] + 1] = sent
    weights[:, SUM["consumed_audio_video"] : SUM["consumed_screenshare"] + 1] = got
    weights[:, SUM["estimated_ms"]] = np.where(estimated, got.sum(axis=1), 0)
    for name, toggle in TOGGLES.items():
        weights[:, SUM[name]] = (level[:, _TOGGLED + toggle] > 0) & somebody
    return weights, present


def _number_rows(
    session: np.ndarray, quarter: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct (session, quarter) pairs, sorted -> (session[n], quarter[n], row of each place given)."""
    order = np.lexsort((quarter, session))
    session, quarter = session[order], quarter[order]
    fresh = np.append(True, (np.diff(session) != 0) | (np.diff(quarter) != 0))[: len(session)]
    row_of = np.empty(len(order), _INT)
    row_of[order] = np.cumsum(fresh) - 1
    return session[fresh], quarter[fresh], row_of


def _pieces(row, row_start, start, end, number=None) -> Pieces:
    """Pieces sorted by row, then time, with offsets from the quarter's start."""
    number = np.zeros(len(row), _INT) if number is None else number
    order = np.lexsort((number, end, start, row))
    row, start, end, number = row[order], start[order], end[order], number[order]
    origin = row_start[row]
    return Pieces(row, start - origin, end - origin, number)


def _joined(pieces: Pieces) -> Pieces:
    """Neighbouring pieces of one row that touch become one."""
    if not len(pieces.row):
        return pieces
    fresh = np.append(True, (np.diff(pieces.row) != 0) | (pieces.start[1:] != pieces.end[:-1]))
    last = np.append(np.flatnonzero(fresh)[1:], len(fresh)) - 1
    return Pieces(pieces.row[fresh], pieces.start[fresh], pieces.end[last], pieces.number[fresh])
