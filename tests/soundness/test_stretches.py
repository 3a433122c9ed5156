"""Platforms without session ids: a session is an unbroken stretch of presence in a room.

Payloads of Daily, Janus and Jitsi go in, figures come out. Their events are kept by the day of a room, which turns at
04:00 UTC; no figure may show it. All times are UTC on 2 March 2026 unless a date is given.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from support import databases, product
from support.harness import NOW, TEAM, check, run_live
from usage_report.core.events import Event, instant
from usage_report.ingest import pipeline
from usage_report.reporting.reader import Reader
from usage_report.sources import registry
from usage_report.sources.contract import Context, Delivery

PLATFORMS = ("daily", "janus", "jitsi")
every_platform = pytest.mark.parametrize("platform", PLATFORMS)
_ids = itertools.count()


def ms(time: str) -> int:
    return instant(time if "T" in time else f"2026-03-02T{time}Z")


def daily(start: int, end: int | None, who: str) -> Iterator[dict]:
    about = {"room": "den", "session_id": f"{who}@{start}", "user_id": who}
    about["joined_at"] = start / 1000
    yield {"type": "participant.joined", "payload": about}
    if end is not None:
        yield {"type": "participant.left", "payload": about | {"duration": (end - start) / 1000}}


def janus(start: int, end: int | None, who: str) -> Iterator[dict]:
    for name, at in (("joined", start), ("leaving", end)):
        if at is not None:
            data = {"event": name, "room": "den", "id": who}
            event = {"plugin": "janus.plugin.videoroom", "data": data}
            yield {"type": 64, "emitter": "", "timestamp": at * 1000, "event": event}


def jitsi(start: int, end: int | None, who: str) -> Iterator[dict]:
    occupant = {"occupant_jid": f"{who}@{start}", "id": who, "joined_at": start / 1000}
    about = {"room_jid": "den", "room_name": "den", "is_breakout": False}
    yield {"event_name": "muc-occupant-joined", "occupant": occupant} | about
    if end is not None:
        occupant = occupant | {"left_at": end / 1000}
        yield {"event_name": "muc-occupant-left", "occupant": occupant} | about


def stays(platform: str, *spans: tuple[str, str | None, str]) -> list[Event]:
    """The events of stays: start, end (``None`` for one that is still running), person."""
    events: list[Event] = []
    for start, end, who in spans:
        for body in globals()[platform](ms(start), ms(end) if end else None, who):
            body |= {"id": f"e-{next(_ids)}", "event_ts": 0} if platform == "daily" else {}
            delivery = Delivery(json.dumps(body).encode(), {}, "", NOW)
            source = registry.platforms()[platform]
            events += source.translate(delivery, Context(NOW, TEAM))  # type: ignore[arg-type]
    assert all(type(event) is Event for event in events), events
    return events


@every_platform
@pytest.mark.parametrize(
    ("again", "sessions"), [("10:00:59.999", 1), ("10:01:00", 2), ("10:01:00.001", 2)]
)
def test_a_session_ends_once_the_room_has_been_empty_for_a_minute(platform, again, sessions):
    """Ana 09:30 to 10:00, Bo from ``again`` to 11:00: within the minute it is one session."""
    events = stays(platform, ("09:30:00", "10:00:00", "ana"), (again, "11:00:00", "bo"))
    expected = {
        "sessions": sessions,
        "max_participants_per_session": 1,
        "max_concurrent_sessions": 1,
        "active_rooms": 1,
        "active_participants": 2,
    }
    check(events, expected, start="2026-03-02")


@every_platform
def test_three_meetings_of_a_room_on_one_day(platform):
    """08:00 to 08:30 with two people, 12:00 to 12:10 with one, 12:10:30 to 12:20 the same meeting, 20:00 with one."""
    events = stays(
        platform,
        ("08:00:00", "08:30:00", "ana"),
        ("08:10:00", "08:20:00", "bo"),
        ("12:00:00", "12:10:00", "cy"),
        ("12:10:30", "12:20:00", "ana"),
        ("20:00:00", "20:30:00", "bo"),
    )
    expected = {"sessions": 3, "participation_minutes": 30 + 10 + 10 + 9.5 + 30}
    answer = check(
        events, expected | {"max_participants_per_session": 2}, start="2026-03-02", grain="hour"
    )
    started = {hour: row["sessions"] for hour, row in enumerate(answer["rows"]) if row}
    assert started == {hour: int(hour in (8, 12, 20)) for hour in range(8, 24)}


@every_platform
def test_a_meeting_across_the_turn_of_the_day_is_one_session(platform):
    """Ana 03:30 to 04:30, Bo 04:10 to 05:00, Cy after 20 s of emptiness until 05:10.

    One session that starts at 03:30; two are present at 04:10 to 04:30.
    """
    events = stays(
        platform,
        ("03:30:00", "04:30:00", "ana"),
        ("04:10:00", "05:00:00", "bo"),
        ("05:00:20", "05:10:00", "cy"),
    )
    expected = {
        "sessions": 1,
        "participation_minutes": 60 + 50 + 9 + 40 / 60,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "max_concurrent_participants": 2,
    }
    query = {"start": "2026-03-02", "grain": "hour"}
    for order in (events, events[::-1]):
        answer = check(order, expected, **query)
        assert answer["rows"][:3] == [None] * 3  # no records
        assert [row["sessions"] for row in answer["rows"][3:]] == [1] + [0] * 20


@every_platform
def test_across_midnight_and_a_change_of_clocks_a_session_counts_on_the_day_it_starts(platform):
    """23:30 on 28 March to 05:30 on the 29th, Berlin (UTC+1, then +2): six hours less the one that is skipped."""
    events = stays(
        platform,
        ("2026-03-28T22:30:00Z", "2026-03-29T03:30:00Z", "ana"),
        ("2026-03-29T03:30:30Z", "2026-03-29T05:00:00Z", "bo"),
    )
    answer = check(
        events,
        {"sessions": 1, "participation_minutes": 300 + 89.5},
        start="2026-03-28",
        last="2026-03-29",
        zone="Europe/Berlin",
    )
    assert [row["sessions"] for row in answer["rows"]] == [1, 0]


@every_platform
def test_live(platform):
    """Ana 03:30 to 04:30, Bo since 04:10, and in between: who is there, and since when the session runs."""
    events = stays(platform, ("03:30:00", "04:30:00", "ana"), ("04:10:00", None, "bo"))
    for time, people in (("03:50:00", 1), ("04:20:00", 2), ("04:50:00", 1)):
        expected = {"live_participants": people, "live_sessions": 1, "active_recordings": 0}
        assert run_live(events, team=TEAM, as_of=ms(time)) == expected
        for engine in product.ENGINES.values():
            (session,) = Reader(engine, 86_400_000).live(TEAM, ms(time)).sessions
            assert session.session == "den@2026-03-02T03:30:00Z"
            assert (session.since, session.peak) == (ms("03:30:00"), 1 + (time > "04:10:00"))


@every_platform
def test_an_empty_room_is_not_live_and_an_earlier_meeting_is_not_part_of_the_one_that_is(platform):
    """Two people until 10:00; Ana again from 12:00."""
    events = stays(
        platform,
        ("09:00:00", "10:00:00", "ana"),
        ("09:00:00", "10:00:00", "bo"),
        ("12:00:00", None, "ana"),
    )
    empty = {"live_participants": 0, "live_sessions": 0, "active_recordings": 0}
    assert run_live(events, team=TEAM, as_of=ms("10:00:30")) == empty
    now = {"live_participants": 1, "live_sessions": 1, "active_recordings": 0}
    assert run_live(events, team=TEAM, as_of=ms("12:30:00")) == now
    for engine in product.ENGINES.values():
        (session,) = Reader(engine, 86_400_000).live(TEAM, ms("12:30:00")).sessions
        assert (session.since, session.people, session.peak) == (ms("12:00:00"), 1, 1)


@pytest.mark.parametrize("platform", ["daily", "jitsi"])
def test_a_late_stay_links_two_sessions(platform):
    """Ana 03:30 to 03:40 and Bo 04:30:30 to 04:40 are two sessions until Cy's stay from 03:35 to 04:30 is known."""
    apart = stays(platform, ("03:30:00", "03:40:00", "ana"), ("04:30:30", "04:40:00", "bo"))
    between = stays(platform, ("03:35:00", "04:30:00", "cy"))
    question = {"team": TEAM, "start": "2026-03-02", "last": "2026-03-02", "as_of": NOW}
    for engine in product.ENGINES.values():
        databases.wipe(engine)
        for batch, sessions in ((apart, 2), (between, 1)):
            product.feed(engine, batch)
            assert product.answer(engine, question)["total"]["sessions"] == sessions
        assert pipeline.rebuild(engine, TEAM) is True


