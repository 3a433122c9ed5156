"""The vectorised functions of the metering core, compared with brute force over every instant."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from usage_report.core.periods import QUARTER
from usage_report.metering import sweep
from usage_report.metering.facts import (
    NO_INSTANT,
    PEAKS,
    SETS,
    SUMS,
    Facts,
    concat,
    merge,
    pack_set,
)

many = settings(max_examples=400, deadline=None)

#: Small numbers, so that instants coincide.
instants = st.integers(0, 12)


def spans_of(
    times: st.SearchStrategy[int], max_size: int = 8
) -> st.SearchStrategy[list[tuple[int, int]]]:
    return st.lists(st.tuples(times, times).map(lambda p: (min(p), max(p))), max_size=max_size)


edges_of = st.lists(instants, min_size=2, max_size=6, unique=True).map(sorted)


def columns(rows, width: int) -> list[np.ndarray]:
    flat = np.array(rows, np.int64).reshape(-1, width)
    return [flat[:, i] for i in range(width)]


@many
@given(spans_of(instants), edges_of)
def test_peaks(spans, edges):
    """The level at an instant is the number of spans that cover it; half-open spans do not cover their end."""
    top, at, _ = sweep.peak_and_overlap(*columns(spans, 2), np.array(edges, np.int64))
    for i, (a, b) in enumerate(pairwise(edges)):
        counts = {x: sum(s <= x < e for s, e in spans) for x in range(a, b)}
        best = max(counts.values())
        assert top[i] == best
        assert at[i] == (min(x for x, n in counts.items() if n == best) if best else -1)


@many
@given(spans_of(instants), edges_of)
def test_overlap(spans, edges):
    got = sweep.peak_and_overlap(*columns(spans, 2), np.array(edges, np.int64)).overlap
    expected = [sum(a <= x < b for s, e in spans for x in range(s, e)) for a, b in pairwise(edges)]
    assert got.tolist() == expected


@many
@given(
    st.lists(
        st.tuples(st.integers(0, 2), instants, instants, st.integers(0, 2)).map(
            lambda r: (r[0], min(r[1:3]), max(r[1:3]), r[3])
        ),
        max_size=9,
    )
)
def test_level_steps(rows):
    """Stretches have the level of every channel at every instant of every key; they are sorted, disjoint and not all 0."""
    key, start, end, level = sweep.level_steps(*columns(rows, 4), 3)
    assert (start < end).all()
    assert (level != 0).any(axis=1).all()
    order = list(zip(key.tolist(), start.tolist(), end.tolist(), strict=True))
    assert order == sorted(order)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(order))
    for k in range(3):
        for x in range(13):
            expected = [
                sum(k == rk and s <= x < e and c == ch for rk, s, e, ch in rows) for c in range(3)
            ]
            here = level[(key == k) & (start <= x) & (x < end)]
            assert len(here) <= 1
            assert (here[0].tolist() if len(here) else [0, 0, 0]) == expected


@many
@given(spans_of(st.integers(0, 4 * QUARTER) | st.integers(0, 4).map(lambda n: n * QUARTER)))
def test_split_at_quarters(spans):
    """Each piece lies within one quarter, and the pieces of a span make up the span; one of length 0 is one piece."""
    owner, quarter, start, end = (a.tolist() for a in sweep.split_at_quarters(*columns(spans, 2)))
    pieces = list(zip(owner, quarter, start, end, strict=True))
    for i, (s, e) in enumerate(spans):
        mine = [p for p in pieces if p[0] == i]
        assert [p[2] for p in mine] == [s, *(p[3] for p in mine[:-1])]
        assert mine[-1][3] == e
        assert all(
            q % QUARTER == 0 and q <= a <= b <= q + QUARTER and a < q + QUARTER
            for _, q, a, b in mine
        )
        assert len(mine) == 1 or all(a < b for _, _, a, b in mine)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    start = np.array(sorted(draw(st.sets(st.integers(0, 12), max_size=6))), np.int64)
    n = len(start)
    numbers = st.integers(0, 3)

    def table(width: int) -> np.ndarray:
        return np.array(
            draw(st.lists(numbers, min_size=n * width, max_size=n * width)), np.int64
        ).reshape(n, width)

    peaks = table(len(PEAKS))
    at = np.where(peaks > 0, start[:, None] * 100 + table(len(PEAKS)), NO_INSTANT)
    sets = {
        name: [pack_set(BitMap(draw(st.sets(st.integers(0, 5), max_size=3)))) for _ in range(n)]
        for name in SETS
    }
    counts = np.array([[sets[name][i][1] for name in SETS] for i in range(n)], np.int64).reshape(
        n, len(SETS)
    )
    return Facts(
        start,
        table(len(SUMS)) - 1,
        peaks,
        at,
        {name: [s for s, _ in sets[name]] for name in SETS},
        counts,
    )


def opened(kept: bytes) -> set[int]:
    return set(BitMap.deserialize(kept)) if kept else set()


@many
@given(facts(), edges_of)
def test_merge(fine, edges):
    """Sums add, peaks take the largest with its earliest instant, sets unite; buckets without finer ones are 0."""
    got = merge(fine, np.array(edges, np.int64))
    assert got.start.tolist() == edges[:-1]
    for i, (a, b) in enumerate(pairwise(edges)):
        inside = [j for j, s in enumerate(fine.start.tolist()) if a <= s < b]
        assert got.sums[i].tolist() == [
            sum(int(fine.sums[j, k]) for j in inside) for k in range(len(SUMS))
        ]
        for k in range(len(PEAKS)):
            best = max((int(fine.peaks[j, k]) for j in inside), default=0)
            assert got.peaks[i, k] == best
            first = min(
                (int(fine.peaks_at[j, k]) for j in inside if fine.peaks[j, k] == best),
                default=NO_INSTANT,
            )
            assert got.peaks_at[i, k] == (first if best else NO_INSTANT)
        for k, name in enumerate(SETS):
            united = set().union(*(opened(fine.sets[name][j]) for j in inside))
            assert opened(got.sets[name][i]) == united
            assert got.counts[i, k] == len(united)


@many
@given(facts(), edges_of)
def test_merge_does_not_change_its_input(fine, edges):
    """Sets may be shared between facts, so they are never modified."""
    before = [opened(s) for name in SETS for s in fine.sets[name]]
    merge(merge(fine, np.array(edges, np.int64)), np.array([edges[0], edges[-1]], np.int64))
    assert [opened(s) for name in SETS for s in fine.sets[name]] == before


@many
@given(facts(), st.integers(0, 12), edges_of)
def test_merge_in_steps_is_merge_at_once(fine, cut, edges):
    """Facts that are split, joined and merged by way of finer edges are the same."""
    whole = np.array(edges, np.int64)
    halves = fine.take(fine.start >= cut), fine.take(np.flatnonzero(fine.start < cut))
    finer = np.unique(np.append(whole, cut)) if edges[0] < cut < edges[-1] else whole
    a, b = merge(fine, whole), merge(merge(concat(*halves), finer), whole)
    assert a.sums.tolist() == b.sums.tolist()
    assert a.peaks.tolist() == b.peaks.tolist()
    assert a.peaks_at.tolist() == b.peaks_at.tolist()
    assert a.sets == b.sets
