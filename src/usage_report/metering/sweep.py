"""Small vectorised tools on spans: cutting at quarters, level steps by key, peaks and overlap of a sweep."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from usage_report.core.periods import QUARTER


def split_at_quarters(
    start: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cut spans ``[start, end)`` (int64 ms) at quarter hours -> (owner index, quarter start, start, end) of the pieces.

    A span of length zero is one piece, in the quarter that holds it.
    """
    first = start // QUARTER
    count = np.maximum(end - 1, start) // QUARTER - first + 1
    owner = np.repeat(np.arange(len(start)), count)
    offset = np.cumsum(count) - count
    quarter = (first[owner] + np.arange(len(owner)) - offset[owner]) * QUARTER
    return (
        owner,
        quarter,
        np.maximum(start[owner], quarter),
        np.minimum(end[owner], quarter + QUARTER),
    )


def level_steps(
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


class PeakAndOverlap(NamedTuple):
    """Per bucket: most spans at one instant, the earliest such instant (epoch ms, -1 for a peak of nought), ms of all."""

    peak: np.ndarray
    at: np.ndarray
    overlap: np.ndarray


def peak_and_overlap(start: np.ndarray, end: np.ndarray, edges: np.ndarray) -> PeakAndOverlap:
    """Peak, its instant and overlap of spans in each bucket.

    ``start``, ``end`` int64 ms, half open, in any order; ``edges`` int64[n + 1], strictly rising. Spans that begin before
    a bucket count in it. At one instant ends go before starts; spans of length zero add nothing.
    """
    starts, ends = _sorted(start), _sorted(end)
    begun, ended = np.searchsorted(starts, edges), np.searchsorted(ends, edges, side="right")

    # Until t, spans have lasted (number begun x t - sum of starts) less the same of ends.
    lasted = (begun - ended) * edges - _summed(starts)[begun] + _summed(ends)[ended]

    top = (
        begun[:-1] - ended[:-1]
    )  # carried in; ends at the edge have gone, starts at it are yet to come
    at = edges[:-1].copy()
    some = np.flatnonzero(begun[:-1] < begun[1:])
    if len(some):
        # The level can only rise at a start: how many have begun, less how many have ended by then.
        inside = slice(int(begun[some[0]]), int(begun[some[-1] + 1]))
        level = np.arange(inside.start + 1, inside.stop + 1) - np.searchsorted(
            ends, starts[inside], side="right"
        )
        cuts = begun[some] - inside.start
        best = np.maximum.reduceat(level, cuts)
        higher = best > top[some]
        busy = some[higher]
        top[busy] = best[higher]
        hit = np.flatnonzero(level == np.repeat(best, np.diff(np.append(cuts, len(level)))))
        at[busy] = starts[inside][hit[np.searchsorted(hit, cuts[higher])]]
    return PeakAndOverlap(top, np.where(top > 0, at, -1), np.diff(lasted))


def _sorted(times: np.ndarray) -> np.ndarray:
    return times if (times[1:] >= times[:-1]).all() else np.sort(times)


def _summed(times: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(times)])
