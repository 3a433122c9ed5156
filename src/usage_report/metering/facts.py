"""The shape of facts: per bucket, figures that add up, peaks with their instant, and sets. And how buckets merge.

The same shape serves quarters of an hour, days and any longer bucket, because each figure says how it combines:
sums add, peaks take the largest (its earliest instant), sets unite. Storage is kept as its changes, so it is a sum too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap

_KINDS = ("audio_video", "audio", "video", "screenshare")
#: Figures that add up. Milliseconds, but for the last five, which are counts.
SUMS = (
    "participation",
    *(f"broadcast_{k}" for k in _KINDS),
    *(f"consumed_{k}" for k in _KINDS),
    "estimated_ms",  # consumed ms of sessions without subscription events
    "recorded",
    "captions",
    "whiteboard",
    "breakout",
    "storage",  # change of what is stored, + at a stop, - at a deletion
    "sessions",
    "chat",
    "qa",
    "closed_by_timeout",  # sessions closed by silence
)
SUM = {name: i for i, name in enumerate(SUMS)}
#: Most at one instant.
PEAKS = ("participants", "concurrent_sessions", "session_participants", "concurrent_recordings")
PEAK = {name: i for i, name in enumerate(PEAKS)}
#: Sets of dense numbers (uint32), one numbering a team.
SETS = ("persons", "rooms")

#: Names of the columns that say how many each set holds.
COUNTS = tuple(f"{name}_count" for name in SETS)

NOWHERE = -1  # instant of a peak of nought


@dataclass(slots=True, eq=False)
class Facts:
    """Facts of one team for ``n`` buckets, sorted by start.

    ``start`` int64[n] epoch ms · ``sums`` int64[n, len(SUMS)] · ``peaks`` and ``peaks_at`` int64[n, len(PEAKS)]
    (``peaks_at`` is epoch ms, ``NOWHERE`` for a peak of nought) · ``sets[name]`` a list of n serialised bitmaps (``b""``
    for none, ``None`` where it was not asked for) · ``counts`` int64[n, len(SETS)]: how many each set holds. Most sets are
    passed on as they are: they are opened only where they are united.
    """

    start: np.ndarray
    sums: np.ndarray
    peaks: np.ndarray
    peaks_at: np.ndarray
    sets: dict[str, list[bytes | None]]
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @staticmethod
    def empty() -> Facts:
        return zeros(np.zeros(0, np.int64))

    def take(self, keep: np.ndarray) -> Facts:
        """The buckets of an index or boolean array, in its order."""
        where = np.flatnonzero(keep) if keep.dtype == bool else keep
        return Facts(
            self.start[where],
            self.sums[where],
            self.peaks[where],
            self.peaks_at[where],
            {name: [sets[i] for i in where] for name, sets in self.sets.items()},
            self.counts[where],
        )


def zeros(start: np.ndarray) -> Facts:
    """Facts in which nothing happened."""
    n = len(start)
    return Facts(
        np.asarray(start, np.int64),
        np.zeros((n, len(SUMS)), np.int64),
        np.zeros((n, len(PEAKS)), np.int64),
        np.full((n, len(PEAKS)), NOWHERE, np.int64),
        {name: [b""] * n for name in SETS},
        np.zeros((n, len(SETS)), np.int64),
    )


def concat(*parts: Facts) -> Facts:
    """Buckets of several facts together, sorted by start. No two may share a start."""
    parts = tuple(p for p in parts if len(p))
    if not parts:
        return Facts.empty()
    if len(parts) == 1:
        return parts[0]
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


def merge(facts: Facts, edges: np.ndarray) -> Facts:
    """The buckets ``[edges[i], edges[i+1])``, made of the finer buckets that begin in them.

    ``edges`` int64[n + 1], strictly rising; every finer bucket must lie wholly in one of them or outside all.
    """
    out = zeros(edges[:-1])
    bounds = np.searchsorted(facts.start, edges)
    lo, hi = bounds[:-1], bounds[1:]
    some = np.flatnonzero(lo < hi)
    if not len(some):
        return out
    inside = slice(int(lo[some[0]]), int(hi[some[-1]]))
    cuts = lo[some] - inside.start
    out.sums[some] = np.add.reduceat(facts.sums[inside], cuts, axis=0)
    peaks, at = facts.peaks[inside], facts.peaks_at[inside]
    top = np.maximum.reduceat(peaks, cuts, axis=0)
    out.peaks[some] = top
    owner = np.repeat(np.arange(len(some)), np.diff(np.append(cuts, len(peaks))))
    never = np.iinfo(np.int64).max
    first = np.minimum.reduceat(
        np.where((peaks == top[owner]) & (peaks > 0), at, never), cuts, axis=0
    )
    out.peaks_at[some] = np.where(first == never, NOWHERE, first)
    for column, name in enumerate(SETS):
        sets, target = facts.sets[name], out.sets[name]
        for i, a, b in zip(some.tolist(), lo[some].tolist(), hi[some].tolist(), strict=True):
            if b - a == 1:
                target[i], out.counts[i, column] = sets[a], facts.counts[a, column]
            else:
                target[i], out.counts[i, column] = packed(
                    BitMap.union(BitMap(), *(BitMap.deserialize(s) for s in sets[a:b] if s))
                )
    return out


def packed(numbers: BitMap) -> tuple[bytes, int]:
    """A set as it is kept, and how many it holds."""
    return numbers.serialize() if numbers else b"", len(numbers)
