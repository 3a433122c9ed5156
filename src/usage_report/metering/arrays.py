"""Types of arrays, and reductions over groups of neighbouring rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Instants, durations and counts.
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: The instant of a peak of 0.
NO_INSTANT = -1


def group_starts(*keys: Ints) -> Ints:
    """Return the index of the first row of each run of equal keys (arrays of one length)."""
    if not len(keys[0]):
        return np.zeros(0, np.int64)
    differs = np.zeros(len(keys[0]), np.bool_)
    differs[0] = True
    for key in keys:
        differs[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(differs)


def group_of_rows(first: Ints, n: int) -> Ints:
    """Return the index of the group of each of ``n`` rows, given the first row of each group."""
    return np.repeat(np.arange(len(first)), np.diff(np.append(first, n)))


def first_maxima(values: Ints, first: Ints) -> tuple[Ints, Ints]:
    """Return the maximum of each group, and the index of the first row that reaches it."""
    top = np.maximum.reduceat(values, first)
    reached = np.flatnonzero(values == top[group_of_rows(first, len(values))])
    return top, reached[np.searchsorted(reached, first)]


def earliest_peaks(peaks: Ints, peaks_at: Ints, first: Ints) -> tuple[Ints, Ints]:
    """Return the largest peak of each group of rows, and the earliest of its instants.

    Rows are the first axis; further axes are reduced separately.
    """
    top = np.maximum.reduceat(peaks, first, axis=0)
    is_top = (peaks == top[group_of_rows(first, len(peaks))]) & (peaks > 0)
    never = np.iinfo(np.int64).max
    at = np.minimum.reduceat(np.where(is_top, peaks_at, never), first, axis=0)
    return top, np.where(at == never, NO_INSTANT, at)
