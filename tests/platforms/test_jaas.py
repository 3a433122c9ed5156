"""8x8 JaaS: its signature, and what its events become."""

import base64
import hashlib
import hmac
import json

import pytest

from platforms.reading import Reading
from platforms.samples import URL
from platforms.samples.jaas import (
    CALLER,
    CONFERENCE,
    JANE,
    JOHN,
    NOW,
    SECRET,
    SESSION,
    SIDE,
    TEN,
    event,
    sign,
)
from support.harness import ask, expect
from usage_report.sources.contract import Delivery
from usage_report.sources.webhooks import jaas

reading = Reading(jaas.SOURCE)
one, type_and_time, quarantine_reason, events = (
    reading.one,
    reading.type_and_time,
    reading.quarantine_reason,
    reading.events,
)

# The example in the documentation, with its fqn in full.
PUBLISHED = {
    "idempotencyKey": "d11f155d-ced5-4a7e-b6d9-aaa135c64f65",
    "customerId": "c2824d584eac4489a1e32e4e164d5a3c",
    "appId": "vpaas-magic-cookie-c2824d584eac4489a1e32e4e164d5a3c",
    "eventType": "ROOM_CREATED",
    "sessionId": "c3348153-1027-4382-afad-5ae91b433c26",
    "timestamp": 1600951800112,
    "fqn": "vpaas-magic-cookie-c2824d584eac4489a1e32e4e164d5a3c/testroom2",
}


# The signature


