"""From the events of one session to its spans.

Every object has a timeline of its own, whose rules are in ``timeline``. The order in which events
arrived does not matter: rows are sorted by (time, source, id) first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from usage_report.core.events import CODE
from usage_report.metering.companions import most_posts, name_recordings
from usage_report.metering.timeline import Move, Span, object_spans, overlaps

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
    #: Presences and recordings that no event has ended.
    open_presences: int
    open_recordings: int
    #: Whether any object is still open.
    is_open: bool
    #: Instant at which the inactivity timeout closed what was open, else ``None``.
    closed_by_timeout: int | None
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
#: The same by code, with ``None`` for all other events.
_MOVE_OF = {code: _STARTS_AND_ENDS.get(type) for type, code in CODE.items()}
_DELETED = CODE["recording.deleted"]
_ENDED = CODE["session.ended"]
_CHAT = CODE["chat.posted"]
_POSTED = frozenset(code for type, code in CODE.items() if type.endswith(".posted"))


def fold(
    rows: Iterable[Row | tuple[Any, ...]],
    as_of: int | None = None,
    stale_after: int = 86_400_000,
    *,
    session: str = "",
) -> SessionTimeline | None:
    """Return the spans of one session, or ``None`` if it has no events before ``as_of``.

    ``rows`` are tuples with the fields of ``Row``. ``session`` is the id that the platform gave the
    session, which is also that of recordings without an id.

    ``as_of`` (epoch ms): events at or after it do not count. Open spans run to it, unless the
    session has had no event for ``stale_after`` ms: then they end at the session's last event.
    Without ``as_of``, all events count and open spans end at the last one. This is the final state
    of the session if no further event arrives.
    """
    rows = sorted(rows if as_of is None else (row for row in rows if row[0] < as_of))
    if not rows:
        return None
    last: int = rows[-1][0]
    is_stale = as_of is None or as_of - last >= stale_after
    horizon = last if as_of is None or is_stale else as_of

    history = _read_history(name_recordings(rows, session))
    presence = _fold_presence(history, horizon)
    published = _fold_published(history, presence, horizon)
    received = _fold_received(history, presence, published, horizon)
    toggles = _fold_toggles(history, horizon)
    recordings = _fold_recordings(history, horizon, is_stale=is_stale)
    is_open = bool(presence.open or recordings.open or toggles.open)
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
        open_presences=presence.open,
        open_recordings=recordings.open,
        is_open=is_open,
        closed_by_timeout=last if is_stale and is_open else None,
        anomalies=presence.anomalies
        + published.anomalies
        + received.anomalies
        + toggles.anomalies
        + recordings.anomalies,
    )


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
        move = _MOVE_OF[code]
        if move is not None:
            family, is_end = move
            moves[family][connection, subject].append((time, is_end))
            if is_end:
                if code == _DELETED:
                    deleted[subject].append(time)
            elif family == _TRACK:
                kinds.setdefault((connection, subject), KIND_BITS[detail])
            elif family == _PRESENCE:
                room = room or in_room
                # Of several joins at one instant, one that names a person has precedence.
                if connection not in people or people[connection] == (time, connection):
                    people[connection] = time, person
        elif code == _ENDED:
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
    #: Each connection that was present: its number, its stays, and the sorted instants that end its
    #: tracks and subscriptions, which are the ends of its stays and of the session.
    connections: dict[str, tuple[int, list[Span], list[int]]]
    open: int
    anomalies: int


def _fold_presence(history: _History, horizon: int) -> _Presence:
    ended, people = history.ended, history.people
    presence: list[tuple[int, str, int, int]] = []
    connections: dict[str, tuple[int, list[Span], list[int]]] = {}
    open_presences = anomalies = 0
    for (connection, _), moves in history.moves[_PRESENCE].items():
        stays, open_since, ignored_ends = object_spans(moves, ended, horizon)
        anomalies += ignored_ends
        open_presences += open_since is not None
        if stays:
            number, (_, person) = len(connections), people[connection]
            closers = sorted([end for _, end in stays] + ended)
            connections[connection] = number, stays, closers
            presence += [(number, person, start, end) for start, end in stays]
    return _Presence(presence, connections, open_presences, anomalies)


class _Published(NamedTuple):
    spans: list[tuple[int, int, int, int]]
    #: track id -> (publisher, kind bit, spans); connections may share a track id.
    by_track: dict[str, list[tuple[int, int, list[Span]]]]
    anomalies: int


def _fold_published(history: _History, presence: _Presence, horizon: int) -> _Published:
    connections, kinds = presence.connections, history.kinds
    published: list[tuple[int, int, int, int]] = []
    by_track: defaultdict[str, list[tuple[int, int, list[Span]]]] = defaultdict(list)
    anomalies = 0
    for track, moves in history.moves[_TRACK].items():
        connection, track_id = track
        if connection not in connections:
            continue
        number, stays, closers = connections[connection]
        spans, _, ignored_ends = object_spans(moves, closers, horizon)
        anomalies += ignored_ends
        if spans := overlaps(spans, stays):
            bit = kinds[track]
            published += [(number, bit, start, end) for start, end in spans]
            by_track[track_id].append((number, bit, spans))
    return _Published(published, by_track, anomalies)


class _Received(NamedTuple):
    spans: list[tuple[int, int, int, int, int]]
    anomalies: int


def _fold_received(
    history: _History, presence: _Presence, published: _Published, horizon: int
) -> _Received:
    received: list[tuple[int, int, int, int, int]] = []
    anomalies = 0
    for (connection, track_id), moves in history.moves[_SUBSCRIPTION].items():
        if connection not in presence.connections:
            continue
        receiver, stays, closers = presence.connections[connection]
        spans, _, ignored_ends = object_spans(moves, closers, horizon)
        anomalies += ignored_ends
        spans = overlaps(spans, stays)
        for publisher, bit, sent in published.by_track.get(track_id, ()):
            received += [
                (receiver, publisher, bit, start, end) for start, end in overlaps(spans, sent)
            ]
    return _Received(received, anomalies)


class _Toggles(NamedTuple):
    spans: list[tuple[int, int, int]]
    open: int
    anomalies: int


def _fold_toggles(history: _History, horizon: int) -> _Toggles:
    toggles: list[tuple[int, int, int]] = []
    open_toggles = anomalies = 0
    for toggle, objects in enumerate(history.moves[_TOGGLES]):
        for moves in objects.values():
            spans, open_since, ignored_ends = object_spans(moves, history.ended, horizon)
            anomalies += ignored_ends
            open_toggles += open_since is not None
            toggles += [(toggle, start, end) for start, end in spans if start < end]
    return _Toggles(toggles, open_toggles, anomalies)


class _Recordings(NamedTuple):
    spans: list[Span]
    storage: list[tuple[int, int]]
    open: int
    anomalies: int


def _fold_recordings(history: _History, horizon: int, *, is_stale: bool) -> _Recordings:
    recordings: list[Span] = []
    storage: list[tuple[int, int]] = []
    open_recordings = anomalies = 0
    for (_, recording), moves in history.moves[_RECORDING].items():
        deleted = history.deleted.get(recording, [])
        spans, open_since, ignored_ends = object_spans(moves, history.ended, horizon)
        # A deletion usually comes after the stop, so it is not an anomaly.
        anomalies += max(0, ignored_ends - len(deleted))
        open_recordings += open_since is not None
        for start, end in spans:
            if start == end:
                continue
            recordings.append((start, end))
            if start != open_since or is_stale:  # a running recording stores nothing yet
                storage += _stored(start, end, deleted)
    return _Recordings(recordings, storage, open_recordings, anomalies)


def _stored(start: int, end: int, deleted: list[int]) -> list[tuple[int, int]]:
    """Return the changes of storage caused by one recorded span. ``deleted`` is sorted."""
    length, i = end - start, bisect_left(deleted, end)
    if i == len(deleted):
        return [(end, length)]
    if deleted[i] == end:  # deleted while running: it is never stored
        return []
    return [(end, length), (deleted[i], -length)]
