"""From what sessions did in each quarter hour to the facts of their team."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from pyroaring import BitMap

from usage_report.core.periods import QUARTER
from usage_report.metering.arrays import NO_INSTANT, Ints, earliest_peaks
from usage_report.metering.facts import PEAK, SETS, Facts, pack_set, zeros
from usage_report.metering.session_quarters import Pieces, SessionQuarters, aligned
from usage_report.metering.sweep import peak_and_overlap

#: Peaks over all sessions of a team, and the pieces that they are counted from.
_PEAKS_OF_PIECES = {
    "participants": "presence",
    "concurrent_sessions": "activity",
    "concurrent_recordings": "recording",
}


class TeamQuarters(NamedTuple):
    """Facts of a team by quarter hour, or by UTC day where all sessions are constant all day."""

    facts: Facts
    #: [n] length in quarter hours: 1, or ``QUARTERS_A_DAY``.
    quarters: Ints


def team_quarters(rows: SessionQuarters) -> TeamQuarters:
    """Return the facts of every quarter hour or constant day that has rows.

    ``rows`` must hold all rows of these quarters, of one team, and of the whole day where one of
    them is the row of a constant day.
    """
    rows = aligned(rows)
    starts, index, of = np.unique(rows.start, return_index=True, return_inverse=True)
    facts, quarters = zeros(starts), rows.quarters[index]
    if not len(starts):
        return TeamQuarters(facts, quarters)
    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], np.arange(len(starts)))
    facts.sums[:] = np.add.reduceat(rows.sums[order], first, axis=0)

    for name, pieces in _PEAKS_OF_PIECES.items():
        column = PEAK[name]
        facts.peaks[:, column], facts.peaks_at[:, column] = _peaks(
            of, rows.pieces[pieces], starts, quarters
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
        facts.sets[name], facts.counts[:, column] = _sets(*members[name], len(starts))
    return TeamQuarters(facts, quarters)


def _peaks(of: Ints, pieces: Pieces, starts: Ints, quarters: Ints) -> tuple[Ints, Ints]:
    """Return the peaks of pieces in each bucket, and their instants.

    ``of``: the bucket of each row. No piece crosses the end of a bucket, so the buckets are laid
    end to end, which skips the gaps.
    """
    edges = np.append(0, np.cumsum(quarters)) * QUARTER
    base = edges[of[pieces.row]]
    peak, at, _ = peak_and_overlap(base + pieces.start, base + pieces.end, edges)
    return peak, np.where(at == NO_INSTANT, NO_INSTANT, at - edges[:-1] + starts)


def _sets(owner: Ints, number: Ints, n: int) -> tuple[list[bytes | None], Ints]:
    """Return the packed set of numbers of each owner 0 .. n-1, and the size of each set."""
    pair = np.unique(owner.astype(np.int64) << 32 | number.astype(np.int64))
    bounds = np.searchsorted(pair >> 32, np.arange(n + 1))
    numbers = (pair & 0xFFFFFFFF).astype(np.uint32)
    return [pack_set(BitMap(numbers[a:b]))[0] for a, b in pairwise(bounds)], np.diff(bounds)
