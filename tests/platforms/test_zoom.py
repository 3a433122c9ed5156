"""Zoom: its signature, its challenge, and what its events become."""

import hashlib
import hmac
import json

import pytest

from platforms.reading import Reading
from platforms.samples import URL
from platforms.samples.zoom import (
    MEETING_UUID,
    NOW,
    NUMBER,
    SECRET,
    SIDE,
    TEN,
    ana,
    at,
    event,
    guest,
    shares,
    sign,
    tape,
)
from support.harness import ask, expect
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery
from usage_report.sources.webhooks import zoom

reading = Reading(zoom.SOURCE)
one, type_and_time, quarantine_reason, events = (
    reading.one,
    reading.type_and_time,
    reading.quarantine_reason,
    reading.events,
)

# The example in the documentation: a person joins a meeting; their leave has join_time instead of leave_time.
OBJECT = {"uuid": "uuid", "id": "156", "host_id": "abc", "topic": "My Meeting", "type": 2, "start_time": "2019-07-09T17:00:00Z", "duration": 60,
          "timezone": "America/Los_Angeles"}  # fmt: skip
SHREE = {
    "user_id": "16778205",
    "user_name": "shree",
    "id": "iFxeBPYun6SAiWUzBcEkX",
    "join_time": "2019-07-16T17:13:13Z",
}
JOINED = {
    "event": "meeting.participant_joined",
    "payload": {"account_id": "abc", "object": OBJECT | {"participant": SHREE}},
}
LEFT = JOINED | {"event": "meeting.participant_left"}


# The signature


