"""Two sources that report one session: what both of them report counts once.

Connections, tracks and recordings that have the same ids in both sources need no rule: an object's
timeline ignores what is reported again. Posts have different ids in different sources, and some
recordings have no id of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from usage_report.core.events import CODE

#: How far apart, in ms, two sources may see the start of one recording.
SAME_START = 2_000

_STARTED, _STOPPED = CODE["recording.started"], CODE["recording.stopped"]
_DELETED = CODE["recording.deleted"]
_CODE, _SUBJECT = 3, 4  # positions in a row of ``fold``


def most_posts(posts: Mapping[str, Sequence[int]]) -> Sequence[int]:
    """Return the posts of the source that reports most of them, of ``posts`` by source.

    Of several such sources, the first by name counts.
    """
    return max((posts[source] for source in sorted(posts)), key=len, default=())


def name_recordings(rows: Sequence[Any], session: str) -> list[Any]:
    """Give recordings without an id the id under which another source reports them.

    ``rows`` are the sorted rows of a session, as ``fold`` reads them. A recording without an id of
    its own has that of its ``session``. It is the recording of another source that starts nearest
    to it, at most ``SAME_START`` away. Its deletion is that of the only other recording; of several
    it cannot be known which one was deleted.
    """
    rows = list(rows)
    unnamed = [
        i
        for i, row in enumerate(rows)
        if row[_SUBJECT] == session and row[_CODE] in (_STARTED, _STOPPED, _DELETED)
    ]
    if not unnamed:
        return rows
    starts = [row for row in rows if row[_CODE] == _STARTED and row[_SUBJECT] != session]
    names = {row[_SUBJECT] for row in starts}
    name, is_running = session, False
    for i in unnamed:
        row = rows[i]
        code, named = row[_CODE], session
        if code == _DELETED:
            if len(names) == 1:
                (named,) = names
        else:
            if code == _STARTED and not is_running:
                name = _nearest_start(starts, row) or session
            named, is_running = name, code == _STARTED
        rows[i] = (*row[:_SUBJECT], named, *row[_SUBJECT + 1 :])
    return rows


def _nearest_start(starts: Sequence[Any], row: Any) -> str:
    """Return the recording of another source that starts nearest to a row, ``""`` for none."""
    time, source = row[:2]
    near = [
        (abs(start[0] - time), start[0], start[_SUBJECT])
        for start in starts
        if start[1] != source and abs(start[0] - time) <= SAME_START
    ]
    return min(near)[2] if near else ""
