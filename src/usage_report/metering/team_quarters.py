"""From what sessions did in each quarter to the facts of the team."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from pyroaring import BitMap

from usage_report.core.periods import QUARTER
from usage_report.metering import sweep
from usage_report.metering.facts import PEAK, Facts, packed, zeros
from usage_report.metering.session_quarters import Pieces, SessionQuarters


def team_quarters(rows: SessionQuarters) -> Facts:
    """Facts of every quarter that ``rows`` (of one team) touch.

    For a quarter's facts to be right, all sessions' rows of that quarter must be among them.
    """
    quarters, of = np.unique(rows.start, return_inverse=True)
    facts = zeros(quarters)
    if not len(quarters):
        return facts
    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], np.arange(len(quarters)))
    facts.sums[:] = np.add.reduceat(rows.sums[order], first, axis=0)

    for name, pieces in (
        ("participants", rows.pieces["presence"]),
        ("concurrent_sessions", rows.pieces["activity"]),
        ("concurrent_recordings", rows.pieces["recording"]),
    ):
        column = PEAK[name]
        facts.peaks[:, column], facts.peaks_at[:, column] = _peaks(rows, pieces, quarters)

    column = PEAK["session_participants"]
    peak, at = rows.peak[order], rows.peak_at[order]
    top = np.maximum.reduceat(peak, first)
    never = np.iinfo(np.int64).max
    when = np.minimum.reduceat(np.where((peak == top[of[order]]) & (peak > 0), at, never), first)
    facts.peaks[:, column] = top
    facts.peaks_at[:, column] = np.where(when == never, -1, when)

    presence = rows.pieces["presence"]
    facts.sets["persons"], facts.counts[:, 0] = _sets(
        of[presence.row], presence.number, len(quarters)
    )
    there = rows.room >= 0
    facts.sets["rooms"], facts.counts[:, 1] = _sets(of[there], rows.room[there], len(quarters))
    return facts


def _peaks(
    rows: SessionQuarters, pieces: Pieces, quarters: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Peaks of pieces, which never cross a quarter: the quarters in use are laid end to end to spare the gaps."""
    dense = np.searchsorted(quarters, rows.start[pieces.row]) * QUARTER
    edges = np.arange(len(quarters) + 1) * QUARTER
    swept = sweep.peak_and_overlap(dense + pieces.start, dense + pieces.end, edges)
    return swept.peak, np.where(swept.at < 0, -1, swept.at - edges[:-1] + quarters)


def _sets(owner: np.ndarray, number: np.ndarray, n: int) -> tuple[list[bytes], np.ndarray]:
    """One set of numbers for each owner 0 .. n-1, as it is kept, and how many each holds."""
    pair = np.unique(owner.astype(np.int64) << 32 | number.astype(np.int64))
    bounds = np.searchsorted(pair >> 32, np.arange(n + 1))
    numbers = (pair & 0xFFFFFFFF).astype(np.uint32)
    return [packed(BitMap(numbers[a:b]))[0] for a, b in pairwise(bounds)], np.diff(bounds)
