"""The oracle: every figure computed slowly, straight from the definitions. Tests compare the product with it.

It uses plain Python and integers (epoch ms, ``[start, end)``), and shares nothing with the metering code: only the
event types and the calendar, which have tests of their own. A session's timeline is folded instant by instant. Time is
then split at every instant at which anything changes; between two such instants every state is looked up by its
definition.

Where the definitions leave a choice, the oracle makes these:

* Whether an event ends a span is decided first, by all events before ``as_of``. Only if none does, gaps are looked for.
  The object is closed from its end before the gap on, so that its first start after that begins another span. Starts up
  to that end came while it was open and are ignored.
* A stay that a gap closes clips the tracks and subscriptions of its connection. It does not end them as an event would.
* Recordings that the timeout closes are stored.
* ``recording.deleted`` is an end. Of several ends at one instant, stops come before deletions. A deletion removes what
  is stored of the recording at that instant; a recording that it ends is not stored. What is stored is not "open": the
  end of the session does not close it.
* A subscription is (receiver's connection, track id). It matches every published track of that id in the session.
* Kind, person and room come from the earliest start; ties go to the smallest (source, id). For the person, events that
  name no person but the connection come last in a tie.
* A post counts once per (session, source, type, post), when it was first posted. Chat, and questions with answers, are
  each those of the source that reports most of them, the first by name in a tie.
* A recording named by its session has no id. What happens to it from its start to its stop is what happens to the
  recording of another source that starts nearest to it, at most 2 s away. Its deletion is that of the only other one.
* The sessions of a source in ``WITHOUT_SESSION_IDS`` that are days of a room are one history of that room, in which a
  session starts wherever the room was empty for the 60 s before. It is folded in parts: two days belong to the same part
  if something is on between an event of one and the next event, of the other, or ended less than 60 s before. What is on
  is over after ``stale_after`` without activity, unless the next event ends it within 8 days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise

from usage_report.core.events import Event
from usage_report.core.metrics import ALL, PARTS
from usage_report.core.periods import DAY, Grain, Period, edges, zone

STALE_AFTER = 86_400_000
PEAKS = (
    "max_concurrent_participants",
    "max_concurrent_sessions",
    "max_participants_per_session",
    "max_concurrent_recordings",
)
KEYS = tuple(m.key for m in ALL)

#: Does a connection that subscribes to a track id that it publishes itself consume its own track?
#: By the definition, "every published track of that id", it does.
OWN_TRACKS_ARE_CONSUMED = True

#: Sources whose sessions are days of a room, with names such as ``room/20500``.
WITHOUT_SESSION_IDS = ("daily", "janus", "jitsi")

# What each start event opens and each end event closes.
STARTS = {
    "participant.joined": "presence",
    "track.published": "track",
    "track.subscribed": "subscription",
    "recording.started": "recording",
    "captions.started": "captions",
    "whiteboard.opened": "whiteboard",
    "breakout.opened": "breakout",
}
ENDS = {
    "participant.left": "presence",
    "track.unpublished": "track",
    "track.unsubscribed": "subscription",
    "recording.stopped": "recording",
    "recording.deleted": "recording",
    "captions.stopped": "captions",
    "whiteboard.closed": "whiteboard",
    "breakout.closed": "breakout",
}


class Thing:
    """One object with a timeline: a connection's presence, a track, a subscription, a recording, ..."""

    def __init__(self, what: str, connection: str, subject: str) -> None:
        self.what, self.connection, self.subject = what, connection, subject
        self.since: int | None = None
        #: Instants of all start events.
        self.starts: list[int] = []
        self.spans: list[tuple[int, int]] = []
        #: Recordings only: [length, stored from, stored until or None].
        self.stored: list[list[int | None]] = []

    def open(self, at: int) -> None:
        self.since = at

    def close(self, at: int, *, deleted: bool = False) -> None:
        assert self.since is not None
        assert self.since <= at
        self.spans.append((self.since, at))
        if self.what == "recording" and not deleted:
            self.stored.append([at - self.since, at, None])
        self.since = None

    def delete(self, at: int) -> None:
        for entry in self.stored:
            if entry[2] is None:
                entry[2] = at

    def own_events(self, at: int, types: list[str]) -> bool:
        """Apply the events of one instant, those that change the state first. Return whether an end closed it."""
        starts = [t for t in types if t in STARTS]
        self.starts += [at] * len(starts)
        ends = sorted((t for t in types if t in ENDS), key=lambda t: t == "recording.deleted")
        ended = False
        while (self.since is None and starts) or (self.since is not None and ends):
            if self.since is None:
                starts.pop()
                self.open(at)
            else:
                deleted = ends.pop(0) == "recording.deleted"
                self.close(at, deleted=deleted)
                ended = True
                if deleted:
                    self.delete(at)
        if "recording.deleted" in ends:  # there is nothing open to end, but something may be stored
            self.delete(at)
        return ended

    def covers(self, at: int) -> bool:
        """Return whether a span covers an instant. All spans must be closed."""
        return any(s <= at < e for s, e in self.spans)