@pytest.mark.parametrize("when", [str(NOW), str(NOW // 1000)])
def test_a_signature_computed_by_hand_is_accepted(when):
    body = json.dumps(PUBLISHED).encode()
    signature = base64.b64encode(
        hmac.new(SECRET.encode(), f"{when}.".encode() + body, hashlib.sha256).digest()
    ).decode()
    for header in (
        f"t={when},v1={signature}",
        f"t={when}, v1={signature}",
        f"t={when},v1=AAAA,v1={signature}",
        f"v1={signature},v0=x,t={when}",
    ):
        jaas.SOURCE.verify(Delivery(body, {"x-jaas-signature": header}, URL, NOW), SECRET)


def rejection(delivery: Delivery, secret: str = SECRET) -> str:
    return reading.rejection(delivery, secret)


def test_each_fault_of_the_signature_has_its_own_message():
    good = sign(b"{}")
    header = good.headers["x-jaas-signature"]

    def with_(value: str) -> Delivery:
        return good._replace(headers={"x-jaas-signature": value})

    assert "does not fit" in rejection(good._replace(body=b"{ }"))
    assert "does not fit" in rejection(sign(b"{}", secret="wrong"))
    assert "does not fit" in rejection(with_(header.partition(",")[0]))
    assert "does not fit" in rejection(with_(header.replace("v1=", "v2=")))
    assert "no time" in rejection(with_(header.partition(",")[2]))
    assert "no time" in rejection(
        with_(f"t={NOW},{header}")
    )  # it is not clear which of the two was signed
    assert "not base64" in rejection(with_(f"t={NOW},v1=!"))
    assert "is not a number" in rejection(with_("t=now,v1=AAAA"))
    assert "five minutes" in rejection(good._replace(received=NOW + 300_001))
    assert "no secret" in rejection(good, "")


def test_a_fixed_header_is_accepted_instead():
    for value in (SECRET, f"Bearer {SECRET}"):
        jaas.SOURCE.verify(Delivery(b"{}", {"authorization": value}, URL, NOW), SECRET)
    jaas.SOURCE.verify(Delivery(b"{}", {"authorization": "Bearer abc"}, URL, NOW), "Bearer abc")
    for value in ("", "Bearer ", "wrong", SECRET[:-1], f"Basic {SECRET}"):
        assert "Authorization is not the secret" in rejection(
            Delivery(b"{}", {"authorization": value}, URL, NOW)
        )
    assert "no secret" in rejection(Delivery(b"{}", {"authorization": ""}, URL, NOW), "")
    # A correct header does not make up for a wrong signature.
    assert rejection(
        Delivery(b"{}", {"authorization": SECRET, "x-jaas-signature": f"t={NOW},v1=AAAA"}, URL, NOW)
    )


# The events


def test_the_documented_example():
    found = one(PUBLISHED)
    assert (found.id, found.type, found.time) == (
        "d11f155d-ced5-4a7e-b6d9-aaa135c64f65",
        "session.started",
        1600951800112,
    )
    assert (found.session, found.room) == (PUBLISHED["sessionId"], PUBLISHED["fqn"])


def test_joins_and_leaves():
    joined, left = (
        one(event("PARTICIPANT_JOINED", 5, JOHN)),
        one(event("PARTICIPANT_LEFT", 6, JOHN)),
    )
    assert (joined.type, joined.connection, joined.person, joined.name) == (
        "participant.joined",
        JOHN["participantJid"],
        "user-john",
        "John",
    )
    assert (left.type, left.connection, left.time, left.session) == (
        "participant.left",
        joined.connection,
        TEN + 360_000,
        SESSION,
    )


@pytest.mark.parametrize(
    ("change", "person"),
    [
        ({"id": ""}, JOHN["participantJid"]),
        ({"id": None, "email": "john@example.org"}, "john@example.org"),
        ({"id": "u1", "email": "john@example.org"}, "u1"),
    ],
)
def test_a_person_is_the_id_of_the_token_else_the_email_else_the_connection(change, person):
    assert one(event("PARTICIPANT_JOINED", 5, JOHN | change)).person == person


def test_one_person_in_a_breakout_room_is_the_same_without_a_token():
    guest = JANE | {"id": ""}
    there, here = (
        one(event("PARTICIPANT_JOINED", 5, guest | SIDE)),
        one(event("PARTICIPANT_JOINED", 5, guest)),
    )
    assert there.person == here.person
    assert there.connection != here.connection
    assert one(event("PARTICIPANT_LEFT", 6, guest | SIDE)).connection == there.connection


def test_breakout_rooms_do_not_end_the_meeting():
    opened, closed = (
        one(event("ROOM_CREATED", 10, CONFERENCE | SIDE)),
        one(event("ROOM_DESTROYED", 20, CONFERENCE | SIDE)),
    )
    assert (opened.type, opened.subject, opened.session) == (
        "breakout.opened",
        SIDE["breakoutRoomId"],
        SESSION,
    )
    assert (closed.type, closed.subject) == ("breakout.closed", SIDE["breakoutRoomId"])
    assert (
        one(event("ROOM_CREATED", 10, CONFERENCE | {"isBreakout": False})).type == "session.started"
    )
    assert one(event("ROOM_DESTROYED", 10, CONFERENCE)).type == "session.ended"


@pytest.mark.parametrize("lag", [-1 / 600, 0, 1 / 600])
def test_a_move_keeps_the_minutes_whichever_event_is_first(lag):
    bodies = [
        event("PARTICIPANT_JOINED", 0, JANE),
        event("PARTICIPANT_LEFT", 10, JANE | {"disconnectReason": "switch_room"}),
        event("PARTICIPANT_JOINED", 10 + lag, JANE | SIDE),
        event("PARTICIPANT_LEFT", 20, JANE | SIDE | {"disconnectReason": "switch_room"}),
        event("PARTICIPANT_JOINED", 20 + lag, JANE),
        event("PARTICIPANT_LEFT", 30, JANE),
    ]
    found = [e for body in bodies for e in events(body)]
    expect(
        ask(found, start="2026-03-02", as_of=NOW),
        {"participation_minutes": 30 - 2 * lag, "active_participants": 1, "sessions": 1},
    )


@pytest.mark.parametrize("call", ["DIAL_IN", "DIAL_OUT", "SIP_CALL_IN", "SIP_CALL_OUT"])
def test_callers_are_participants_and_counted_once(call):
    on, off = one(event(f"{call}_STARTED", 5, CALLER)), one(event(f"{call}_ENDED", 15, CALLER))
    assert (on.type, on.connection, on.name) == (
        "participant.joined",
        CALLER["participantJid"],
        "40364630871",
    )
    assert (off.type, off.connection) == ("participant.left", CALLER["participantJid"])
    twice = [
        on,
        off,
        one(event("PARTICIPANT_JOINED", 5, CALLER)),
        one(event("PARTICIPANT_LEFT", 15, CALLER)),
    ]
    expect(
        ask(twice, start="2026-03-02", as_of=NOW),
        {"participation_minutes": 10, "max_concurrent_participants": 1},
    )


def test_recordings():
    on, off = (
        one(event("RECORDING_STARTED", 8, CONFERENCE)),
        one(event("RECORDING_ENDED", 18, CONFERENCE)),
    )
    assert (on.type, on.time, off.type, off.time) == (
        "recording.started",
        TEN + 480_000,
        "recording.stopped",
        TEN + 1_080_000,
    )
    assert on.subject == off.subject
    times = {"startTimestamp": TEN + 479_000, "endTimestamp": TEN + 1_081_000, "durationSec": 602}
    assert type_and_time(event("RECORDING_STARTED", 8, CONFERENCE | times)) == (
        "recording.started",
        TEN + 479_000,
    )
    assert type_and_time(event("RECORDING_ENDED", 18, CONFERENCE | times)) == (
        "recording.stopped",
        TEN + 1_081_000,
    )


@pytest.mark.parametrize(
    "kind",
    ["USAGE", "PARTICIPANT_JOINED_LOBBY", "PARTICIPANT_LEFT_LOBBY", "SCREEN_SHARING_HISTORY", "RECORDING_UPLOADED", "CHAT_UPLOADED", "SPEAKER_STATS",
     "TRANSCRIPTION_UPLOADED", "SETTINGS_PROVISIONING", "AGGREGATED_REACTIONS", "LIVE_STREAM_STARTED"],
)  # fmt: skip
def test_known_events_without_a_part_in_usage_are_ignored(kind):
    for data in ({}, [], None):
        assert events(event(kind, 1, data)) == []


def test_a_request_for_settings_is_ignored():
    assert events({"fqn": "AppID/roomName"}) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (event("PARTICIPANT_TELEPORTED", 1, JOHN), "unknown-type"),
        (event(None, 1, JOHN), "unknown-type"),
        (event(["PARTICIPANT_JOINED"], 1, JOHN), "unknown-type"),
        (event("PARTICIPANT_JOINED", 1, []), "wrong-type"),
        (event("PARTICIPANT_JOINED", 1, None), "missing-field"),
        (event("PARTICIPANT_JOINED", 1, JOHN | {"participantJid": {}}), "wrong-type"),
        (event("PARTICIPANT_JOINED", 1, JANE | {"isBreakout": True}), "missing-field"),
        (PUBLISHED | {"idempotencyKey": ""}, "missing-field"),
        (PUBLISHED | {"sessionId": None}, "missing-field"),
        (PUBLISHED | {"timestamp": None}, "missing-field"),
        (PUBLISHED | {"timestamp": 1600951800}, "too-early"),  # seconds instead of ms
        (PUBLISHED | {"timestamp": "yesterday"}, "bad-time"),
        (PUBLISHED | {"fqn": "x" * 1_001}, "too-long"),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(body, reason):
    assert quarantine_reason(body) == reason