def test_those_who_joined_on_both_sides_of_the_turn_receive_each_other():
    """Janus: Ana 03:30 to 05:00 with a camera, Bo 04:10 to 04:40: Bo consumes 30 minutes, estimated."""
    events = stays("janus", ("03:30:00", "05:00:00", "ana"), ("04:10:00", "04:40:00", "bo"))
    data = {"event": "published", "room": "den", "id": "ana", "streams": [{"type": "video"}]}
    event = {"plugin": "janus.plugin.videoroom", "data": data}
    body = {"type": 64, "emitter": "", "timestamp": ms("03:30:01") * 1000, "event": event}
    delivery = Delivery(json.dumps(body).encode(), {}, "", NOW)
    events += registry.platforms()["janus"].translate(delivery, Context(NOW, TEAM))  # type: ignore[arg-type]
    expected = {"sessions": 1, "broadcast_minutes_video": 90 - 1 / 60, "consumed_minutes_video": 30}
    check(events, expected, start="2026-03-02")


def test_a_connection_that_returns_after_a_lost_leave_counts_once():
    """Janus: Ana joins at 03:30; her leave is lost. She joins again at 04:10 under the same id and leaves at 05:00.

    The leave is reported to both days, so both stays end then: one connection for 90 minutes.
    """
    events = stays("janus", ("03:30:00", None, "ana"), ("04:10:00", "05:00:00", "ana"))
    expected = {
        "sessions": 1,
        "participation_minutes": 90,
        "max_concurrent_participants": 1,
        "max_participants_per_session": 1,
    }
    check(events, expected, start="2026-03-02")
    moment = {"live_participants": 1, "live_sessions": 1, "active_recordings": 0}
    assert run_live(events, team=TEAM, as_of=ms("04:30:00")) == moment