def test_a_signature_computed_by_hand_is_accepted():
    body = json.dumps(JOINED).encode()
    message = f"v0:{NOW // 1000}:".encode() + body
    signature = "v0=" + hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    zoom.SOURCE.verify(
        Delivery(
            body,
            {"x-zm-request-timestamp": str(NOW // 1000), "x-zm-signature": signature},
            URL,
            NOW,
        ),
        SECRET,
    )
    zoom.SOURCE.verify(sign(body, signed=NOW), SECRET)  # ms


def test_each_fault_of_the_signature_has_its_own_message():
    good = sign(b"{}")

    def rejection(delivery: Delivery, secret: str = SECRET) -> str:
        return reading.rejection(delivery, secret)

    assert "does not fit" in rejection(good._replace(body=b"{ }"))
    assert "does not fit" in rejection(sign(b"{}", secret="wrong"))
    assert "does not fit" in rejection(
        good._replace(
            headers={**good.headers, "x-zm-signature": good.headers["x-zm-signature"][3:]}
        )
    )
    assert "does not fit" in rejection(
        good._replace(headers={**good.headers, "x-zm-request-timestamp": str(NOW // 1000 + 1)})
    )
    assert "five minutes" in rejection(good._replace(received=NOW + 300_001))
    assert "five minutes" in rejection(good._replace(received=NOW - 300_001))
    zoom.SOURCE.verify(good._replace(received=NOW + 300_000), SECRET)
    assert "is not a number" in rejection(good._replace(headers={}))
    assert "is not a number" in rejection(sign(b"{}", signed=-5))
    assert "no secret" in rejection(good, "")


def test_the_challenge_is_answered():
    body = b'{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}'
    delivery = sign(body)
    zoom.SOURCE.verify(delivery, SECRET)
    expected = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert zoom.SOURCE.answer(delivery, SECRET) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": expected,
    }
    assert reading.translate(body) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", json.dumps(JOINED).encode(), b'{"event":"endpoint.url_validation"}',
                                  b'{"event":"endpoint.url_validation","payload":{"plainToken":["x"]}}',
                                  b'{"event":"endpoint.url_validation","payload":[]}'])  # fmt: skip
def test_no_other_body_is_a_challenge(body):
    assert zoom.SOURCE.answer(sign(body), SECRET) is None


# The events


def test_the_documented_example():
    joined, left = one(JOINED), one(LEFT)
    assert (joined.session, joined.room, joined.connection, joined.person, joined.name) == (
        "uuid",
        "156",
        "16778205",
        "iFxeBPYun6SAiWUzBcEkX",
        "shree",
    )
    assert type_and_time(JOINED) == ("participant.joined", instant("2019-07-16T17:13:13Z"))
    assert type_and_time(LEFT) == ("participant.left", instant("2019-07-16T17:13:13Z"))
    assert joined.id != left.id


def test_a_leave_has_its_leave_time_else_that_of_the_event():
    body = event(
        "meeting.participant_left", 30.5, participant=ana(leave_time=at(30), join_time=at(0))
    )
    assert type_and_time(body) == ("participant.left", TEN + 30 * 60_000)
    body = event("meeting.participant_left", 30.5, participant=ana(join_time=at(0)))
    assert type_and_time(body) == ("participant.left", TEN + 30 * 60_000 + 30_572)


def test_meetings():
    assert type_and_time(event("meeting.started", 0)) == ("session.started", TEN)
    assert type_and_time(event("meeting.ended", 30, end_time=at(29))) == (
        "session.ended",
        TEN + 29 * 60_000,
    )
    assert type_and_time(event("meeting.ended", 30)) == ("session.ended", TEN + 30 * 60_000 + 572)
    found = one(event("meeting.started", 0, id=int(NUMBER)))
    assert (found.session, found.room) == (MEETING_UUID, NUMBER)


def test_webinars_are_meetings():
    for what in ("participant_joined", "participant_left"):
        webinar, meeting = (
            one(event(f"{family}.{what}", 1, participant=ana(join_time=at(1), leave_time=at(1))))
            for family in ("webinar", "meeting")
        )
        assert webinar[3:] == meeting[3:]


@pytest.mark.parametrize(
    ("who", "person"),
    [
        (ana(), "iFxeBPYun6SAiWUzBcEkX"),
        (ana(id=""), "55555AAAiAAAAAiAiAiiAii=="),
        (ana(id="", email="ana@example.org"), "ana@example.org"),
        (ana(id="", email="ana@example.org", customer_key="349589LkJyeW"), "349589LkJyeW"),
        ({"user_id": 16778240}, "16778240"),
    ],
)
def test_a_person_is_the_most_lasting_field(who, person):
    assert (
        one(event("meeting.participant_joined", 0, participant=who | {"join_time": at(0)})).person
        == person
    )


def test_without_a_user_id_the_uuid_is_the_connection():
    for what in ("joined", "left"):
        found = one(
            event(
                f"meeting.participant_{what}",
                0,
                participant=ana(user_id="", join_time=at(0), leave_time=at(0)),
            )
        )
        assert found.connection == "55555AAAiAAAAAiAiAiiAii=="


def figures(bodies: list[dict], expected: dict) -> None:
    found = [e for body in bodies for e in events(body)]
    for order in (found, found[::-1]):
        expect(ask(order, start="2026-03-02", as_of=NOW), expected)


def test_a_leave_that_arrives_after_the_next_join_ends_its_own_stay():
    """The connection breaks at 10 minutes and is back at 11, but Zoom notices the end of the first one only at 12."""
    figures(
        [
            event("meeting.participant_joined", 0, participant=guest("1", join_time=at(0))),
            event(
                "meeting.participant_joined",
                11,
                participant=guest("2", join_time=at(11))
                | {"participant_uuid": "77777AAAiAAAAAiAiAiiAii=="},
            ),
            event("meeting.participant_left", 12, participant=guest("1", leave_time=at(12))),
            event(
                "meeting.participant_left",
                20,
                participant=guest("2", leave_time=at(20))
                | {"participant_uuid": "77777AAAiAAAAAiAiAiiAii=="},
            ),
        ],
        {"participation_minutes": 21, "max_concurrent_participants": 2, "sessions": 1},
    )


def test_a_move_to_a_breakout_room_does_not_interrupt_presence():
    """Whether or not Zoom reports the move as a leave and a join at one time, and with any reason."""
    there = event(
        "meeting.participant_joined_breakout_room",
        10,
        participant=guest("2", join_time=at(10)),
        **SIDE,
    )
    back = event(
        "meeting.participant_left_breakout_room",
        20,
        participant=guest("2", leave_time=at(20)),
        **SIDE,
    )
    whole = [event("meeting.participant_joined", 0, participant=guest("1", join_time=at(0))),
             event("meeting.participant_left", 30, participant=guest("1", leave_time=at(30)))]  # fmt: skip
    expected = {
        "participation_minutes": 30,
        "breakout_minutes": 10,
        "active_participants": 1,
        "max_concurrent_participants": 1,
        "sessions": 1,
    }
    figures([whole[0], there, back, whole[1]], expected)
    moves = [
        event(
            "meeting.participant_left",
            10,
            participant=guest("1", leave_time=at(10), leave_reason="left the meeting"),
        ),
        event("meeting.participant_joined", 10, participant=guest("2", join_time=at(10))),
        event("meeting.participant_joined", 20, participant=guest("3", join_time=at(20))),
        event(
            "meeting.participant_left",
            20,
            participant=guest(
                "2", leave_time=at(20), leave_reason="leave breakout room to join main meeting"
            ),
        ),
    ]
    figures(
        [
            whole[0],
            there,
            *moves,
            back,
            event("meeting.participant_left", 30, participant=guest("3", leave_time=at(30))),
        ],
        expected,
    )


def test_several_breakout_rooms_at_once_count_once():
    other = {"breakout_room_uuid": "other"}
    figures(
        [
            event("meeting.participant_joined", 0, participant=ana(join_time=at(0))),
            event(
                "meeting.participant_joined_breakout_room",
                10,
                participant=ana(join_time=at(10)),
                **SIDE,
            ),
            event(
                "meeting.participant_joined_breakout_room",
                12,
                participant=guest("2", join_time=at(12)),
                **other,
            ),
            event(
                "meeting.participant_left_breakout_room",
                20,
                participant=ana(leave_time=at(20)),
                **SIDE,
            ),
            event(
                "meeting.participant_left_breakout_room",
                25,
                participant=guest("2", leave_time=at(25)),
                **other,
            ),
            event("meeting.participant_left", 30, participant=ana(leave_time=at(30))),
        ],
        {"breakout_minutes": 15, "participation_minutes": 30},
    )


def test_screens():
    on, off = (
        one(event("meeting.sharing_started", 15, participant=shares(15))),
        one(event("meeting.sharing_ended", 18, participant=shares(18))),
    )
    assert (on.type, on.detail, on.connection, on.time) == (
        "track.published",
        "screenshare",
        "16778240",
        TEN + 15 * 60_000,
    )
    assert (off.type, off.subject, off.connection, off.time) == (
        "track.unpublished",
        on.subject,
        "16778240",
        TEN + 18 * 60_000,
    )
    bare = {"user_id": "16778240", "user_name": "Ana"}
    assert (
        one(event("meeting.sharing_started", 15, participant=bare)).time == TEN + 15 * 60_000 + 572
    )


def test_a_pause_is_not_recorded():
    assert type_and_time(event("recording.started", 8.1, recording_file=tape(8))) == (
        "recording.started",
        TEN + 8 * 60_000,
    )
    assert type_and_time(event("recording.paused", 12, recording_file=tape(8, 11))) == (
        "recording.stopped",
        TEN + 12 * 60_000 + 572,
    )
    assert type_and_time(event("recording.resumed", 14, recording_file=tape(8))) == (
        "recording.started",
        TEN + 14 * 60_000 + 572,
    )
    assert type_and_time(event("recording.stopped", 24.1, recording_file=tape(8, 24))) == (
        "recording.stopped",
        TEN + 24 * 60_000,
    )
    assert type_and_time(event("recording.stopped", 24)) == (
        "recording.stopped",
        TEN + 24 * 60_000 + 572,
    )


@pytest.mark.parametrize("what", ["trashed", "deleted"])
def test_a_deleted_recording_is_no_longer_stored(what):
    made = [
        event("recording.started", 8, recording_file=tape(8)),
        event("recording.stopped", 24, recording_file=tape(8, 24)),
    ]
    figures(made, {"recording_storage_minutes": 16})
    figures(
        [*made, event(f"recording.{what}", 40)],
        {"recording_storage_minutes": 0, "recorded_minutes": 16},
    )


def test_a_recording_that_is_restored_from_the_trash_is_quarantined():
    assert quarantine_reason(event("recording.recovered", 50)) == "cannot-tell"


def test_messages():
    message = {"date_time": at(6), "message_id": "m1", "recipient_type": "everyone"}
    found = one(event("meeting.chat_message_sent", 6, chat_message=message))
    assert (found.type, found.subject, found.detail, found.time) == (
        "chat.posted",
        "m1",
        "public",
        TEN + 6 * 60_000,
    )
    for recipient in ("host", "guest", None):
        assert (
            one(
                event(
                    "meeting.chat_message_sent",
                    6,
                    chat_message=message | {"recipient_type": recipient},
                )
            ).detail
            == "private"
        )


@pytest.mark.parametrize(
    "kind",
    ["meeting.participant_jbh_waiting", "meeting.participant_joined_waiting_room", "meeting.created", "webinar.registration_created",
     "recording.completed", "recording.transcript_completed"],
)  # fmt: skip
def test_known_events_without_a_part_in_usage_are_ignored(kind):
    assert events(event(kind, 1)) == []


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "meeting",
        "meeting.",
        "user.created",
        "meeting.started.twice",
        "recording.left",
        "Meeting.started",
        None,
        7,
        {},
    ],
)
def test_other_events_are_unknown(kind):
    assert quarantine_reason(event(kind, 1)) == "unknown-type"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            event(
                "meeting.participant_joined", 1, participant=ana(join_time="2026-03-02T10:00:00")
            ),
            "bad-time",
        ),  # no offset
        (event("meeting.participant_joined", 1, participant=ana(join_time=7)), "bad-time"),
        (event("meeting.participant_joined", 1, participant=ana(user_id=["a"])), "wrong-type"),
        (event("meeting.participant_joined", 1, participant={"user_name": "Ana"}), "missing-field"),
        (event("meeting.participant_joined", 1), "missing-field"),
        (event("meeting.started", 1, uuid=""), "missing-field"),
        (event("meeting.started", 1) | {"payload": "x"}, "wrong-type"),
        (
            event("meeting.started", 1, start_time="") | {"event_ts": NOW // 1000},
            "too-early",
        ),  # seconds instead of ms
        (event("meeting.participant_joined_breakout_room", 1, participant=ana()), "missing-field"),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(body, reason):
    assert quarantine_reason(body) == reason