class Session:
    """One session, folded: the spans of all its objects. Spans that are open at ``as_of`` end there."""

    def __init__(self, events: list[Event], as_of: int, stale_after: int) -> None:
        events = _with_named_recordings(sorted(events, key=lambda e: (e.time, e.source, e.id)))
        self.subscribes = any(e.type in ("track.subscribed", "track.unsubscribed") for e in events)
        self.room = next(
            (e.room for e in events if e.type in ("session.started", "participant.joined")), ""
        )
        self.persons: dict[str, str] = {}  # connection -> person
        self.kinds: dict[
            tuple[str, str], str
        ] = {}  # (connection, track) -> audio, video or screenshare
        for e in events:
            if e.type == "participant.joined":
                starts = [
                    x
                    for x in events
                    if x.type == "participant.joined"
                    and (x.connection, x.time) == (e.connection, e.time)
                ]
                named = [x.person for x in starts if x.person != x.connection]
                self.persons.setdefault(e.connection, (named or [e.connection])[0])
            elif e.type == "track.published":
                self.kinds.setdefault((e.connection, e.subject), e.detail)
        self.chat = _posts(events, "chat.posted")
        self.qa = _posts(events, "question.posted", "answer.posted")

        self.things: dict[tuple[str, str, str], Thing] = {}
        for at in sorted({e.time for e in events}):
            self._instant(at, [e for e in events if e.time == at])

        #: Objects that are open at ``as_of``.
        self.live: list[Thing] = []
        activity = [e.time for e in events if e.type != "recording.deleted"]
        for thing in self.things.values():
            self._time_out(thing, [*activity, as_of], stale_after)

    def _time_out(self, thing: Thing, activity: list[int], stale_after: int) -> None:
        """Close what no event ends. ``activity``: activity events, then ``as_of``."""
        while thing.since is not None:
            since = thing.since
            for at, following in pairwise(activity):
                if at >= since and following - at >= stale_after:
                    thing.close(at)
                    later = [start for start in thing.starts if start > at]
                    if later:
                        thing.open(min(later))
                    break
            else:  # it is still running: its span ends at as_of, and a recording is not stored yet
                self.live.append(thing)
                thing.spans.append((since, activity[-1]))
                thing.since = None

    def _instant(self, at: int, events: list[Event]) -> None:
        own: dict[tuple[str, str, str], list[str]] = {}
        for e in events:
            what = STARTS.get(e.type) or ENDS.get(e.type)
            if what is None:
                continue
            connection = e.connection if what in ("presence", "track", "subscription") else ""
            key = (what, connection, "" if what == "presence" else e.subject)
            own.setdefault(key, []).append(e.type)
        left = set()
        for key, types in own.items():
            thing = self.things.setdefault(key, Thing(*key))
            if thing.own_events(at, types) and thing.what == "presence":
                left.add(thing.connection)
        over = any(e.type == "session.ended" for e in events)
        for thing in self.things.values():
            gone = thing.what in ("track", "subscription") and thing.connection in left
            if thing.since is not None and thing.since < at and (over or gone):
                thing.close(at)

    def of(self, what: str) -> list[Thing]:
        return [t for t in self.things.values() if t.what == what]

    def instants(self) -> Iterator[int]:
        for thing in self.things.values():
            for span in thing.spans:
                yield from span

    def starts(self) -> list[int]:
        return sorted(s for t in self.of("presence") for s, _ in t.spans)[:1]

    def state(self, at: int) -> dict[str, int]:
        """Return the level of everything that is measured by time, at one instant."""
        present = [t.connection for t in self.of("presence") if t.covers(at)]
        tracks = [t for t in self.of("track") if t.connection in present and t.covers(at)]
        level = dict.fromkeys(KEYS, 0)
        level["participation_minutes"] = len(present)

        def sent(connection: str, ids: set[str] | None = None) -> list[str]:
            """Return the parts that a connection broadcasts, of all its tracks or of those with certain ids."""
            mine = [
                t
                for t in tracks
                if t.connection == connection and (ids is None or t.subject in ids)
            ]
            kinds = {self.kinds[t.connection, t.subject] for t in mine}
            parts = ["screenshare"] if "screenshare" in kinds else []
            if "audio" in kinds and "video" in kinds:
                return ["audio_video", *parts]
            return [k for k in ("audio", "video") if k in kinds] + parts

        broadcast = [part for connection in present for part in sent(connection)]
        if self.subscribes:
            consumed = []
            for receiver in present:
                ids = {
                    s.subject
                    for s in self.of("subscription")
                    if s.connection == receiver and s.covers(at)
                }
                for publisher in present:
                    if publisher != receiver or OWN_TRACKS_ARE_CONSUMED:
                        consumed += sent(publisher, ids)
        else:
            consumed = broadcast * (len(present) - 1)
        for part in PARTS:
            level[f"broadcast_minutes_{part}"] = broadcast.count(part)
            level[f"consumed_minutes_{part}"] = consumed.count(part)
        level["broadcast_minutes"] = len(broadcast)
        level["consumed_minutes"] = len(consumed)

        level["recorded_minutes"] = sum(t.covers(at) for t in self.of("recording"))
        for what in ("captions", "whiteboard", "breakout"):
            level[f"{what}_minutes"] = int(
                bool(present) and any(t.covers(at) for t in self.of(what))
            )

        level["max_concurrent_participants"] = level["max_participants_per_session"] = len(present)
        level["max_concurrent_sessions"] = int(bool(present))
        level["max_concurrent_recordings"] = level["recorded_minutes"]
        return level


