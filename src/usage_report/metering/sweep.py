"""Vectorised operations on spans: splitting by time, levels over time, peaks and overlap.

Instants are epoch ms in int64 arrays; spans are half open.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from usage_report.core.periods import QUARTER, UTC_DAY
from usage_report.metering.arrays import NO_INSTANT, Ints, first_maxima, group_starts


class SplitSpans(NamedTuple):
    """Pieces of spans, each within one bucket, in the order of the spans and of time."""

    #: Index of the span.
    owner: Ints
    #: Start of the bucket.
    bucket: Ints
    start: Ints
    end: Ints


def split_at_quarters(start: Ints, end: Ints) -> SplitSpans:
    """Split spans at quarter hours. A span of length 0 is one piece, in the quarter it is in."""
    return _split(start, end, QUARTER)


def day_keys(key: Ints, at: Ints) -> Ints:
    """Return one integer for each key (below 2**40) and the UTC day of an instant."""
    return key << 23 | at // UTC_DAY


def split_by_day(key: Ints, start: Ints, end: Ints, busy: Ints) -> SplitSpans:
    """Split spans at quarter hours on busy days, and at midnight (UTC) on all other days.

    ``busy`` are ``day_keys`` of the keys of the spans. A day in which a span begins or ends must be
    among them, so that a span covers the other days as a whole.
    """
    if not (end - start >= UTC_DAY).any():
        return split_at_quarters(start, end)
    owner, day, start, end = _split(start, end, UTC_DAY)
    is_busy = np.isin(day_keys(key[owner], day), busy)
    quarters = split_at_quarters(start[is_busy], end[is_busy])
    owners = np.concatenate([owner[~is_busy], owner[is_busy][quarters.owner]])
    buckets = np.concatenate([day[~is_busy], quarters.bucket])
    order = np.lexsort((buckets, owners))
    return SplitSpans(
        owners[order],
        buckets[order],
        np.concatenate([start[~is_busy], quarters.start])[order],
        np.concatenate([end[~is_busy], quarters.end])[order],
    )


def _split(start: Ints, end: Ints, length: int) -> SplitSpans:
    first = start // length
    count = np.maximum(end - 1, start) // length - first + 1
    owner = np.repeat(np.arange(len(start)), count)
    offset = np.cumsum(count) - count
    bucket = (first[owner] + np.arange(len(owner)) - offset[owner]) * length
    return SplitSpans(
        owner,
        bucket,
        np.maximum(start[owner], bucket),
        np.minimum(end[owner], bucket + length),
    )


class LevelSteps(NamedTuple):
    """Stretches of time in which the levels of a key are constant, sorted by key and time."""

    key: Ints
    start: Ints
    end: Ints
    #: [stretch, channel]: number of spans that cover the stretch. At least one is greater than 0.
    level: Ints


def level_steps(key: Ints, start: Ints, end: Ints, channel: Ints, channels: int) -> LevelSteps:
    """Count the spans that cover each instant, by key and by channel (0 .. ``channels`` - 1)."""
    is_long = start < end
    key, start, end, channel = key[is_long], start[is_long], end[is_long], channel[is_long]
    n = len(key)
    keys, times = np.concatenate([key, key]), np.concatenate([start, end])
    order = np.lexsort((times, keys))
    delta = np.zeros((2 * n, channels), np.int64)
    delta[np.arange(n), channel] = 1
    delta[np.arange(n, 2 * n), channel] = -1
    keys, times, delta = keys[order], times[order], delta[order]
    if not n:
        return LevelSteps(keys, times, times, delta)
    first = group_starts(keys, times)
    # The changes of one key add up to 0, so one running sum serves all keys.
    level = np.cumsum(np.add.reduceat(delta, first, axis=0), axis=0)[:-1]
    keys, times = keys[first], times[first]
    keep = (level != 0).any(axis=1)
    return LevelSteps(keys[:-1][keep], times[:-1][keep], times[1:][keep], level[keep])


class PeakAndOverlap(NamedTuple):
    """One entry per bucket."""

    #: Most spans at one instant.
    peak: Ints
    #: The earliest such instant, ``NO_INSTANT`` for a peak of 0.
    at: Ints
    #: Total length of the spans inside the bucket, ms.
    overlap: Ints


def peak_and_overlap(start: Ints, end: Ints, edges: Ints) -> PeakAndOverlap:
    """Return the peak, its instant and the overlap of spans (in any order) in each bucket.

    ``edges``: strictly increasing, one more than there are buckets. Spans that begin before a
    bucket count in it. At one instant, ends apply before starts; a span of length 0 adds nothing.
    """
    starts, ends = _sorted(start), _sorted(end)
    begun, ended = np.searchsorted(starts, edges), np.searchsorted(ends, edges, side="right")

    # Until instant t, spans have lasted (number begun * t - sum of starts) less the same of ends.
    lasted = (begun - ended) * edges - _prefix_sums(starts)[begun] + _prefix_sums(ends)[ended]

    # The level at the edge: ends at this instant have applied, starts have not.
    peak, at = begun[:-1] - ended[:-1], edges[:-1].copy()
    buckets = np.flatnonzero(begun[:-1] < begun[1:])
    if len(buckets):
        # Only a start can raise the level: the number begun, less the number ended by then.
        inside = slice(int(begun[buckets[0]]), int(begun[buckets[-1] + 1]))
        level = np.arange(inside.start + 1, inside.stop + 1) - np.searchsorted(
            ends, starts[inside], side="right"
        )
        top, first = first_maxima(level, begun[buckets] - inside.start)
        is_higher = top > peak[buckets]
        raised = buckets[is_higher]
        peak[raised] = top[is_higher]
        at[raised] = starts[inside][first[is_higher]]
    return PeakAndOverlap(peak, np.where(peak > 0, at, NO_INSTANT), np.diff(lasted))


def _sorted(times: Ints) -> Ints:
    return times if (times[1:] >= times[:-1]).all() else np.sort(times)


def _prefix_sums(times: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(times)])
