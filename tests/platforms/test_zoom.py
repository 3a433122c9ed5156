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
one, says, refused, events = reading.one, reading.says, reading.refused, reading.events

# The example of the documents: a person joins a meeting; their leave has a join_time where a leave_time belongs.
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


def test_a_signature_worked_out_by_hand_is_taken():
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


def test_each_fault_of_the_signature_is_named():
    good = sign(b"{}")

    def why(delivery: Delivery, secret: str = SECRET) -> str:
        return reading.turned_away(delivery, secret)

    assert "does not fit" in why(good._replace(body=b"{ }"))
    assert "does not fit" in why(sign(b"{}", secret="wrong"))
    assert "does not fit" in why(
        good._replace(
            headers={**good.headers, "x-zm-signature": good.headers["x-zm-signature"][3:]}
        )
    )
    assert "does not fit" in why(
        good._replace(headers={**good.headers, "x-zm-request-timestamp": str(NOW // 1000 + 1)})
    )
    assert "five minutes" in why(good._replace(received=NOW + 300_001))
    assert "five minutes" in why(good._replace(received=NOW - 300_001))
    zoom.SOURCE.verify(good._replace(received=NOW + 300_000), SECRET)
    assert "no number" in why(good._replace(headers={}))
    assert "no number" in why(sign(b"{}", signed=-5))
    assert "no secret" in why(good, "")


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
def test_nothing_else_is_a_challenge(body):
    assert zoom.SOURCE.answer(sign(body), SECRET) is None


# The events


def test_the_documents_example():
    joined, left = one(JOINED), one(LEFT)
    assert (joined.session, joined.room, joined.connection, joined.person, joined.name) == (
        "uuid",
        "156",
        "16778205",
        "iFxeBPYun6SAiWUzBcEkX",
        "shree",
    )
    assert says(JOINED) == ("participant.joined", instant("2019-07-16T17:13:13Z"))
    assert says(LEFT) == ("participant.left", instant("2019-07-16T17:13:13Z"))
    assert joined.id != left.id


def test_a_leave_has_its_leave_time_else_the_time_it_came_about():
    body = event(
        "meeting.participant_left", 30.5, participant=ana(leave_time=at(30), join_time=at(0))
    )
    assert says(body) == ("participant.left", TEN + 30 * 60_000)
    body = event("meeting.participant_left", 30.5, participant=ana(join_time=at(0)))
    assert says(body) == ("participant.left", TEN + 30 * 60_000 + 30_572)


def test_meetings():
    assert says(event("meeting.started", 0)) == ("session.started", TEN)
    assert says(event("meeting.ended", 30, end_time=at(29))) == ("session.ended", TEN + 29 * 60_000)
    assert says(event("meeting.ended", 30)) == ("session.ended", TEN + 30 * 60_000 + 572)
    told = one(event("meeting.started", 0, id=int(NUMBER)))
    assert (told.session, told.room) == (MEETING_UUID, NUMBER)


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
def test_a_person_is_what_lasts_longest(who, person):
    assert (
        one(event("meeting.participant_joined", 0, participant=who | {"join_time": at(0)})).person
        == person
    )


def test_without_a_user_id_the_uuid_is_the_connection():
    for what in ("joined", "left"):
        told = one(
            event(
                f"meeting.participant_{what}",
                0,
                participant=ana(user_id="", join_time=at(0), leave_time=at(0)),
            )
        )
        assert told.connection == "55555AAAiAAAAAiAiAiiAii=="


def figures(bodies: list[dict], expected: dict) -> None:
    told = [e for body in bodies for e in events(body)]
    for order in (told, told[::-1]):
        expect(ask(order, start="2026-03-02", as_of=NOW), expected)


def test_a_leave_that_comes_after_the_rejoin_ends_its_own_stay():
    """Ana drops out at 10 minutes, is back at 11, and Zoom notices the first connection's end only then, at 12."""
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


def test_a_move_to_a_breakout_room_breaks_no_presence():
    """Whether Zoom tells of the move as a leave and a join at one time, whatever it gives as the reason, or not at all."""
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
    assert says(event("recording.started", 8.1, recording_file=tape(8))) == (
        "recording.started",
        TEN + 8 * 60_000,
    )
    assert says(event("recording.paused", 12, recording_file=tape(8, 11))) == (
        "recording.stopped",
        TEN + 12 * 60_000 + 572,
    )
    assert says(event("recording.resumed", 14, recording_file=tape(8))) == (
        "recording.started",
        TEN + 14 * 60_000 + 572,
    )
    assert says(event("recording.stopped", 24.1, recording_file=tape(8, 24))) == (
        "recording.stopped",
        TEN + 24 * 60_000,
    )
    assert says(event("recording.stopped", 24)) == ("recording.stopped", TEN + 24 * 60_000 + 572)


@pytest.mark.parametrize("what", ["trashed", "deleted"])
def test_a_deleted_recording_is_stored_no_more(what):
    made = [
        event("recording.started", 8, recording_file=tape(8)),
        event("recording.stopped", 24, recording_file=tape(8, 24)),
    ]
    figures(made, {"recording_storage_minutes": 16})
    figures(
        [*made, event(f"recording.{what}", 40)],
        {"recording_storage_minutes": 0, "recorded_minutes": 16},
    )


def test_what_is_taken_back_from_the_trash_is_not_lost_silently():
    assert refused(event("recording.recovered", 50)) == "cannot-tell"


def test_messages():
    message = {"date_time": at(6), "message_id": "m1", "recipient_type": "everyone"}
    told = one(event("meeting.chat_message_sent", 6, chat_message=message))
    assert (told.type, told.subject, told.detail, told.time) == (
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
def test_known_kinds_without_meaning_for_usage_are_nothing(kind):
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
def test_other_kinds_are_unknown(kind):
    assert refused(event(kind, 1)) == "unknown-type"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            event(
                "meeting.participant_joined", 1, participant=ana(join_time="2026-03-02T10:00:00")
            ),
            "bad-time",
        ),  # no zone
        (event("meeting.participant_joined", 1, participant=ana(join_time=7)), "bad-time"),
        (event("meeting.participant_joined", 1, participant=ana(user_id=["a"])), "wrong-type"),
        (event("meeting.participant_joined", 1, participant={"user_name": "Ana"}), "missing-field"),
        (event("meeting.participant_joined", 1), "missing-field"),
        (event("meeting.started", 1, uuid=""), "missing-field"),
        (event("meeting.started", 1) | {"payload": "x"}, "wrong-type"),
        (
            event("meeting.started", 1, start_time="") | {"event_ts": NOW // 1000},
            "too-early",
        ),  # s for ms
        (event("meeting.participant_joined_breakout_room", 1, participant=ana()), "missing-field"),
    ],
)
def test_what_is_amiss_is_named_and_kept(body, reason):
    assert refused(body) == reason
