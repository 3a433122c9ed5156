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
from usage_report.sources.contract import Delivery
from usage_report.sources.webhooks import daily, room_days

reading = Reading(daily.SOURCE)
one, says, refused, events = reading.one, reading.says, reading.refused, reading.events

# The example of the documents.
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
def test_a_signature_worked_out_by_hand_is_taken(when):
    body = json.dumps(PUBLISHED).encode()
    signature = base64.b64encode(
        hmac.new(base64.b64decode(SECRET), f"{when}.".encode() + body, hashlib.sha256).digest()
    ).decode()
    daily.SOURCE.verify(
        Delivery(body, {"x-webhook-timestamp": when, "x-webhook-signature": signature}, URL, NOW),
        SECRET,
    )


def test_each_fault_of_the_signature_is_named():
    good = sign(b"{}")

    def why(delivery: Delivery, secret: str = SECRET) -> str:
        return reading.turned_away(delivery, secret)

    assert "does not fit" in why(good._replace(body=b"{ }"))
    assert "does not fit" in why(sign(b"{}", key=b"wrong"))
    # The key is what the secret decodes to, not its text.
    assert "does not fit" in why(sign(b"{}", key=SECRET.encode()))
    assert "does not fit" in why(
        good._replace(headers={**good.headers, "x-webhook-timestamp": str(NOW + 1)})
    )
    assert "does not fit" in why(good._replace(headers={"x-webhook-timestamp": str(NOW)}))
    assert "not base64" in why(good._replace(headers={**good.headers, "x-webhook-signature": "!"}))
    assert "not base64" in why(good, "no base64!")
    assert "no secret" in why(sign(b"{}", key=b"x"), "")
    assert "five minutes" in why(good._replace(received=NOW + 300_001))
    assert "no number" in why(good._replace(headers={}))


def test_the_test_at_creation_passes_unsigned_and_says_nothing():
    for body in (b'{"test":"test"}', b'{ "test": "test" }'):
        daily.SOURCE.verify(Delivery(body, {}, URL, NOW), SECRET)
        assert reading.translate(body) == []
    for body in (
        b'{"test":"test","type":"meeting.ended"}',
        b'{"test":"other"}',
        b'{"test":"test"',
        b'["test"]',
    ):
        assert reading.turned_away(Delivery(body, {}, URL, NOW), SECRET)


# The events


def test_the_documents_example():
    told = one(PUBLISHED)
    assert (told.id, told.type, told.time) == (
        "evt_123456789",
        "participant.joined",
        1757383550_000,
    )
    assert (told.session, told.room, told.connection, told.person) == (
        room_days.session("room-name", 1757383550_000),
        "room-name",
        "participant_abc123def456",
        "session_user123",
    )
    assert told.name == "Joao Silva"


@pytest.mark.parametrize(("seconds", "ms"), [(1708972279.96, 1708972279960), (1708972279.001, 1708972279001), (1708972279.9999, 1708972279999),
                                             (1708972279, 1708972279000), ("1708972279.5", 1708972279500)])  # fmt: skip
def test_fractions_of_seconds_are_exact(seconds, ms):
    assert (
        says(event("participant.joined", 0, **person("ana", "p1", 0) | {"joined_at": seconds}))[1]
        == ms
    )


def test_a_leave_is_at_the_join_and_what_lasted_since():
    stay = person("ana", "p1", 0) | {"joined_at": 1708972279.96, "duration": 12.345}
    assert says(event("participant.left", 5, **stay)) == ("participant.left", 1708972292305)
    assert says(event("participant.left", 5, **stay | {"duration": 0})) == (
        "participant.left",
        1708972279960,
    )
    # Without either, when it was sent.
    assert says(event("participant.left", 5, **person("ana", "p1", 0))) == (
        "participant.left",
        TEN * 1000 + 301_346,
    )
    # Without the join, in every session in which they may have come: at 10:00 that of the day, and of the day before.
    at = {k: v for k, v in person("ana", "p1", 0).items() if k != "joined_at"}
    assert [(e.time, e.session) for e in events(event("participant.left", 5, **at))] == [
        (TEN * 1000 + 301_346, room_days.session(ROOM, NOW)), (TEN * 1000 + 301_346, room_days.session(ROOM, NOW - room_days.DAY))
    ]  # fmt: skip