@every_platform
@pytest.mark.parametrize("end", ["08:30:00", "12:30:00", "2026-03-04T13:00:00Z"])
def test_a_stay_ends_with_its_end_on_whichever_day_it_is_reported(platform, end):
    """Ana joins at 03:30, half an hour before the day of a room turns. Nothing else happens in the room."""
    events = stays(platform, ("03:30:00", end, "ana"))
    minutes = (ms(end) - ms("03:30:00")) / 60_000
    question = {"start": "2026-03-02", "last": "2026-03-05"}
    check(events, {"sessions": 1, "participation_minutes": minutes}, **question)
    check(events[::-1], {"sessions": 1, "participation_minutes": minutes}, **question)
    present = {"live_participants": 1, "live_sessions": 1, "active_recordings": 0}
    assert run_live(events, team=TEAM, as_of=ms("08:00:00")) == present
    gone = {"live_participants": 0, "live_sessions": 0, "active_recordings": 0}
    assert run_live(events, team=TEAM, as_of=ms(end) + 1) == gone


def test_tracks_of_the_next_day_belong_to_a_stay():
    """Janus: Ana is in the room from 03:30 to 14:00 and sends video from 13:00."""
    events = stays("janus", ("03:30:00", "14:00:00", "ana"))
    data = {"event": "published", "room": "den", "id": "ana", "streams": [{"type": "video"}]}
    event = {"plugin": "janus.plugin.videoroom", "data": data}
    body = {"type": 64, "emitter": "", "timestamp": ms("13:00:00") * 1000, "event": event}
    delivery = Delivery(json.dumps(body).encode(), {}, "", NOW)
    events += registry.platforms()["janus"].translate(delivery, Context(NOW, TEAM))  # type: ignore[arg-type]
    expected = {"participation_minutes": 630, "broadcast_minutes_video": 60}
    check(events, expected, start="2026-03-02")


@every_platform
def test_activity_of_the_next_day_keeps_a_stay_open(platform):
    """Ana joins on the 2nd at 10:00, Bo on the 3rd at 09:00, and both stay: at 10:30, Ana is still there."""
    events = stays(platform, ("10:00:00", None, "ana"), ("2026-03-03T09:00:00Z", None, "bo"))
    for time, minutes in (("09:59:00", 1439 + 59), ("10:30:00", 1470 + 90)):
        as_of = f"2026-03-03T{time}Z"
        check(
            events,
            {"sessions": 1, "participation_minutes": minutes},
            start="2026-03-02",
            last="2026-03-03",
            as_of=as_of,
        )
        present = {"live_participants": 2, "live_sessions": 1, "active_recordings": 0}
        assert run_live(events, team=TEAM, as_of=instant(as_of)) == present


@every_platform
def test_a_lost_leave_is_closed_by_the_first_gap_of_the_room(platform):
    """Ana joins on the 2nd at 10:00 and her leave is lost. Bo comes on the 3rd, 09:00 to 09:30, and again on the 5th.

    The first gap of 24 h begins at 09:30 on the 3rd, so Ana counts until then. It is one session, and another on the 5th.
    """
    events = stays(
        platform,
        ("10:00:00", None, "ana"),
        ("2026-03-03T09:00:00Z", "2026-03-03T09:30:00Z", "bo"),
        ("2026-03-05T09:00:00Z", "2026-03-05T09:30:00Z", "bo"),
    )
    expected = {"sessions": 2, "participation_minutes": 23.5 * 60 + 30 + 30}
    question = {"start": "2026-03-02", "last": "2026-03-06"}
    for order in (events, events[::-1]):
        answer = check(order, expected, **question)
        assert [row["sessions"] for row in answer["rows"]] == [1, 0, 0, 1, 0]


def test_a_late_leave_parts_linked_days(engine):
    """Janus: Ana joins on the 2nd at 10:00; Bo is there on the 3rd. Then Ana's leave of 11:00 on the 2nd arrives."""
    bo = ("2026-03-03T09:00:00Z", "2026-03-03T09:30:00Z", "bo")
    product.feed(engine, stays("janus", ("10:00:00", None, "ana"), bo))
    question = {"team": TEAM, "start": "2026-03-02", "last": "2026-03-04", "as_of": NOW}

    def figures() -> tuple[int, int]:
        total = product.answer(engine, question)["total"]
        return total["sessions"], total["participation_minutes"] // 60_000

    assert figures() == (1, 23 * 60 + 30 + 30)
    product.feed(engine, stays("janus", ("10:00:00", "11:00:00", "ana"))[1:])
    assert figures() == (2, 60 + 30)
    assert pipeline.rebuild(engine, TEAM) is True
