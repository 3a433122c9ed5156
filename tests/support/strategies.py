"""Hypothesis strategies for hostile but valid events.

All values come from small pools, so that ties, collisions and border cases are common. ``histories`` gives unique
events, ``deliveries`` an order to deliver them in (with repeats), ``questions`` the arguments of a report, and
``scenes`` a history with a question about it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from support.harness import TEAM, event
from usage_report.core.events import Event, instant
from usage_report.sources import room_days

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

#: First days: an ordinary one, then days near a change of clocks (Berlin in March and October, Lord Howe in April).
BASES = ("2026-03-02", "2026-03-28", "2026-10-24", "2026-04-04")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
SOURCES = ("alpha", "beta")
KINDS = ("audio", "video", "screenshare")

# Minutes of a day at or next to the edge of a bucket: midnight (also that of Kolkata, 18:30, and of Kathmandu, 18:15),
# hours, quarter hours, and two minutes that are at no edge.
_MINUTES = (
    0,
    1,
    15,
    59,
    60,
    67,
    75,
    10 * 60,
    18 * 60 + 15,
    18 * 60 + 30,
    22 * 60,
    23 * 60,
    23 * 60 + 45,
)
_JITTER = (0, 0, 0, 1, -1, 1_234)

sessions = st.sampled_from(("s-1", "s-1", "s-2", "s-3"))
rooms = st.sampled_from(("r-1", "r-2"))
connections = st.sampled_from(("c-1", "c-2", "c-3"))
persons = st.sampled_from(("ana", "bo", "cy"))
tracks = st.sampled_from(("t-1", "t-2", "t-3"))
recordings = st.sampled_from(("rec-1", "rec-2"))


@st.composite
def clocks(draw: st.DrawFn, base: str) -> list[int]:
    """A few instants (epoch ms, rising) within a week of ``base``, shared by all events of a history.

    Half of the histories are of one or two days. In the others, gaps longer than the inactivity timeout are common.
    """
    days = st.sampled_from(draw(st.sampled_from(((0, 0, 0, 1, 1), (0, 0, 2, 3, 6)))))
    moments = st.builds(
        lambda day, minute, jitter: day * DAY + minute * MINUTE + jitter,
        days,
        st.sampled_from(_MINUTES),
        st.sampled_from(_JITTER),
    )
    zero = instant(f"{base}T00:00:00Z")
    return sorted({zero + m for m in draw(st.lists(moments, min_size=2, max_size=9))})


@st.composite
def _items(draw: st.DrawFn, times: list[int]) -> list[tuple[str, int, dict[str, Any]]]:
    """One thing that happens: usually a start and an end, either of which may be lost; or a single event."""
    start, end = sorted((draw(st.sampled_from(times)), draw(st.sampled_from(times))))
    where = {"session": draw(sessions), "room": draw(rooms)}
    what = draw(st.sampled_from(
        ("guest", "guest", "guest", "stay", "stay", "track", "track", "subscription", "recording", "recording", "toggle", "post", "session")
    ))  # fmt: skip
    if what == "guest":  # a whole stay with tracks, which end when it does
        c = where | {"connection": draw(connections)}
        sent = draw(st.lists(st.tuples(tracks, st.sampled_from(KINDS)), min_size=1, max_size=3))
        pair = [
            ("participant.left", end, c),
            ("participant.joined", start, c | {"participant": draw(persons)}),
        ]
        pair += [("track.published", start, c | {"track": t, "kind": k}) for t, k in sent]
    elif what == "stay":
        c = where | {"connection": draw(connections)}
        pair = [
            ("participant.joined", start, c | {"participant": draw(persons)}),
            ("participant.left", end, c),
        ]
    elif what == "track":
        c = where | {"connection": draw(connections), "track": draw(tracks)}
        pair = [
            ("track.published", start, c | {"kind": draw(st.sampled_from(KINDS))}),
            ("track.unpublished", end, c),
        ]
    elif what == "subscription":
        c = where | {"connection": draw(connections), "track": draw(tracks)}
        pair = [("track.subscribed", start, c), ("track.unsubscribed", end, c)]
    elif what == "recording":
        # Some have the id of their session, as recordings without an id have.
        r = where | {"recording": draw(recordings | st.just(where["session"]))}
        pair = [
            ("recording.started", start, r),
            (draw(st.sampled_from(("recording.stopped", "recording.deleted"))), end, r),
        ]
        if draw(st.booleans()):
            long_after = st.sampled_from((2 * HOUR, 2 * DAY, 30 * DAY)).map(lambda t: times[-1] + t)
            pair.append(("recording.deleted", draw(st.sampled_from(times) | long_after), r))
    elif what == "toggle":
        on, off, more = draw(st.sampled_from((
            ("captions.started", "captions.stopped", {}),
            ("whiteboard.opened", "whiteboard.closed", {}),
            ("whiteboard.opened", "whiteboard.closed", {"whiteboard": "w-2"}),
            ("breakout.opened", "breakout.closed", {"breakout": "b-1"}),
            ("breakout.opened", "breakout.closed", {"breakout": "b-2"}),
        )))  # fmt: skip
        pair = [(on, start, where | more), (off, end, where | more)]
    elif what == "post":
        p = where | {
            "post": draw(st.sampled_from(("p-1", "p-2"))),
            "visibility": draw(st.sampled_from(("public", "private"))),
        }
        pair = [
            (draw(st.sampled_from(("chat.posted", "question.posted", "answer.posted"))), start, p)
        ]
    else:
        pair = [
            (
                draw(st.sampled_from(("session.started", "session.ended", "session.ended"))),
                start,
                where,
            )
        ]
    lost = draw(st.sampled_from((None, None, None, 0, 1, 1)))
    return [e for i, e in enumerate(pair) if i != lost]


@st.composite
def _meetings(draw: st.DrawFn, times: list[int]) -> list[tuple[str, int, dict[str, Any]]]:
    """Two or three people in one session with all features in use, so that other events have something to disturb."""
    moment = st.sampled_from(times)
    where = {"session": draw(sessions), "room": draw(rooms)}
    subscribes = draw(st.sampled_from((False, False, True)))
    out: list[tuple[str, int, dict[str, Any]]] = []
    for n in range(1, draw(st.integers(2, 3)) + 1):
        start, end = sorted((draw(moment), draw(moment)))
        c = where | {"connection": f"c-{n}"}
        out.append(("participant.joined", start, c | {"participant": draw(persons)}))
        sent = draw(
            st.sampled_from(
                (
                    ("audio", "video"),
                    ("audio", "video"),
                    ("audio",),
                    ("video", "screenshare"),
                    ("screenshare",),
                    (),
                )
            )
        )
        out += [
            ("track.published", start, c | {"track": f"t-{n}-{kind}", "kind": kind})
            for kind in sent
        ]
        if subscribes:
            out += [
                ("track.subscribed", draw(moment), c | {"track": f"t-{n % 3 + 1}-{kind}"})
                for kind in KINDS
            ]
        out.append(("participant.left", end, c))
    for on in draw(
        st.lists(
            st.sampled_from(
                ("captions.started", "whiteboard.opened", "breakout.opened", "chat.posted")
            ),
            max_size=3,
        )
    ):
        more = (
            {"breakout": "b-1"}
            if on[0] == "b"
            else {"post": "p-3", "visibility": "public"}
            if on == "chat.posted"
            else {}
        )
        out.append((on, times[0], where | more))
    return out


@st.composite
def histories(draw: st.DrawFn, times: list[int], max_size: int = 16) -> list[Event]:
    """Unique events at some of ``times``, in any order: lost leaves, double joins, ends without starts, early ends.

    Two sources number their events independently. A few events belong to another team that uses the same names.
    """
    out: list[Event] = []
    items = draw(st.lists(_items(times), min_size=min(6, max_size), max_size=max_size))
    for item in draw(st.lists(_meetings(times), max_size=2)) + items:
        source = draw(st.sampled_from(SOURCES))
        team = draw(st.sampled_from((TEAM, TEAM, TEAM, TEAM, TEAM, "other")))
        # Ids break ties, so their order must not always agree with the order of the events.
        for type, at, data in item:
            out.append(
                event(type, at, f"{len(out) * 7919 % 1000:03d}", source=source, team=team, **data)
            )
    return out


@st.composite
def deliveries(draw: st.DrawFn, events: list[Event]) -> list[Event]:
    """The same events in another order, some of them repeated."""
    again = draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    return draw(st.permutations(events + again))


@st.composite
def questions(draw: st.DrawFn, base: str, times: list[int]) -> dict[str, Any]:
    """Keyword arguments of ``oracle.report`` for a range around ``base``; ``as_of`` often lies within the range."""
    first = date.fromisoformat(base) + timedelta(days=draw(st.sampled_from((0, 0, 0, -1, 1))))
    end = times[-1]
    as_of = draw(st.one_of(
        st.sampled_from((end + 1, end + HOUR, end + DAY - 1, end + DAY, end + 40 * DAY)),
        st.sampled_from(times),
        st.sampled_from(times).map(lambda t: t + DAY),
        st.integers(times[0] - HOUR, end + 2 * DAY),
    ))  # fmt: skip
    return {
        "team": TEAM,
        "start": first,
        "last": first + timedelta(days=draw(st.integers(0, 3))),
        "zone": draw(st.sampled_from(ZONES)),
        "grain": draw(st.sampled_from(("day", "day", "hour", "week", "month"))),
        "as_of": as_of,
        "stale_after": draw(st.sampled_from((DAY, DAY, DAY, HOUR, 2 * DAY))),
    }


#: Sources without session ids, and minutes from the instant at which their days turn (04:00 UTC).
UNNAMED_SOURCES = ("jitsi", "jitsi", "janus", "daily")
_FROM_THE_TURN = (-300, -61, -2, -1, 0, 0, 1, 2, 30, 60, 400, 700)
_NEAR_EMPTY = (0, 0, 1, -1, 30_000, 59_999, 60_000, 60_001)


@st.composite
def room_histories(draw: st.DrawFn, times: list[int]) -> list[Event]:
    """Stays in rooms whose platform names no sessions: leaves that are lost, or reported to two days."""
    out: list[Event] = []

    def add(type: str, at: int, began: int, **data: Any) -> None:
        room, source = data["room"], data.pop("source")
        session = room_days.session(room, began)
        id = f"{len(out) * 7919 % 1000:03d}"
        out.append(event(type, at, id, source=source, session=session, **data))

    for _ in range(draw(st.integers(1, 9))):
        start, end = sorted((draw(st.sampled_from(times)), draw(st.sampled_from(times))))
        who = draw(st.sampled_from((("c-1", "ana"), ("c-2", "bo"), ("c-3", "cy"), ("c-4", "ana"))))
        room = {"room": draw(rooms), "source": draw(st.sampled_from(UNNAMED_SOURCES))}
        where = room | {"connection": who[0]}
        add("participant.joined", start, start, participant=who[1], **where)
        for kind in draw(st.sampled_from(((), ("audio",), ("audio", "video")))):
            at = draw(st.sampled_from((start, end)))
            add("track.published", at, start, track=f"{who[0]}-{kind}", kind=kind, **where)
        for began in draw(st.sampled_from(((start,), (start,), (start, end), (end,), ()))):
            add("participant.left", end, began, **where)
        what = draw(st.sampled_from(("", "", "", "breakout", "ended")))
        if what == "breakout":
            add("breakout.opened", start, start, breakout="b", **room)
            if draw(st.booleans()):
                add("breakout.closed", end, start, breakout="b", **room)
        elif what == "ended":
            add("session.ended", end, draw(st.sampled_from((start, end))), **room)
    return out


@st.composite
def room_scenes(draw: st.DrawFn) -> tuple[list[Event], dict[str, Any]]:
    """A history of rooms without session ids around 04:00 UTC, and a question about it."""
    base = draw(st.sampled_from(BASES))
    turn = instant(f"{base}T04:00:00Z")
    moments = st.builds(
        lambda day, minute, ms: turn + day * DAY + minute * MINUTE + ms,
        st.sampled_from((0, 0, 0, 1, 1, 2)),
        st.sampled_from(_FROM_THE_TURN),
        st.sampled_from(_NEAR_EMPTY),
    )
    times = sorted(set(draw(st.lists(moments, min_size=3, max_size=9))))
    return draw(room_histories(times)), draw(questions(base, times))


@st.composite
def scenes(draw: st.DrawFn, max_size: int = 16) -> tuple[list[Event], dict[str, Any]]:
    """A history and a question about it."""
    base = draw(st.sampled_from(BASES))
    times = draw(clocks(base))
    return draw(histories(times, max_size)), draw(questions(base, times))