def test_meetings_begin_and_end_the_session_of_their_room():
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


def test_two_meetings_of_a_room_have_their_minutes_and_peaks():
    """Only their number is not to be had. A lost leave of the first is made good by its end."""
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
    told = [e for body in bodies for e in events(body)]
    expected = {"participation_minutes": 27, "max_concurrent_participants": 2, "max_participants_per_session": 2, "max_concurrent_sessions": 1,
                "active_participants": 2, "active_rooms": 1}  # fmt: skip
    for order in (told, told[::-1]):
        expect(ask(order, start="2026-03-02", as_of=NOW), expected)
    assert "sessions" in daily.SOURCE.cannot_supply


def test_a_room_in_use_for_ever_is_a_session_a_day():
    """What is refolded with every event must not grow without end, and a lost leave not stay until the room is left alone."""
    stays = [
        event("participant.joined", 1440 * n, **person("ana", f"p{n}", 1440 * n))
        for n in range(-400, 1)
    ]
    told = [one(body) for body in stays]
    assert len({e.session for e in told}) == 401
    assert {e.room for e in told} == {ROOM}


def test_a_meeting_through_the_turn_of_the_day_ends_in_both_of_its_days():
    """03:00 to 05:30; nobody's leave comes through."""
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
    told = [e for body in bodies for e in events(body)]
    assert [e.type for e in told] == ["participant.joined"] * 2 + ["session.ended"] * 2
    assert {e.session for e in told[:2]} == {e.session for e in told[2:]}
    expect(
        ask(told, start=iso(NOW)[:10], as_of=NOW),
        {"participation_minutes": 150 + 60, "max_concurrent_participants": 2, "active_rooms": 1},
    )


@pytest.mark.parametrize(
    ("hours", "sessions"), [(0, 1), (-1, 1), (5, 1), (6.5, 2), (30, 2), (30.5, 3), (24 * 365, 8)]
)
def test_a_meeting_ends_in_every_day_that_it_touched(hours, sessions):
    """Ended at 10:00; the day turns at 04:00."""
    told = events(
        event(
            "meeting.ended", 0, start_ts=TEN - hours * 3600, end_ts=TEN, meeting_id="m1", room=ROOM
        )
    )
    assert [e.session for e in told] == [
        room_days.session(ROOM, NOW - n * room_days.DAY) for n in range(sessions)
    ]
    assert len({e.id for e in told}) == sessions


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
def test_a_recording_is_told_whole_when_it_is_ready(bodies):
    told = [e for body in bodies for e in events(body)]
    expect(
        ask(told, start="2026-03-02", as_of=NOW),
        {"recorded_minutes": 10, "max_concurrent_recordings": 1},
    )


def test_a_recording_starts_without_a_room():
    """The documents give recording.started none, so its session cannot be the room's."""
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
def test_known_kinds_without_meaning_for_usage_are_nothing(kind):
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
        ),  # ms for s
        (PUBLISHED | {"payload": PUBLISHED["payload"] | {"joined_at": True}}, "bad-time"),
        (PUBLISHED | {"payload": PUBLISHED["payload"] | {"room": "a\0b"}}, "nul-character"),
        (event("participant.left", 1, **person("ana", "p", 0) | {"duration": "long"}), "bad-time"),
        (
            event("participant.left", 1, **person("ana", "p", 0) | {"duration": -(10**12)}),
            "bad-time",
        ),
    ],
)
def test_what_is_amiss_is_named_and_kept(body, reason):
    assert refused(body) == reason