class Room(Session):
    """Linked days of a room whose platform does not name sessions."""

    def starts(self) -> list[int]:
        stays = [span for t in self.of("presence") for span in t.spans]
        return sorted({s for s, _ in stays if not any(a < s < b + 60_000 for a, b in stays)})


class _Walk(Session):
    """What is on in a room after each of its instants."""

    def __init__(self) -> None:
        self.things = {}

    def on(self) -> set[tuple[str, str, str]]:
        lasting = ("track", "subscription")
        return {k for k, t in self.things.items() if t.since is not None and t.what not in lasting}

    def ended(self) -> int:
        """How often anything has ended, including what began at the same instant."""
        lasting = ("track", "subscription")
        return sum(len(t.spans) for t in self.things.values() if t.what not in lasting)


def linked(days: list[list[Event]], stale_after: int) -> list[list[Event]]:
    """Return the events of the days of a room, in the parts that are folded together."""
    day_of: dict[tuple, int] = {}
    event_of: dict[tuple, Event] = {}
    for day, events in enumerate(days):
        for e in events:  # what is reported to several days counts in the last of them
            day_of[_content(e)], event_of[_content(e)] = day, e
    part = {day: {day} for day in range(len(days))}
    walk, chain, quiet_since, active = _Walk(), None, None, 0
    for at in sorted({content[0] for content in day_of}):
        here = [content for content in day_of if content[0] == at]
        before = walk.on()
        after = _Walk()
        after.things = {k: _copy(t) for k, t in walk.things.items()}
        after._instant(at, [event_of[content] for content in here])
        if before:
            is_ended = any(after.things[k].spans != walk.things[k].spans for k in before)
            is_linked = at - active < stale_after or (is_ended and at - active < 8 * STALE_AFTER)
        else:
            is_linked = quiet_since is not None and at - quiet_since < 60_000
        if not is_linked:
            chain, quiet_since, before = None, None, set()
            after = _Walk()
            after._instant(at, [event_of[content] for content in here])
        began = bool(after.on() - before) or after.ended() > (walk.ended() if is_linked else 0)
        if is_linked or began:
            for content in here:
                together = part[day_of[content]] | (part[chain] if chain is not None else set())
                for day in together:
                    part[day] = together
                chain = day_of[content]
        if (before or began) and not after.on():
            quiet_since = at
        if any(content[2] != "recording.deleted" for content in here):
            active = at
        walk = after
    parts = {min(members): sorted(members) for members in part.values()}
    return [
        list({_content(e): e for day in members for e in days[day]}.values())
        for members in parts.values()
    ]


