"""From the events of one session to its spans.

Every object has a timeline of its own, whose rules are in ``timeline``. The order in which events
arrived does not matter: rows are sorted by (time, source, id) first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from usage_report.core.events import CODE
from usage_report.metering.companions import most_posts, name_recordings
from usage_report.metering.timeline import Inactivity, Move, Span, object_spans, overlaps

#: The inactivity timeout of stored facts, in ms; also the default of the setting.
STALE_AFTER = 86_400_000

KIND_BITS = {"audio": 0, "video": 1, "screenshare": 2}
TOGGLES = {"captions": 0, "whiteboard": 1, "breakout": 2}
POSTS = {"chat": 0, "qa": 1}


class Row(NamedTuple):
    """The fields of an event that ``fold`` needs, in the order in which rows are sorted."""

    time: int
    source: str
    id: str
    code: int
    subject: str
    connection: str
    person: str
    detail: str
    room: str


class SessionTimeline(NamedTuple):
    """All spans of one session. Instants are epoch ms; connections are numbered from 0."""

    room: str
    #: Ids of the connections that were present, by number.
    connections: list[str]
    #: (connection, person, start, end): stays, including those of length zero.
    presence: list[tuple[int, str, int, int]]
    #: (connection, kind bit, start, end): published tracks, clipped to presence.
    published: list[tuple[int, int, int, int]]
    #: (receiver, publisher, kind bit, start, end): tracks while both published and subscribed.
    received: list[tuple[int, int, int, int, int]]
    #: Whether there are subscription events. Without them, consumption is estimated.
    has_subscriptions: bool
    #: (toggle, start, end): captions, whiteboards and breakouts; they may overlap each other and
    #: are not clipped to presence.
    toggles: list[tuple[int, int, int]]
    recordings: list[Span]
    #: (instant, change in ms): a recording's length is added at its stop, removed at its deletion.
    storage: list[tuple[int, int]]
    #: (post, instant)
    posts: list[tuple[int, int]]
    #: Starts of sessions, sorted: that of the first presence, or nothing if there is none. The
    #: timeline of a room whose sessions have no ids has several (see ``stretches``).
    starts: list[int]
    #: Presences and recordings that are running at ``as_of``. Without it, those that were running
    #: at the last activity event.
    open_presences: int
    open_recordings: int
    #: Whether any object is, in the same sense.
    is_open: bool
    #: Ends of the presences and recordings that the inactivity timeout closed.
    closed_by_timeout: list[int]
    #: The longest time in ms between two activity events, if there are spans that no event ends,
    #: else ``None``. A timeout longer than that closes only what is open.
    longest_gap: int | None
    #: Ends of objects that were not open.
    anomalies: int

    @property
    def start(self) -> int | None:
        """Start of the first presence, ``None`` if there is none."""
        return self.starts[0] if self.starts else None


#: (connection, subject): identifies an object among those of its family.
_Object = tuple[str, str]
_Moves = dict[_Object, list[Move]]

# Families of objects. The toggles are last, in the order of ``TOGGLES``.
_PRESENCE, _TRACK, _SUBSCRIPTION, _RECORDING, _CAPTIONS, _WHITEBOARD, _BREAKOUT = range(7)
_TOGGLES = slice(_CAPTIONS, None)
#: type -> (family, whether it is an end)
_STARTS_AND_ENDS = {
    "participant.joined": (_PRESENCE, False),
    "participant.left": (_PRESENCE, True),
    "track.published": (_TRACK, False),
    "track.unpublished": (_TRACK, True),
    "track.subscribed": (_SUBSCRIPTION, False),
    "track.unsubscribed": (_SUBSCRIPTION, True),
    "recording.started": (_RECORDING, False),
    "recording.stopped": (_RECORDING, True),
    "recording.deleted": (_RECORDING, True),
    "captions.started": (_CAPTIONS, False),
    "captions.stopped": (_CAPTIONS, True),
    "whiteboard.opened": (_WHITEBOARD, False),
    "whiteboard.closed": (_WHITEBOARD, True),
    "breakout.opened": (_BREAKOUT, False),
    "breakout.closed": (_BREAKOUT, True),
}
TRACK_FAMILIES = (_TRACK, _SUBSCRIPTION)
#: The same by code, with ``None`` for all other events.
MOVE_OF = {code: _STARTS_AND_ENDS.get(type) for type, code in CODE.items()}
DELETED = CODE["recording.deleted"]
ENDED = CODE["session.ended"]
_CHAT = CODE["chat.posted"]
_POSTED = frozenset(code for type, code in CODE.items() if type.endswith(".posted"))


def fold(
    rows: Iterable[Row | tuple[Any, ...]],
    as_of: int | None = None,
    stale_after: int = STALE_AFTER,
    *,
    session: str = "",
) -> SessionTimeline | None:
    """Return the spans of one session, or ``None`` if it has no events before ``as_of``.

    ``rows`` are tuples with the fields of ``Row``. ``session`` is the id that the platform gave the
    session, which is also that of recordings without an id.

    A span that no event ends is closed by the first gap of at least ``stale_after`` ms between
    activity events, which are all events except deletions of recordings. It ends at the event
    before the gap.

    ``as_of`` (epoch ms): events at or after it do not count. The time since the last activity event
    is a gap too, and spans that no gap closes run to ``as_of``. Without ``as_of``, all events count
    and such spans end at the last activity event. This is the final state of the session if no
    further event arrives.
    """
    rows = sorted(rows if as_of is None else (row for row in rows if row[0] < as_of))
    if not rows:
        return None
    activity = [row[0] for row in rows if row[3] != DELETED]
    inactivity = _inactivity(activity, as_of, stale_after)

    history = _read_history(name_recordings(rows, session))
    presence = _fold_presence(history, inactivity)
    published = _fold_published(history, presence, inactivity)
    received = _fold_received(history, presence, published, inactivity)
    toggles = _fold_toggles(history, inactivity)
    recordings = _fold_recordings(history, inactivity, as_of)
    unended = presence.unended + recordings.unended
    horizon = inactivity.horizon
    return SessionTimeline(
        room=history.room or rows[0][8],
        connections=list(presence.connections),
        presence=presence.spans,
        published=published.spans,
        received=received.spans,
        has_subscriptions=bool(history.moves[_SUBSCRIPTION]),
        toggles=toggles.spans,
        recordings=recordings.spans,
        storage=recordings.storage,
        posts=history.posts,
        starts=sorted(start for _, _, start, _ in presence.spans)[:1],
        open_presences=presence.unended.count(horizon),
        open_recordings=recordings.unended.count(horizon),
        is_open=horizon in unended or horizon in toggles.unended,
        closed_by_timeout=[end for end in unended if end != as_of],
        longest_gap=longest_gap(activity) if unended or toggles.unended else None,
        anomalies=presence.anomalies
        + published.anomalies
        + received.anomalies
        + toggles.anomalies
        + recordings.anomalies,
    )


def _inactivity(activity: Sequence[int], as_of: int | None, stale_after: int) -> Inactivity:
    """Return where spans end that no event ends. ``activity``: instants of activity events."""
    if not activity:  # deletions only: there are no spans
        return Inactivity((), 0)
    first, last = activity[0], activity[-1]
    gaps = []
    if last - first >= stale_after:
        gaps = [at for at, following in pairwise(activity) if following - at >= stale_after]
    if as_of is None:
        return Inactivity(gaps, last)
    if as_of - last >= stale_after:
        gaps.append(last)
    return Inactivity(gaps, as_of)


def longest_gap(activity: Sequence[int]) -> int:
    """Return the longest time between two of some sorted instants."""
    return max((following - at for at, following in pairwise(activity)), default=0)


class _History(NamedTuple):
    """The events of a session by the objects that they belong to."""

    #: Starts and ends of the objects of each family.
    moves: list[_Moves]
    #: Instants of ``session.ended``.
    ended: list[int]
    #: connection -> (instant, person) of its first join.
    people: dict[str, tuple[int, str]]
    #: Kind bit of each track.
    kinds: dict[_Object, int]
    #: Instants of ``recording.deleted`` of each recording.
    deleted: dict[str, list[int]]
    posts: list[tuple[int, int]]
    #: The room of the first join or ``session.started``, ``""`` if there is none.
    room: str


def _read_history(rows: list[Row | tuple[Any, ...]]) -> _History:
    moves: list[_Moves] = [defaultdict(list) for _ in range(_BREAKOUT + 1)]
    ended: list[int] = []
    people: dict[str, tuple[int, str]] = {}
    kinds: dict[_Object, int] = {}
    deleted: defaultdict[str, list[int]] = defaultdict(list)
    posted: dict[tuple[str, int, str], int] = {}
    room = ""
    for time, source, _, code, subject, connection, person, detail, in_room in rows:
        move = MOVE_OF[code]
        if move is not None:
            family, is_end = move
            moves[family][connection, subject].append((time, is_end))
            if is_end:
                if code == DELETED:
                    deleted[subject].append(time)
            elif family == _TRACK:
                kinds.setdefault((connection, subject), KIND_BITS[detail])
            elif family == _PRESENCE:
                room = room or in_room
                # Of several joins at one instant, one that names a person has precedence.
                if connection not in people or people[connection] == (time, connection):
                    people[connection] = time, person
        elif code == ENDED:
            ended.append(time)
        elif code in _POSTED:
            posted.setdefault((source, code, subject), time)
        else:  # session.started
            room = room or in_room
    return _History(moves, ended, people, kinds, deleted, _posts(posted), room)


def _posts(posted: dict[tuple[str, int, str], int]) -> list[tuple[int, int]]:
    """Return (post, instant) of each post, given the instants by (source, code, post id).

    Chat, and questions with answers, are each taken from the source that reports more of them.
    """
    by_kind: tuple[defaultdict[str, list[int]], ...] = tuple(defaultdict(list) for _ in POSTS)
    for (source, code, _), at in posted.items():
        by_kind[POSTS["chat" if code == _CHAT else "qa"]][source].append(at)
    return [(post, at) for post, sources in enumerate(by_kind) for at in most_posts(sources)]


class _Presence(NamedTuple):
    spans: list[tuple[int, str, int, int]]
    #: Each connection that was present: its number, its stays, and the sorted instants at which
    #: events end its tracks and subscriptions, because they end a stay or the session.
    connections: dict[str, tuple[int, list[Span], list[int]]]
    #: Ends of the spans that no event ends.
    unended: list[int]
    anomalies: int


def _fold_presence(history: _History, inactivity: Inactivity) -> _Presence:
    ended, people = history.ended, history.people
    presence: list[tuple[int, str, int, int]] = []
    connections: dict[str, tuple[int, list[Span], list[int]]] = {}
    unended: list[int] = []
    anomalies = 0
    for (connection, _), moves in history.moves[_PRESENCE].items():
        stays, open_since, ignored_ends = object_spans(moves, ended)
        anomalies += ignored_ends
        closers = sorted([end for _, end in stays] + ended)
        if open_since is not None:
            rest = inactivity.spans(open_since, moves)
            stays += rest
            unended += [end for _, end in rest]
        if stays:
            number, (_, person) = len(connections), people[connection]
            connections[connection] = number, stays, closers
            presence += [(number, person, start, end) for start, end in stays]
    return _Presence(presence, connections, unended, anomalies)


class _Published(NamedTuple):
    spans: list[tuple[int, int, int, int]]
    #: track id -> (publisher, kind bit, spans); connections may share a track id.
    by_track: dict[str, list[tuple[int, int, list[Span]]]]
    anomalies: int


def _fold_published(history: _History, presence: _Presence, inactivity: Inactivity) -> _Published:
    connections, kinds = presence.connections, history.kinds
    published: list[tuple[int, int, int, int]] = []
    by_track: defaultdict[str, list[tuple[int, int, list[Span]]]] = defaultdict(list)
    anomalies = 0
    for track, moves in history.moves[_TRACK].items():
        connection, track_id = track
        if connection not in connections:
            continue
        number, stays, closers = connections[connection]
        spans, open_since, ignored_ends = object_spans(moves, closers)
        anomalies += ignored_ends
        if open_since is not None:
            spans += inactivity.spans(open_since, moves)
        if spans := overlaps(spans, stays):
            bit = kinds[track]
            published += [(number, bit, start, end) for start, end in spans]
            by_track[track_id].append((number, bit, spans))
    return _Published(published, by_track, anomalies)


class _Received(NamedTuple):
    spans: list[tuple[int, int, int, int, int]]
    anomalies: int


def _fold_received(
    history: _History, presence: _Presence, published: _Published, inactivity: Inactivity
) -> _Received:
    received: list[tuple[int, int, int, int, int]] = []
    anomalies = 0
    for (connection, track_id), moves in history.moves[_SUBSCRIPTION].items():
        if connection not in presence.connections:
            continue
        receiver, stays, closers = presence.connections[connection]
        spans, open_since, ignored_ends = object_spans(moves, closers)
        anomalies += ignored_ends
        if open_since is not None:
            spans += inactivity.spans(open_since, moves)
        spans = overlaps(spans, stays)
        for publisher, bit, sent in published.by_track.get(track_id, ()):
            received += [
                (receiver, publisher, bit, start, end) for start, end in overlaps(spans, sent)
            ]
    return _Received(received, anomalies)


class _Toggles(NamedTuple):
    spans: list[tuple[int, int, int]]
    #: Ends of the spans that no event ends.
    unended: list[int]
    anomalies: int


def _fold_toggles(history: _History, inactivity: Inactivity) -> _Toggles:
    toggles: list[tuple[int, int, int]] = []
    unended: list[int] = []
    anomalies = 0
    for toggle, objects in enumerate(history.moves[_TOGGLES]):
        for moves in objects.values():
            spans, open_since, ignored_ends = object_spans(moves, history.ended)
            anomalies += ignored_ends
            if open_since is not None:
                rest = inactivity.spans(open_since, moves)
                spans += rest
                unended += [end for _, end in rest]
            toggles += [(toggle, start, end) for start, end in spans if start < end]
    return _Toggles(toggles, unended, anomalies)


class _Recordings(NamedTuple):
    spans: list[Span]
    storage: list[tuple[int, int]]
    #: Ends of the spans that no event ends.
    unended: list[int]
    anomalies: int


def _fold_recordings(history: _History, inactivity: Inactivity, as_of: int | None) -> _Recordings:
    recordings: list[Span] = []
    storage: list[tuple[int, int]] = []
    unended: list[int] = []
    anomalies = 0
    for (_, recording), moves in history.moves[_RECORDING].items():
        deleted = history.deleted.get(recording, [])
        spans, open_since, ignored_ends = object_spans(moves, history.ended)
        # A deletion usually comes after the stop, so it is not an anomaly.
        anomalies += max(0, ignored_ends - len(deleted))
        if open_since is not None:
            rest = inactivity.spans(open_since, moves)
            spans += rest
            unended += [end for _, end in rest]
        for start, end in spans:
            if start == end:
                continue
            recordings.append((start, end))
            if end != as_of:  # a running recording stores nothing yet
                storage += _stored(start, end, deleted)
    return _Recordings(recordings, storage, unended, anomalies)


def _stored(start: int, end: int, deleted: list[int]) -> list[tuple[int, int]]:
    """Return the changes of storage caused by one recorded span. ``deleted`` is sorted."""
    length, i = end - start, bisect_left(deleted, end)
    if i == len(deleted):
        return [(end, length)]
    if deleted[i] == end:  # deleted while running: it is never stored
        return []
    return [(end, length), (deleted[i], -length)]
