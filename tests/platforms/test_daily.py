"""Daily: its signature, and what its events become."""

import base64
import hashlib
import hmac
import json

import pytest

from platforms.reading import Reading
from platforms.samples import URL
from platforms.samples.daily import (
    MEETING_ID,
    NOW,
    ROOM,
    SECRET,
    TEN,
    event,
    person,
    sign,
)
from support.harness import ask, expect
from usage_report.core.events import iso
from usage_report.sources import room_days
from usage_report.sources.contract import Delivery
from usage_report.sources.webhooks import daily

reading = Reading(daily.SOURCE)
one, type_and_time, quarantine_reason, events = (
    reading.one,
    reading.type_and_time,
    reading.quarantine_reason,
    reading.events,
)

# The example in the documentation.
PUBLISHED = {
    "version": "1.0",
    "type": "participant.joined",
    "id": "evt_123456789",
    "event_ts": 1757383550,
    "payload": {
        "joined_at": 1757383550,
        "session_id": "participant_abc123def456",
        "room": "room-name",
        "user_id": "session_user123",
        "user_name": "Joao Silva",
        "owner": False,
    },
}


# The signature


@pytest.mark.parametrize("when", [str(NOW), str(NOW // 1000)])
def test_a_signature_computed_by_hand_is_accepted(when):
    body = json.dumps(PUBLISHED).encode()
    signature = base64.b64encode(
        hmac.new(base64.b64decode(SECRET), f"{when}.".encode() + body, hashlib.sha256).digest()
    ).decode()
    daily.SOURCE.verify(
        Delivery(body, {"x-webhook-timestamp": when, "x-webhook-signature": signature}, URL, NOW),
        SECRET,
    )


def test_each_fault_of_the_signature_has_its_own_message():
    good = sign(b"{}")

    def rejection(delivery: Delivery, secret: str = SECRET) -> str:
        return reading.rejection(delivery, secret)

    assert "does not fit" in rejection(good._replace(body=b"{ }"))
    assert "does not fit" in rejection(sign(b"{}", key=b"wrong"))
    # The key is what the secret decodes to, not its text.
    assert "does not fit" in rejection(sign(b"{}", key=SECRET.encode()))
    assert "does not fit" in rejection(
        good._replace(headers={**good.headers, "x-webhook-timestamp": str(NOW + 1)})
    )
    assert "does not fit" in rejection(good._replace(headers={"x-webhook-timestamp": str(NOW)}))
    assert "not base64" in rejection(
        good._replace(headers={**good.headers, "x-webhook-signature": "!"})
    )
    assert "not base64" in rejection(good, "not base64!")
    assert "no secret" in rejection(sign(b"{}", key=b"x"), "")
    assert "five minutes" in rejection(good._replace(received=NOW + 300_001))
    assert "is not a number" in rejection(good._replace(headers={}))


def test_the_unsigned_test_at_creation_is_accepted_and_ignored():
    for body in (b'{"test":"test"}', b'{ "test": "test" }'):
        daily.SOURCE.verify(Delivery(body, {}, URL, NOW), SECRET)
        assert reading.translate(body) == []
    for body in (
        b'{"test":"test","type":"meeting.ended"}',
        b'{"test":"other"}',
        b'{"test":"test"',
        b'["test"]',
    ):
        assert reading.rejection(Delivery(body, {}, URL, NOW), SECRET)


# The events


def test_the_documented_example():
    found = one(PUBLISHED)
    assert (found.id, found.type, found.time) == (
        "evt_123456789",
        "participant.joined",
        1757383550_000,
    )
    assert (found.session, found.room, found.connection, found.person) == (
        room_days.session("room-name", 1757383550_000),
        "room-name",
        "participant_abc123def456",
        "session_user123",
    )
    assert found.name == "Joao Silva"


@pytest.mark.parametrize(("seconds", "ms"), [(1708972279.96, 1708972279960), (1708972279.001, 1708972279001), (1708972279.9999, 1708972279999),
                                             (1708972279, 1708972279000), ("1708972279.5", 1708972279500)])  # fmt: skip
def test_fractions_of_seconds_are_exact(seconds, ms):
    assert (
        type_and_time(
            event("participant.joined", 0, **person("ana", "p1", 0) | {"joined_at": seconds})
        )[1]
        == ms
    )


def test_a_leave_is_at_the_join_plus_the_duration():
    stay = person("ana", "p1", 0) | {"joined_at": 1708972279.96, "duration": 12.345}
    assert type_and_time(event("participant.left", 5, **stay)) == (
        "participant.left",
        1708972292305,
    )
    assert type_and_time(event("participant.left", 5, **stay | {"duration": 0})) == (
        "participant.left",
        1708972279960,
    )
    # Without a duration, at the time of sending.
    assert type_and_time(event("participant.left", 5, **person("ana", "p1", 0))) == (
        "participant.left",
        TEN * 1000 + 301_346,
    )
    # Without the join, in every session in which it may have been: at 10:00 that of the day, and of the day before.
    at = {k: v for k, v in person("ana", "p1", 0).items() if k != "joined_at"}
    assert [(e.time, e.session) for e in events(event("participant.left", 5, **at))] == [
        (TEN * 1000 + 301_346, room_days.session(ROOM, NOW)), (TEN * 1000 + 301_346, room_days.session(ROOM, NOW - room_days.DAY_MS))
    ]  # fmt: skip


def test_meetings_start_and_end_the_session_of_their_room():
    began = one(event("meeting.started", 0, start_ts=TEN, meeting_id=MEETING_ID, room=ROOM))
    ended = one(
        event(
            "meeting.ended", 31, start_ts=TEN, end_ts=TEN + 1800.5, meeting_id=MEETING_ID, room=ROOM
        )
    )
    assert (began.type, began.session, began.time) == (
        "session.started",
        room_days.session(ROOM, NOW),
        TEN * 1000,
    )
    assert (ended.type, ended.session, ended.time) == (
        "session.ended",
        room_days.session(ROOM, NOW),
        (TEN + 1800) * 1000 + 500,
    )


def test_two_meetings_of_a_room_have_exact_minutes_and_peaks():
    """They are two sessions. The end of the first meeting makes up for a lost leave."""
    bodies = [
        event("meeting.started", 0, start_ts=TEN, meeting_id="m1", room=ROOM),
        event("participant.joined", 0, **person("ana", "p1", 0)),
        event("participant.joined", 0, **person("bo", "p2", 0)),
        event("participant.left", 10, **person("bo", "p2", 0, 10)),
        event("meeting.ended", 12, start_ts=TEN, end_ts=TEN + 720, meeting_id="m1", room=ROOM),
        event("meeting.started", 20, start_ts=TEN + 1200, meeting_id="m2", room=ROOM),
        event("participant.joined", 20, **person("bo", "p3", 20)),
        event("participant.left", 25, **person("bo", "p3", 20, 5)),
        event(
            "meeting.ended", 25, start_ts=TEN + 1200, end_ts=TEN + 1500, meeting_id="m2", room=ROOM
        ),
    ]
    found = [e for body in bodies for e in events(body)]
    expected = {"participation_minutes": 27, "sessions": 2, "max_concurrent_participants": 2, "max_participants_per_session": 2, "max_concurrent_sessions": 1,
                "active_participants": 2, "active_rooms": 1}  # fmt: skip
    for order in (found, found[::-1]):
        expect(ask(order, start="2026-03-02", as_of=NOW), expected)
    assert "sessions" not in daily.SOURCE.cannot_supply


def test_a_room_in_permanent_use_is_kept_by_the_day():
    """So what every event folds again stays small, and a lost leave does not last until the room is empty."""
    stays = [
        event("participant.joined", 1440 * n, **person("ana", f"p{n}", 1440 * n))
        for n in range(-400, 1)
    ]
    found = [one(body) for body in stays]
    assert len({e.session for e in found}) == 401
    assert {e.room for e in found} == {ROOM}


def test_a_meeting_across_the_turn_of_the_day_ends_in_both_days():
    """It lasts from 03:00 to 05:30, and no leave arrives."""
    day = TEN - 10 * 3600
    bodies = [
        event("participant.joined", 0, **person("ana", "p1", -420)),
        event("participant.joined", 0, **person("bo", "p2", -330)),
        event(
            "meeting.ended",
            0,
            start_ts=day + 3 * 3600,
            end_ts=day + 5.5 * 3600,
            meeting_id="m1",
            room=ROOM,
        ),
    ]
    found = [e for body in bodies for e in events(body)]
    assert [e.type for e in found] == ["participant.joined"] * 2 + ["session.ended"] * 2
    assert {e.session for e in found[:2]} == {e.session for e in found[2:]}
    expect(
        ask(found, start=iso(NOW)[:10], as_of=NOW),
        {"participation_minutes": 150 + 60, "max_concurrent_participants": 2, "active_rooms": 1},
    )


@pytest.mark.parametrize(
    ("hours", "sessions"), [(0, 1), (-1, 1), (5, 1), (6.5, 2), (30, 2), (30.5, 3), (24 * 365, 8)]
)
def test_a_meeting_ends_in_every_day_that_it_touched(hours, sessions):
    """The meeting ends at 10:00, the day begins at 04:00."""
    found = events(
        event(
            "meeting.ended", 0, start_ts=TEN - hours * 3600, end_ts=TEN, meeting_id="m1", room=ROOM
        )
    )
    assert [e.session for e in found] == [
        room_days.session(ROOM, NOW - n * room_days.DAY_MS) for n in range(sessions)
    ]
    assert len({e.id for e in found}) == sessions


STARTED = event(
    "recording.started",
    10,
    recording_id="rec_1",
    action="start-cloud-recording",
    start_ts=TEN + 600,
)
READY = event(
    "recording.ready-to-download",
    33,
    recording_id="rec_1",
    room_name=ROOM,
    type="cloud",
    start_ts=TEN + 600,
    duration=600,
    status="finished",
)


@pytest.mark.parametrize("bodies", [[STARTED, READY], [READY], [READY, STARTED], [READY, READY]])
def test_a_recording_that_is_ready_is_reported_completely(bodies):
    found = [e for body in bodies for e in events(body)]
    expect(
        ask(found, start="2026-03-02", as_of=NOW),
        {"recorded_minutes": 10, "max_concurrent_recordings": 1},
    )


def test_a_recording_has_a_session_of_its_own():
    """Daily documents no room for recording.started, so its session cannot be that of the room."""
    began, (again, ended) = one(STARTED), events(READY)
    assert began.session == again.session == ended.session
    assert (began.time, again.time, ended.time) == (
        (TEN + 600) * 1000,
        (TEN + 600) * 1000,
        (TEN + 1200) * 1000,
    )
    assert len({began.id, again.id, ended.id}) == 3


@pytest.mark.parametrize(
    "kind",
    [
        "waiting-participant.joined",
        "waiting-participant.left",
        "recording.error",
        "transcript.started",
    ],
)
def test_known_events_without_a_part_in_usage_are_ignored(kind):
    assert events(event(kind, 1, room=ROOM)) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (PUBLISHED | {"type": "participant.teleported"}, "unknown-type"),
        (PUBLISHED | {"type": None}, "unknown-type"),
        (PUBLISHED | {"type": ["participant.joined"]}, "unknown-type"),
        (PUBLISHED | {"id": None}, "missing-field"),
        (PUBLISHED | {"payload": []}, "wrong-type"),
        (PUBLISHED | {"payload": {"joined_at": 1757383550, "session_id": "p"}}, "missing-field"),
        (
            PUBLISHED | {"payload": PUBLISHED["payload"] | {"joined_at": 1757383550_000}},
            "bad-time",
        ),  # ms instead of seconds
        (PUBLISHED | {"payload": PUBLISHED["payload"] | {"joined_at": True}}, "bad-time"),
        (PUBLISHED | {"payload": PUBLISHED["payload"] | {"room": "a\0b"}}, "nul-character"),
        (event("participant.left", 1, **person("ana", "p", 0) | {"duration": "long"}), "bad-time"),
        (
            event("participant.left", 1, **person("ana", "p", 0) | {"duration": -(10**12)}),
            "bad-time",
        ),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(body, reason):
    assert quarantine_reason(body) == reason