def _content(e: Event) -> tuple:
    return e.time, e.source, e.type, e.connection, e.subject, e.person, e.detail


def _copy(thing: Thing) -> Thing:
    copy = Thing(thing.what, thing.connection, thing.subject)
    copy.since, copy.spans = thing.since, list(thing.spans)
    return copy


def _with_named_recordings(events: list[Event]) -> list[Event]:
    """Give recordings that are named by their session the id that another source reports."""
    out, name, running = [], "", False
    named = [e for e in events if e.type == "recording.started" and e.subject != e.session]
    for e in events:
        subject = e.subject
        if e.type.startswith("recording.") and subject == e.session:
            if e.type == "recording.deleted":
                subject = named[0].subject if len({x.subject for x in named}) == 1 else subject
            else:
                if e.type == "recording.started" and not running:
                    near = [x for x in named if x.source != e.source]
                    near = [x for x in near if abs(x.time - e.time) <= 2_000]
                    near.sort(key=lambda x: (abs(x.time - e.time), x.time, x.subject))
                    name = near[0].subject if near else e.session
                subject, running = name or subject, e.type == "recording.started"
        out.append(e._replace(subject=subject))
    return out


def _posts(events: list[Event], *types: str) -> list[int]:
    """Return the instants of posts of some types, from the source that reports most of them."""
    best: list[int] = []
    for source in sorted({e.source for e in events}):
        first: dict[tuple[str, str], int] = {}
        for e in events:
            if e.source == source and e.type in types:
                first.setdefault((e.type, e.subject), e.time)
        if len(first) > len(best):
            best = list(first.values())
    return best


def _touches(span: tuple[int, int], a: int, b: int) -> bool:
    """Return whether ``[s, e)`` touches ``[a, b)``. A span of length zero touches if its instant is in it."""
    s, e = span
    return a <= s < b if s == e else s < b and e > a


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def sessions(
    events: Iterable[Event], *, team: str, as_of: int, stale_after: int = STALE_AFTER
) -> dict[str, Session]:
    """Return the team's folded sessions and rooms. Of duplicates the first counts; events from ``as_of`` on are ignored."""
    unique: dict[tuple[str, str, str], Event] = {}
    for e in events:
        unique.setdefault((e.team, e.source, e.id), e)
    per: dict[str, list[Event]] = {}
    for e in unique.values():
        if e.team == team and e.time < as_of:
            per.setdefault(e.session, []).append(e)
    days: dict[str, list[tuple[int, list[Event]]]] = {}
    for name, its in list(per.items()):
        room = its[0].room
        is_day = name.startswith(f"{room}/") and name[len(room) + 1 :].isdigit()
        if is_day and any(e.source in WITHOUT_SESSION_IDS for e in its):
            days.setdefault(room, []).append((int(name[len(room) + 1 :]), per.pop(name)))
    folded = {name: Session(its, as_of, stale_after) for name, its in per.items()}
    for room, numbered in days.items():
        own = [its for _, its in sorted(numbered, key=lambda day: day[0])]
        for n, its in enumerate(linked(own, stale_after)):
            folded[f"room {room} {n}"] = Room(its, as_of, stale_after)
    return folded


def _bucket(
    folded: list[Session], a: int, b: int, steps: list[tuple[int, int, list[dict[str, int]]]]
) -> tuple[dict, dict, int]:
    """Return all figures of ``[a, b)``, the earliest instants of its peaks, and the estimated part of consumption.

    ``steps`` are the pieces of time between two changes: start, end, and the state of each session.
    """
    row = dict.fromkeys(KEYS, 0)
    peak_at = dict.fromkeys(PEAKS, -1)
    estimated = 0
    for s, e, states in steps:
        if not (a <= s and e <= b):
            continue
        for key in KEYS:
            if key in PEAKS:
                levels = [state[key] for state in states]
                now = (
                    max(levels, default=0) if key == "max_participants_per_session" else sum(levels)
                )
                if now > row[key]:
                    row[key], peak_at[key] = now, s
            else:
                row[key] += sum(state[key] for state in states) * (e - s)
        estimated += sum(
            st["consumed_minutes"] for x, st in zip(folded, states, strict=True) if not x.subscribes
        ) * (e - s)

    stays = [
        (x, t, span)
        for x in folded
        for t in x.of("presence")
        for span in t.spans
        if _touches(span, a, b)
    ]
    row["active_participants"] = len({x.persons[t.connection] for x, t, _ in stays})
    row["active_rooms"] = len({x.room for x, _, _ in stays})
    row["sessions"] = sum(a <= start < b for x in folded for start in x.starts())
    row["chat_posts"] = sum(a <= t < b for x in folded for t in x.chat)
    row["qa_posts"] = sum(a <= t < b for x in folded for t in x.qa)
    kept = [entry for x in folded for t in x.of("recording") for entry in t.stored]
    row["recording_storage_minutes"] = sum(
        n for n, since, until in kept if since < b and not (until is not None and until < b)
    )
    return row, peak_at, estimated


