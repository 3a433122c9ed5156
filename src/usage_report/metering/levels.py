"""Small vectorised tools on spans: cutting at quarters, level steps by key, peaks and overlap of a sweep."""

from __future__ import annotations

import numpy as np

from ..periods import QUARTER


def cut(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cut spans ``[start, end)`` (int64 ms) at quarter hours -> (owner index, quarter start, start, end) of the pieces.

    A span of length zero is one piece, in the quarter that holds it.
    """
    first = start // QUARTER
    count = np.maximum(end - 1, start) // QUARTER - first + 1
    owner = np.repeat(np.arange(len(start)), count)
    offset = np.cumsum(count) - count
    quarter = (first[owner] + np.arange(len(owner)) - offset[owner]) * QUARTER
    return owner, quarter, np.maximum(start[owner], quarter), np.minimum(end[owner], quarter + QUARTER)


def steps(
    key: np.ndarray, start: np.ndarray, end: np.ndarray, channel: np.ndarray, channels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How many spans of each channel cover each stretch of each key.

    ``key``, ``start``, ``end``, ``channel`` int64[n] -> (key[m], from[m], to[m], level[m, channels]): stretches between
    neighbouring instants of change of one key, sorted by key and time, those where every level is nought left out.
    """
    some = start < end
    key, start, end, channel = key[some], start[some], end[some], channel[some]
    n = len(key)
    keys, times = np.concatenate([key, key]), np.concatenate([start, end])
    order = np.lexsort((times, keys))
    delta = np.zeros((2 * n, channels), np.int64)
    delta[np.arange(n), channel] = 1
    delta[np.arange(n, 2 * n), channel] = -1
    keys, times, delta = keys[order], times[order], delta[order]
    if not n:
        return keys, times, times, delta
    fresh = np.flatnonzero(np.append(True, (np.diff(keys) != 0) | (np.diff(times) != 0)))
    # Deltas of one key add up to nought, so one running sum serves all keys.
    level = np.cumsum(np.add.reduceat(delta, fresh, axis=0), axis=0)[:-1]
    keys, times = keys[fresh], times[fresh]
    keep = (level != 0).any(axis=1)
    return keys[:-1][keep], times[:-1][keep], times[1:][keep], level[keep]


def peaks(start: np.ndarray, end: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Most spans covering one instant of each bucket -> (peak[n], earliest instant of it[n], -1 for a peak of nought).

    ``start``, ``end`` int64 ms, half open, in any order; ``edges`` int64[n + 1], strictly rising. Spans that begin before
    a bucket count in it. At one instant ends go before starts; spans of length zero add nothing.
    """
    starts, ends = np.sort(start), np.sort(end)
    # The level can only rise at a start: how many have begun, less how many have ended by then.
    level = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="right")
    carried = np.searchsorted(starts, edges[:-1]) - np.searchsorted(ends, edges[:-1], side="right")
    top = np.maximum(carried, 0)
    at = np.where(top > 0, edges[:-1], -1)
    bounds = np.searchsorted(starts, edges)
    some = np.flatnonzero(bounds[:-1] < bounds[1:])
    if len(some):
        lo, hi = bounds[:-1][some], bounds[1:][some]
        inside = level[lo[0] : hi[-1]]
        # Starts of neighbouring buckets lie side by side, so the cuts are the beginnings of the busy buckets.
        best = np.maximum.reduceat(inside, lo - lo[0])
        higher = best > top[some]
        busy = some[higher]
        if len(busy):
            top[busy] = best[higher]
            owner = np.repeat(np.arange(len(some)), hi - lo)
            hit = np.flatnonzero(inside == best[owner])
            first = hit[np.searchsorted(hit, (lo - lo[0])[higher])]
            at[busy] = starts[first + lo[0]]
    return top, at


def overlap(start: np.ndarray, end: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Milliseconds of all spans in each bucket: int64[n]. Same arguments as ``peaks``."""

    def covered(sorted_times: np.ndarray) -> np.ndarray:
        count = np.searchsorted(sorted_times, edges)
        total = np.concatenate([[0], np.cumsum(sorted_times)])[count]
        return count * edges - total

    return np.diff(covered(np.sort(start)) - covered(np.sort(end)))
