"""The spans of one object, such as a connection or a track, from its start and end events.

Events come first: ``object_spans`` finds the spans that an event ends. What is left is at most one
start that nothing ends; ``Inactivity`` says where that span ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

#: ``[start, end)`` in epoch ms.
Span = tuple[int, int]
#: (instant in epoch ms, whether it is an end)
Move = tuple[int, bool]


def object_spans(
    moves: Sequence[Move], closers: Sequence[int]
) -> tuple[list[Span], int | None, int]:
    """Return the spans that events end, the start of the one that no event ends, and anomalies.

    ``moves`` are the object's own starts and ends, sorted by time. Of several at one instant, the
    one that changes the state applies first: the end if the object is open, the start if it is
    closed. A start while the object is open is ignored; an end while it is closed is an anomaly.

    ``closers`` (sorted) are instants at which something else ends the object. They apply after the
    object's own moves of the same instant, and only to a span that started before. The second value
    is ``None`` if an event ends every span, the third counts ignored ends.
    """
    spans: list[Span] = []
    start: int | None = None
    anomalies = i = 0
    n = len(moves)
    while i < n:
        at, is_end = moves[i]
        if start is not None and closers:
            c = bisect_right(closers, start)
            if c < len(closers) and closers[c] < at:
                spans.append((start, closers[c]))
                start = None
        i += 1
        if i < n and moves[i][0] == at:
            i, start, ignored_ends = _apply_simultaneous(moves, i - 1, start, spans)
            anomalies += ignored_ends
        elif not is_end:
            start = at if start is None else start
        elif start is None:
            anomalies += 1
        else:
            spans.append((start, at))
            start = None
    if start is None:
        return spans, None, anomalies
    c = bisect_right(closers, start)
    if c < len(closers):
        spans.append((start, closers[c]))
        start = None
    return spans, start, anomalies


def _apply_simultaneous(
    moves: Sequence[Move], i: int, start: int | None, spans: list[Span]
) -> tuple[int, int | None, int]:
    """Apply ``moves[i]`` and all others of its instant; append the spans that they end.

    Return the index of the next move, the start of the open span, and the number of ignored ends.
    """
    at, starts, ends = moves[i][0], 0, 0
    while i < len(moves) and moves[i][0] == at:
        ends += moves[i][1]
        starts += not moves[i][1]
        i += 1
    while starts if start is None else ends:
        if start is None:
            starts -= 1
            start = at
        else:
            ends -= 1
            spans.append((start, at))
            start = None
    return i, start, ends


class Inactivity(NamedTuple):
    """Where spans end that no event ends."""

    #: Instants of the activity events that are followed by a gap of at least the timeout; sorted.
    gaps: Sequence[int]
    #: Where a span ends that no gap closes.
    horizon: int

    def spans(self, start: int, moves: Sequence[Move]) -> list[Span]:
        """Return the spans of an object from ``start`` on, where a span begins that no event ends.

        The first gap after its start closes it, at the event before the gap. The object is not open
        from then on, so its next start begins another span. ``moves`` are those of the object.
        """
        spans: list[Span] = []
        while True:
            gap = bisect_left(self.gaps, start)
            end = self.gaps[gap] if gap < len(self.gaps) else self.horizon
            spans.append((start, end))
            # No end follows ``start``, so every later move is a start.
            later = bisect_right(moves, end, key=_instant)
            if later == len(moves):
                return spans
            start = moves[later][0]


def _instant(move: Move) -> int:
    return move[0]


def overlaps(a: Sequence[Span], b: Sequence[Span]) -> list[Span]:
    """Return what two sorted lists of disjoint spans have in common, without empty spans."""
    common: list[Span] = []
    i = j = 0
    while i < len(a) and j < len(b):
        a_start, a_end = a[i]
        b_start, b_end = b[j]
        start, end = max(a_start, b_start), min(a_end, b_end)
        if start < end:
            common.append((start, end))
        if a_end < b_end:
            i += 1
        else:
            j += 1
    return common