def report(
    events: Iterable[Event],
    *,
    team: str,
    start: date | str,
    last: date | str,
    zone: str = "UTC",
    grain: str = "day",
    as_of: int,
    stale_after: int = STALE_AFTER,
) -> dict:
    """Return every figure of a range: ms for minutes and levels, counts for all others.

    * ``edges``: epoch ms.
    * ``rows``: a dict of all keys per bucket; ``None`` for a bucket without figures: it begins at or after ``as_of``, or
      ends at or before the team's earliest event (or the team has none before ``as_of``).
    * ``total``: the same for the range; its values are ``None`` if the range has no figures for one of these reasons.
    * ``peaks_at``, ``total_at``: the earliest instant of each of the four peaks, -1 for no peak.
    * ``estimated_ms``, ``estimated_total_ms``: the part of ``consumed_minutes``, in ms, from sessions without
      subscription events.
    """
    events = list(events)
    folded = list(sessions(events, team=team, as_of=as_of, stale_after=stale_after).values())
    cut = _edges(start, last, zone, grain)
    first = records_from(events, team=team, as_of=as_of)

    def has_figures(a: int, b: int) -> bool:
        return a < as_of and first is not None and b > first

    changes = {at for x in folded for at in x.instants()} | set(cut) | {as_of}
    inside = sorted(at for at in changes if cut[0] <= at <= min(cut[-1], as_of))
    steps = [(s, e, [x.state(s) for x in folded]) for s, e in pairwise(inside)]

    figures = [
        _bucket(folded, a, min(b, as_of), steps) if has_figures(a, b) else (None, None, None)
        for a, b in pairwise(cut)
    ]
    if has_figures(cut[0], cut[-1]):
        total, total_at, estimated_total = _bucket(folded, cut[0], min(cut[-1], as_of), steps)
    else:
        total, total_at, estimated_total = dict.fromkeys(KEYS), dict.fromkeys(PEAKS, -1), 0
    return {
        "edges": cut,
        "rows": [row for row, _, _ in figures],
        "total": total,
        "peaks_at": [at for _, at, _ in figures],
        "total_at": total_at,
        "estimated_ms": [n for _, _, n in figures],
        "estimated_total_ms": estimated_total,
    }


def _edges(start: date | str, last: date | str, zone_name: str, grain: str) -> list[int]:
    return [
        int(x) for x in edges(Period(_day(start), _day(last) + DAY), Grain(grain), zone(zone_name))
    ]


def records_from(events: Iterable[Event], *, team: str, as_of: int) -> int | None:
    """Return the instant of the team's earliest event before ``as_of``."""
    return min((e.time for e in events if e.team == team and e.time < as_of), default=None)


def not_supplied(
    events: Iterable[Event], *, team: str, as_of: int, lacking: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """Return the metrics that none of the sources known at ``as_of`` can supply.

    ``lacking``: what each source cannot supply; one that is not named supplies everything.
    """
    names = {e.source for e in events if e.team == team and e.time < as_of}
    return frozenset(
        key for key in KEYS if names and all(key in lacking.get(name, ()) for name in names)
    )


def live(
    events: Iterable[Event], *, team: str, as_of: int, stale_after: int = STALE_AFTER
) -> dict[str, int]:
    """Return open presences, sessions with at least one, and sessions with a running recording, at ``as_of``."""
    folded = sessions(events, team=team, as_of=as_of, stale_after=stale_after).values()
    present = [sum(t.what == "presence" for t in x.live) for x in folded]
    return {
        "live_participants": sum(present),
        "live_sessions": sum(n > 0 for n in present),
        "active_recordings": sum(any(t.what == "recording" for t in x.live) for x in folded),
    }
