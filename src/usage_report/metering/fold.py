"""From the events of one session to its spans.

Every object (a connection, a track, a recording ...) has a timeline of its own; ``timeline`` holds the rules for it.
Nothing depends on the order in which events arrived: rows are sorted by (time, source, id) first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from usage_report.core.events import CODE


class Row(NamedTuple):
    """What folding needs of one event. Sorts by time, then by identity, so ties never depend on arrival."""

    time: int
    source: str
    id: str
    code: int
    subject: str
    connection: str
    person: str
    detail: str
    room: str


#: A half-open span of epoch ms.
Span = tuple[int, int]
#: (instant, is it an end?)
Move = tuple[int, bool]

KIND_BITS = {"audio": 0, "video": 1, "screenshare": 2}
TOGGLES = {"captions": 0, "whiteboard": 1, "breakout": 2}
POSTS = {"chat": 0, "qa": 1}


class SessionTimeline(NamedTuple):
    """All spans of one session, clipped to the horizon. Instants are epoch ms; connections are numbered from 0."""

    room: str
    #: (connection, person, start, end): stays, zero-length ones too.
    presence: list[tuple[int, str, int, int]]
    #: (connection, kind bit, start, end): published, clipped to presence.
    published: list[tuple[int, int, int, int]]
    #: (receiver, publisher, kind bit, start, end): published and subscribed.
    received: list[tuple[int, int, int, int, int]]
    #: Does the source tell who receives what? Else consumption is estimated.
    subscribes: bool
    #: (toggle, start, end): captions, whiteboards, breakouts, not yet united nor cut to activity.
    toggles: list[tuple[int, int, int]]
    recordings: list[Span]
    #: (instant, +ms or -ms): stored recordings as their changes.
    storage: list[tuple[int, int]]
    #: (post, instant)
    posts: list[tuple[int, int]]
    #: Start of the first presence, ``None`` where nobody came.
    start: int | None
    #: Presences and recordings that no event has ended.
    open_presences: int
    open_recordings: int
    #: Is anything at all still open?
    open: bool
    #: Instant at which silence closed what was open, else ``None``.
    closed_by_timeout: int | None
    #: Ends that came while their object was closed.
    anomalies: int


def timeline(
    moves: Sequence[Move], closers: Sequence[int], horizon: int
) -> tuple[list[Span], int | None, int]:
    """Spans of one object -> (spans, start of the span still open or ``None``, ends that met a closed object).

    ``moves`` are the object's own starts and ends, sorted by time. At one instant the move that changes the state goes
    first: the end where it is open, the start where it is closed. ``closers`` (sorted) are instants that end it from
    outside: after its own moves of that instant, and only if it began before. An open span runs to ``horizon``.
    """
    spans: list[Span] = []
    start: int | None = None
    anomalies = i = 0
    n = len(moves)
    while i < n:
        at = moves[i][0]
        if start is not None and closers:
            c = bisect_right(closers, start)
            if c < len(closers) and closers[c] < at:
                spans.append((start, closers[c]))
                start = None
        starts = ends = 0
        while i < n and moves[i][0] == at:
            if moves[i][1]:
                ends += 1
            else:
                starts += 1
            i += 1
        while True:
            if start is not None:
                if not ends:
                    break
                ends -= 1
                spans.append((start, at))
                start = None
            else:
                if not starts:
                    break
                starts -= 1
                start = at
        anomalies += ends
    if start is not None:
        c = bisect_right(closers, start)
        if c < len(closers):
            spans.append((start, closers[c]))
            start = None
        else:
            spans.append((start, horizon))
    return spans, start, anomalies


def overlaps(a: Sequence[Span], b: Sequence[Span]) -> list[Span]:
    """What two sorted lists of disjoint spans share, zero-length shares left out."""
    out: list[Span] = []
    i = j = 0
    while i < len(a) and j < len(b):
        s, e = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if s < e:
            out.append((s, e))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return out


_JOINED, _LEFT = CODE["participant.joined"], CODE["participant.left"]
_PUBLISHED, _UNPUBLISHED = CODE["track.published"], CODE["track.unpublished"]
_SUBSCRIBED, _UNSUBSCRIBED = CODE["track.subscribed"], CODE["track.unsubscribed"]
_REC_STARTED, _REC_STOPPED, _REC_DELETED = (
    CODE[f"recording.{x}"] for x in ("started", "stopped", "deleted")
)
_STARTED, _ENDED = CODE["session.started"], CODE["session.ended"]
_CHAT = CODE["chat.posted"]
#: code -> (toggle, is it an end?)
_TOGGLE = {
    CODE["captions.started"]: (TOGGLES["captions"], False),
    CODE["captions.stopped"]: (TOGGLES["captions"], True),
    CODE["whiteboard.opened"]: (TOGGLES["whiteboard"], False),
    CODE["whiteboard.closed"]: (TOGGLES["whiteboard"], True),
    CODE["breakout.opened"]: (TOGGLES["breakout"], False),
    CODE["breakout.closed"]: (TOGGLES["breakout"], True),
}


def fold(
    rows: Iterable[Row | tuple], as_of: int | None = None, stale_after: int = 86_400_000
) -> SessionTimeline | None:
    """The spans of one session, or ``None`` where nothing has happened in it before ``as_of``.

    ``as_of`` (epoch ms): later events have not happened; open spans run to it, unless nothing was heard for
    ``stale_after`` ms: then they end at the session's last event. Without ``as_of`` all events count and open spans end
    at the last one: what holds from the moment the session is stale on, whenever that is.
    """
    rows = sorted(rows if as_of is None else (r for r in rows if r[0] < as_of))
    if not rows:
        return None
    last = rows[-1][0]
    silent = as_of is None or as_of - last >= stale_after
    horizon = last if silent else as_of

    joins: defaultdict[str, list[Move]] = defaultdict(list)
    people: dict[str, str] = {}
    came: dict[str, int] = {}
    tracks: defaultdict[tuple[str, str], list[Move]] = defaultdict(list)
    kinds: dict[tuple[str, str], int] = {}
    wanted: defaultdict[tuple[str, str], list[Move]] = defaultdict(list)
    toggled: defaultdict[tuple[int, str], list[Move]] = defaultdict(list)
    recorded: defaultdict[str, list[Move]] = defaultdict(list)
    deleted: defaultdict[str, list[int]] = defaultdict(list)
    posted: dict[tuple[int, str], int] = {}
    ended: list[int] = []
    room = ""
    for time, _, _, code, subject, connection, person, detail, in_room in rows:
        if code == _PUBLISHED:
            tracks[connection, subject].append((time, False))
            kinds.setdefault((connection, subject), KIND_BITS[detail])
        elif code == _UNPUBLISHED:
            tracks[connection, subject].append((time, True))
        elif code == _JOINED:
            joins[connection].append((time, False))
            # Of several at one instant, one that names a person goes before one that names none.
            if connection not in people or (
                people[connection] == connection and came[connection] == time
            ):
                people[connection], came[connection] = person, time
            room = room or in_room
        elif code == _LEFT:
            joins[connection].append((time, True))
        elif code == _SUBSCRIBED:
            wanted[connection, subject].append((time, False))
        elif code == _UNSUBSCRIBED:
            wanted[connection, subject].append((time, True))
        elif code == _STARTED:
            room = room or in_room
        elif code == _ENDED:
            ended.append(time)
        elif code == _REC_STARTED:
            recorded[subject].append((time, False))
        elif code == _REC_STOPPED:
            recorded[subject].append((time, True))
        elif code == _REC_DELETED:
            recorded[subject].append((time, True))
            deleted[subject].append(time)
        elif code in _TOGGLE:
            toggle, is_end = _TOGGLE[code]
            toggled[toggle, subject].append((time, is_end))
        else:
            posted.setdefault((code, subject), time)

    anomalies = open_presences = open_recordings = 0
    anything_open = False

    presence: list[tuple[int, str, int, int]] = []
    stays: dict[str, list[Span]] = {}
    numbers: dict[str, int] = {}
    for connection, moves in joins.items():
        spans, still, odd = timeline(moves, ended, horizon)
        anomalies += odd
        open_presences += still is not None
        if spans:
            number = numbers[connection] = len(numbers)
            stays[connection] = spans
            presence += [(number, people[connection], s, e) for s, e in spans]

    published: list[tuple[int, int, int, int]] = []
    by_track: defaultdict[str, list[tuple[int, int, list[Span]]]] = defaultdict(list)
    closers_of: dict[str, list[int]] = {}

    def closers(connection: str) -> list[int]:
        """What ends the tracks and subscriptions of a connection: its leaving, and the session's end."""
        if connection not in closers_of:
            closers_of[connection] = sorted({e for _, e in stays[connection]} | set(ended))
        return closers_of[connection]

    for (connection, track), moves in tracks.items():
        if connection not in stays:
            continue
        spans, _, odd = timeline(moves, closers(connection), horizon)
        anomalies += odd
        if spans := overlaps(spans, stays[connection]):
            number, bit = numbers[connection], kinds[connection, track]
            published += [(number, bit, s, e) for s, e in spans]
            by_track[track].append((number, bit, spans))

    received: list[tuple[int, int, int, int, int]] = []
    for (connection, track), moves in wanted.items():
        if connection not in stays:
            continue
        spans, _, odd = timeline(moves, closers(connection), horizon)
        anomalies += odd
        spans = overlaps(spans, stays[connection])
        for publisher, bit, sent in by_track.get(track, ()):
            received += [
                (numbers[connection], publisher, bit, s, e) for s, e in overlaps(spans, sent)
            ]

    toggles: list[tuple[int, int, int]] = []
    for (toggle, _), moves in toggled.items():
        spans, still, odd = timeline(moves, ended, horizon)
        anomalies += odd
        anything_open |= still is not None
        toggles += [(toggle, s, e) for s, e in spans if s < e]

    recordings: list[Span] = []
    storage: list[tuple[int, int]] = []
    for recording, moves in recorded.items():
        spans, still, odd = timeline(moves, ended, horizon)
        anomalies += max(
            0, odd - len(deleted[recording])
        )  # deleting a stopped recording is the usual way
        if still is not None:
            open_recordings += 1
        for s, e in spans:
            if s == e:
                continue
            recordings.append((s, e))
            if still == s and not silent:
                continue  # still running: nothing is stored yet
            gone = deleted[recording]
            d = bisect_left(gone, e)
            if d == len(gone):
                storage.append((e, e - s))
            elif gone[d] > e:
                storage += [(e, e - s), (gone[d], s - e)]

    return SessionTimeline(
        room=room or rows[0][8],
        presence=presence,
        published=published,
        received=received,
        subscribes=bool(wanted),
        toggles=toggles,
        recordings=recordings,
        storage=storage,
        posts=[(POSTS["chat" if code == _CHAT else "qa"], at) for (code, _), at in posted.items()],
        start=min((s for _, _, s, _ in presence), default=None),
        open_presences=open_presences,
        open_recordings=open_recordings,
        open=bool(open_presences or open_recordings or anything_open),
        closed_by_timeout=last
        if silent and (open_presences or open_recordings or anything_open)
        else None,
        anomalies=anomalies,
    )
