"""From what sessions did in each quarter hour to the facts of their team."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from pyroaring import BitMap

from usage_report.core.periods import QUARTER
from usage_report.metering.arrays import NO_INSTANT, Ints, earliest_peaks
from usage_report.metering.facts import PEAK, SETS, Facts, pack_set, zeros
from usage_report.metering.session_quarters import Pieces, SessionQuarters
from usage_report.metering.sweep import peak_and_overlap

#: Peaks over all sessions of a team, and the pieces that they are counted from.
_PEAKS_OF_PIECES = {
    "participants": "presence",
    "concurrent_sessions": "activity",
    "concurrent_recordings": "recording",
}


def team_quarters(rows: SessionQuarters) -> Facts:
    """Return the facts of every quarter hour that has rows.

    ``rows`` must hold all rows of these quarters, of one team.
    """
    quarters, of = np.unique(rows.start, return_inverse=True)
    facts = zeros(quarters)
    if not len(quarters):
        return facts
    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], np.arange(len(quarters)))
    facts.sums[:] = np.add.reduceat(rows.sums[order], first, axis=0)

    for name, pieces in _PEAKS_OF_PIECES.items():
        column = PEAK[name]
        facts.peaks[:, column], facts.peaks_at[:, column] = _peaks(
            rows, rows.pieces[pieces], quarters
        )
    column = PEAK["session_participants"]
    facts.peaks[:, column], facts.peaks_at[:, column] = earliest_peaks(
        rows.peak[order], rows.peak_at[order], first
    )

    presence, has_room = rows.pieces["presence"], rows.room >= 0
    members = {
        "persons": (of[presence.row], presence.number),
        "rooms": (of[has_room], rows.room[has_room]),
    }
    for column, name in enumerate(SETS):
        facts.sets[name], facts.counts[:, column] = _sets(*members[name], len(quarters))
    return facts


def _peaks(rows: SessionQuarters, pieces: Pieces, quarters: Ints) -> tuple[Ints, Ints]:
    """Return the peaks of pieces in each quarter, and their instants.

    No piece crosses a quarter, so the quarters are laid end to end, which skips the gaps.
    """
    base = np.searchsorted(quarters, rows.start[pieces.row]) * QUARTER
    edges = np.arange(len(quarters) + 1) * QUARTER
    peak, at, _ = peak_and_overlap(base + pieces.start, base + pieces.end, edges)
    return peak, np.where(at == NO_INSTANT, NO_INSTANT, at - edges[:-1] + quarters)


def _sets(owner: Ints, number: Ints, n: int) -> tuple[list[bytes | None], Ints]:
    """Return the packed set of numbers of each owner 0 .. n-1, and the size of each set."""
    pair = np.unique(owner.astype(np.int64) << 32 | number.astype(np.int64))
    bounds = np.searchsorted(pair >> 32, np.arange(n + 1))
    numbers = (pair & 0xFFFFFFFF).astype(np.uint32)
    return [pack_set(BitMap(numbers[a:b]))[0] for a, b in pairwise(bounds)], np.diff(bounds)
