"""Two sources that report one session: what both of them report counts once.

Connections, tracks and recordings that have the same ids in both sources need no rule: an object's
timeline ignores what is reported again. Posts have different ids in different sources, and some
recordings have no id of their own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from usage_report.core.events import CODE

#: How far apart, in ms, two sources may see the start of one recording.
SAME_START = 2_000

_STARTED, _STOPPED = CODE["recording.started"], CODE["recording.stopped"]
_DELETED, _SESSION_ENDED = CODE["recording.deleted"], CODE["session.ended"]
_TIME, _SOURCE, _CODE, _SUBJECT = 0, 1, 3, 4  # positions in a row of ``fold``


def most_posts(posts: Mapping[str, Sequence[int]]) -> Sequence[int]:
    """Return the posts of the source that reports most of them, of ``posts`` by source.

    Of several such sources, the first by name counts.
    """
    return max((posts[source] for source in sorted(posts)), key=len, default=())


def name_recordings(rows: Sequence[Any], session: str) -> list[Any]:
    """Give unnamed recordings the names under which another source reports them.

    A recording is unnamed if its id is that of its ``session``. ``rows`` are the sorted rows of the
    session, as ``fold`` reads them.

    A start gets the name of the recording of another source that starts nearest to it, at most
    ``SAME_START`` away. Without one, it repeats the start of the recording that is running, or
    begins one without a name. A stop gets the name of the latest start before it.

    A deletion gets a name only if it is certain which recording it means: every start before it has
    that name, and no recording has another one.
    """
    rows = list(rows)
    unnamed: list[int] = []
    named: list[int] = []
    for i, row in enumerate(rows):
        if row[_CODE] in (_STARTED, _STOPPED, _DELETED):
            (unnamed if row[_SUBJECT] == session else named).append(i)
    starts = [rows[i] for i in named if rows[i][_CODE] == _STARTED]
    if not unnamed or not starts:
        return rows
    current = _Current(session, rows, named)
    given: set[str] = set()
    for i in _in_effect(rows, unnamed, current):
        row = rows[i]
        time, code = row[_TIME], row[_CODE]
        if code == _STARTED:
            name = _nearest_start(starts, row) or (current.name if current.is_running else session)
            given.add(name)
            current.start(name, time)
        elif code == _STOPPED:
            name = current.name
            current.is_running = False
        else:
            is_certain = given == {current.name} and _is_only(current.name, starts, time)
            name = current.name if is_certain else session
            current.is_running = current.is_running and current.name != name
        rows[i] = (*row[:_SUBJECT], name, *row[_SUBJECT + 1 :])
    return rows


class _Current:
    """The latest recording that began without a name, and whether it is running."""

    def __init__(self, session: str, rows: Sequence[Any], named: Sequence[int]) -> None:
        self.name, self._since, self.is_running = session, 0, False
        #: Instants at which events of the session end all recordings, or named events a recording.
        self._session_ends = [row[_TIME] for row in rows if row[_CODE] == _SESSION_ENDED]
        self._ends: dict[str, list[int]] = {}
        for i in named:
            if rows[i][_CODE] != _STARTED:
                self._ends.setdefault(rows[i][_SUBJECT], []).append(rows[i][_TIME])

    def start(self, name: str, time: int) -> None:
        if not self.is_running or name != self.name:
            self.name, self._since, self.is_running = name, time, True

    def reach(self, time: int) -> None:
        """Note what ended the recording before ``time``."""
        for ends in (self._session_ends, self._ends.get(self.name, ())):
            following = bisect_right(ends, self._since)
            if following < len(ends) and ends[following] < time:
                self.is_running = False


def _in_effect(rows: Sequence[Any], unnamed: Sequence[int], current: _Current) -> Iterator[int]:
    """Yield the indices in the order in which they apply.

    Of several at one instant, those that change the state are first: ends of what is running,
    starts otherwise.
    """
    for time, group in groupby(unnamed, key=lambda i: rows[i][_TIME]):
        current.reach(time)
        is_running = current.is_running
        yield from sorted(group, key=lambda i: (rows[i][_CODE] == _STARTED) == is_running)


def _is_only(name: str, starts: Sequence[Any], time: int) -> bool:
    """Return whether ``name`` is the recording that has started by ``time``, and the only one."""
    other = next((start for start in starts if start[_SUBJECT] != name), None)
    return starts[0][_TIME] <= time and (other is None or time < other[_TIME])


def _nearest_start(starts: Sequence[Any], row: Any) -> str:
    """Return the recording of another source that starts nearest to a row, ``""`` for none."""
    time, source = row[_TIME], row[_SOURCE]
    near = [
        (abs(start[_TIME] - time), start[_TIME], start[_SUBJECT])
        for start in starts[
            bisect_left(starts, time - SAME_START, key=_time) : bisect_right(
                starts, time + SAME_START, key=_time
            )
        ]
        if start[_SOURCE] != source
    ]
    return min(near)[2] if near else ""


def _time(row: Any) -> int:
    time: int = row[_TIME]
    return time
