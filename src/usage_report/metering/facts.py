"""Facts: the figures of one team per bucket of time, and how buckets combine.

The same shape serves quarter hours, days and any longer bucket, because each figure has a rule for
combining: sums add, peaks take the largest with its earliest instant, sets unite. Storage is kept
as its changes, so that it is a sum too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap

from usage_report.core.periods import QUARTER
from usage_report.metering.arrays import NO_INSTANT, Flags, Ints, earliest_peaks

_KINDS = ("audio_video", "audio", "video", "screenshare")
#: Figures that add up: milliseconds, except for the last four, which are counts.
SUMS = (
    "participation",
    *(f"broadcast_{k}" for k in _KINDS),
    *(f"consumed_{k}" for k in _KINDS),
    "estimated_ms",  # consumed time of sessions without subscription events
    "recorded",
    "captions",
    "whiteboard",
    "breakout",
    "storage",  # change: + at the stop of a recording, - at its deletion
    "sessions",
    "chat",
    "qa",
    "closed_by_timeout",  # stays and recordings that the inactivity timeout closed
)
SUM = {name: i for i, name in enumerate(SUMS)}
#: Largest numbers at one instant.
PEAKS = ("participants", "concurrent_sessions", "session_participants", "concurrent_recordings")
PEAK = {name: i for i, name in enumerate(PEAKS)}
#: Sets of dense ids (uint32). Each team has its own ids for each set.
SETS = ("persons", "rooms")

#: Columns with the size of each set.
COUNTS = tuple(f"{name}_count" for name in SETS)


@dataclass(slots=True, eq=False)
class Facts:
    """Facts of one team for ``n`` buckets, sorted by start."""

    #: [n] epoch ms.
    start: Ints
    #: [n, len(SUMS)]
    sums: Ints
    #: [n, len(PEAKS)]
    peaks: Ints
    #: [n, len(PEAKS)] epoch ms, ``NO_INSTANT`` for a peak of 0.
    peaks_at: Ints
    #: name -> ``n`` serialised bitmaps: ``b""`` for an empty set, ``None`` if it was not loaded.
    #: They are deserialised only where they are united.
    sets: dict[str, list[bytes | None]]
    #: [n, len(SETS)]: sizes of the sets.
    counts: Ints

    def __len__(self) -> int:
        return len(self.start)

    @staticmethod
    def empty() -> Facts:
        """Return facts without buckets."""
        return zeros(np.zeros(0, np.int64))

    def take(self, keep: Ints | Flags) -> Facts:
        """Return the buckets that an array of indices or flags selects, in its order."""
        where = np.flatnonzero(keep) if keep.dtype == np.bool_ else keep
        return Facts(
            self.start[where],
            self.sums[where],
            self.peaks[where],
            self.peaks_at[where],
            {name: [sets[i] for i in where] for name, sets in self.sets.items()},
            self.counts[where],
        )


def zeros(start: Ints) -> Facts:
    """Return facts in which every figure is 0."""
    n = len(start)
    return Facts(
        np.asarray(start, np.int64),
        np.zeros((n, len(SUMS)), np.int64),
        np.zeros((n, len(PEAKS)), np.int64),
        np.full((n, len(PEAKS)), NO_INSTANT, np.int64),
        {name: [b""] * n for name in SETS},
        np.zeros((n, len(SETS)), np.int64),
    )


def concat(*parts: Facts) -> Facts:
    """Return the buckets of all parts, sorted by start. No two buckets may share a start."""
    parts = tuple(p for p in parts if len(p))
    if len(parts) <= 1:
        return parts[0] if parts else Facts.empty()
    joined = Facts(
        np.concatenate([p.start for p in parts]),
        np.concatenate([p.sums for p in parts]),
        np.concatenate([p.peaks for p in parts]),
        np.concatenate([p.peaks_at for p in parts]),
        {name: [b for p in parts for b in p.sets[name]] for name in SETS},
        np.concatenate([p.counts for p in parts]),
    )
    order = np.argsort(joined.start, kind="stable")
    return joined if np.all(order == np.arange(len(order))) else joined.take(order)


def divide(facts: Facts, quarters: Ints, points: Ints) -> Facts:
    """Divide buckets in which nothing changes.

    ``quarters``: the length of each bucket in quarter hours. ``points``: where to divide, sorted;
    each begins a quarter hour.
    """
    if not (quarters > 1).any():
        return facts
    end = facts.start + quarters * QUARTER
    before = np.searchsorted(points, facts.start, side="right")
    parts = 1 + np.searchsorted(points, end, side="left") - before
    owner = np.repeat(np.arange(len(facts)), parts)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)
    at = np.append(points, 0)[np.where(nth > 0, before[owner] + nth - 1, -1)]
    start = np.where(nth > 0, at, facts.start[owner])
    is_last = nth == parts[owner] - 1
    length = np.where(is_last, end[owner], np.append(start[1:], 0)) - start
    divided = facts.take(owner)
    divided.start = start
    divided.sums = divided.sums * (length // QUARTER)[:, None] // quarters[owner][:, None]
    is_later = (nth > 0)[:, None] & (divided.peaks > 0)
    divided.peaks_at = np.where(is_later, start[:, None], divided.peaks_at)
    return divided


def merge(facts: Facts, edges: Ints) -> Facts:
    """Return the buckets ``[edges[i], edges[i+1])``, combined from the finer ones inside them.

    ``edges`` are strictly increasing. Every finer bucket lies in one bucket, or outside all.
    """
    merged = zeros(edges[:-1])
    bounds = np.searchsorted(facts.start, edges)
    lo, hi = bounds[:-1], bounds[1:]
    filled = np.flatnonzero(lo < hi)
    if not len(filled):
        return merged
    inside = slice(int(lo[filled[0]]), int(hi[filled[-1]]))
    first = lo[filled] - inside.start
    merged.sums[filled] = np.add.reduceat(facts.sums[inside], first, axis=0)
    merged.peaks[filled], merged.peaks_at[filled] = earliest_peaks(
        facts.peaks[inside], facts.peaks_at[inside], first
    )
    for column, name in enumerate(SETS):
        sets, target = facts.sets[name], merged.sets[name]
        for i, a, b in zip(filled.tolist(), lo[filled].tolist(), hi[filled].tolist(), strict=True):
            if b - a == 1:
                target[i], merged.counts[i, column] = sets[a], facts.counts[a, column]
            else:
                target[i], merged.counts[i, column] = pack_set(
                    BitMap.union(BitMap(), *(BitMap.deserialize(s) for s in sets[a:b] if s))
                )
    return merged


def pack_set(numbers: BitMap) -> tuple[bytes, int]:
    """Return a set as it is stored, and its size."""
    return numbers.serialize() if numbers else b"", len(numbers)
