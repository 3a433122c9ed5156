"""Vonage Video: its token, and what its callbacks become."""

import base64
import hashlib
import hmac
import json

import pytest

from platforms.reading import Reading
from platforms.samples import URL, jwt, sha256
from platforms.samples.vonage import (
    ANA,
    BO,
    NOW,
    PROJECT,
    SECRET,
    SESSION,
    archive,
    captions,
    connection,
    event,
    ms,
    sign,
    stream,
)
from support.harness import ask, expect
from usage_report.sources.contract import Delivery
from usage_report.sources.webhooks import vonage

reading = Reading(vonage.SOURCE)
one, type_and_time, quarantine_reason, events = (
    reading.one,
    reading.type_and_time,
    reading.quarantine_reason,
    reading.events,
)

# The sequence in the documentation: one person with a camera, whose stream and connection end in one ms.
_CONNECTION = {"id": "c053fcc8-c681-41d5-8ec2-7a9e1434a21e", "createdAt": 1470257688143}
_STREAM = {
    "id": "63245362-e00e-4834-8371-9397deb3e452",
    "connection": _CONNECTION | {"data": ""},
    "createdAt": 1470258845416,
    "name": "",
    "videoType": "camera",
}
PUBLISHED = [
    {"sessionId": SESSION, "projectId": PROJECT, "event": "connectionCreated", "timestamp": 1470257688309, "connection": _CONNECTION | {"data": "TOKENDATA"}},
    {"sessionId": SESSION, "projectId": PROJECT, "event": "streamCreated", "timestamp": 1470258860571, "stream": _STREAM},
    {"sessionId": SESSION, "projectId": PROJECT, "event": "streamDestroyed", "reason": "clientDisconnected", "timestamp": 1470258896953, "stream": _STREAM},
    {"sessionId": SESSION, "projectId": PROJECT, "event": "connectionDestroyed", "reason": "clientDisconnected", "timestamp": 1470258896953,
     "connection": _CONNECTION | {"data": ""}},
]  # fmt: skip


# The token


def test_a_token_computed_by_hand_is_accepted():
    body = json.dumps(PUBLISHED[0]).encode()
    claims = {
        "iat": NOW // 1000,
        "iss": "Vonage",
        "jti": "1",
        "payload_hash": hashlib.sha256(body).hexdigest(),
    }
    part = [
        base64.urlsafe_b64encode(json.dumps(x).encode()).decode().rstrip("=")
        for x in ({"alg": "HS256", "typ": "JWT"}, claims)
    ]
    signature = (
        base64.urlsafe_b64encode(
            hmac.new(SECRET.encode(), ".".join(part).encode(), "sha256").digest()
        )
        .decode()
        .rstrip("=")
    )
    vonage.SOURCE.verify(
        Delivery(body, {"authorization": "Bearer " + ".".join([*part, signature])}, URL, NOW),
        SECRET,
    )


def rejection(delivery: Delivery, secret: str = SECRET) -> str:
    return reading.rejection(delivery, secret)


def test_each_fault_of_the_token_has_its_own_message():
    good, now = sign(b"{}"), NOW // 1000
    assert "no signed token" in rejection(good._replace(headers={}))
    assert "another secret" in rejection(sign(b"{}", secret="wrong"))
    assert "another body" in rejection(good._replace(body=b"{ }"))
    assert "another body" in rejection(sign(b"{}", payload_hash=None))
    assert "another body" in rejection(sign(b"{}", payload_hash=["x"]))
    assert "five minutes" in rejection(good._replace(received=NOW + 301_000))
    assert "five minutes" in rejection(good._replace(received=NOW - 301_000))
    assert "is not a number" in rejection(sign(b"{}", iat=None))
    assert "is not a number" in rejection(sign(b"{}", iat="now"))
    assert "expired" in rejection(sign(b"{}", exp=now - 301))
    assert "no secret" in rejection(sign(b"{}", secret=""), "")


def test_each_callback_can_have_its_own_secret():
    for secrets in (f"archives,{SECRET}", f"{SECRET}, captions", f"a {SECRET} b"):
        vonage.SOURCE.verify(sign(b"{}"), secrets)
    assert "another secret" in rejection(sign(b"{}"), "archives,captions")
    assert "no secret" in rejection(sign(b"{}", secret=""), " , ")


def test_only_hs256_is_accepted():
    claims = {"iat": NOW // 1000, "payload_hash": sha256(b"{}").hex()}
    for alg, digest in (("none", "sha256"), ("HS512", "sha512"), ("RS256", "sha256")):
        assert "HS256" in rejection(
            Delivery(
                b"{}", {"authorization": "Bearer " + jwt(claims, SECRET, alg, digest)}, URL, NOW
            )
        )
    assert rejection(
        Delivery(
            b"{}",
            {"authorization": "Bearer " + jwt(claims, SECRET, "none").rpartition(".")[0] + "."},
            URL,
            NOW,
        )
    )


# The events


def test_the_documented_sequence():
    found = [e for body in PUBLISHED for e in events(body)]
    assert [(e.type, e.time, e.detail) for e in found] == [
        ("participant.joined", 1470257688143, ""),
        ("track.published", 1470258845416, "audio"),
        ("track.published", 1470258845416, "video"),
        ("track.unpublished", 1470258896953, ""),
        ("track.unpublished", 1470258896953, ""),
        ("participant.left", 1470258896953, ""),
        ("participant.joined", 1470257688143, ""),
    ]
    assert {e.connection for e in found} == {_CONNECTION["id"]}
    assert found[0].person == "TOKENDATA"
    assert len({e.id for e in found}) == 7
    expected = {
        "participation_minutes": 1208_810 / 60_000,
        "broadcast_minutes": 51_537 / 60_000,
        "broadcast_minutes_audio_video": 51_537 / 60_000,
    }
    for order in (found, found[::-1]):
        expect(ask(order, start="2016-08-03"), expected)


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"videoType": "camera"}, ["audio", "video"]),
        ({"videoType": "camera", "hasAudio": True, "hasVideo": True}, ["audio", "video"]),
        ({"videoType": "camera", "hasAudio": False}, ["video"]),
        ({"videoType": "camera", "hasVideo": False}, ["audio"]),
        ({"videoType": "custom"}, ["audio", "video"]),
        ({"videoType": "screen"}, ["screenshare"]),
        ({}, ["audio"]),
        ({"videoType": ""}, ["audio"]),
        ({"videoType": None}, ["audio"]),
    ],
)
def test_the_tracks_of_a_stream(fields, kinds):
    found = events(event("streamCreated", 5, stream=stream("s1", ANA, 5, **fields)))
    assert [e.detail for e in found] == kinds
    ended = events(event("streamDestroyed", 9, stream=stream("s1", ANA, 5, **fields)))
    assert {(e.connection, e.subject) for e in found} <= {(e.connection, e.subject) for e in ended}
    assert {e.time for e in found} == {ms(5)}
    assert {e.time for e in ended} == {ms(9)}


def test_a_track_that_was_switched_off_ends_too():
    on = events(event("streamCreated", 5, stream=stream("s1", ANA, 5, videoType="camera")))
    off = events(
        event("streamDestroyed", 9, stream=stream("s1", ANA, 5, videoType="camera", hasVideo=False))
    )
    assert {e.subject for e in on} == {e.subject for e in off}


def test_a_person_is_the_data_of_the_token_else_the_connection():
    assert one(event("connectionCreated", 5, connection=BO)).person == BO["id"]
    assert one(event("connectionCreated", 5, connection=BO | {"data": "bo"})).person == "bo"
    long = [
        one(event("connectionCreated", 5, connection=BO | {"data": c + "é" * 700})).person
        for c in "aab"
    ]
    assert long[0] == long[1] != long[2]
    assert len(long[0]) == 32


def test_a_start_has_its_own_time_and_an_end_that_of_the_event():
    assert type_and_time(event("connectionCreated", 5, connection=BO)) == (
        "participant.joined",
        ms(5),
    )
    assert type_and_time(event("connectionCreated", 5, connection={"id": "c"})) == (
        "participant.joined",
        ms(5) + 166,
    )
    ended = events(event("connectionDestroyed", 9, connection=BO))
    assert [(e.type, e.time) for e in ended] == [
        ("participant.left", ms(9)),
        ("participant.joined", ms(5)),
    ]
    assert type_and_time(event("connectionDestroyed", 9, connection={"id": "c"})) == (
        "participant.left",
        ms(9),
    )
    assert type_and_time(event("sessionCreated", 0)) == ("session.started", ms(0) + 166)
    assert type_and_time(event("sessionDestroyed", 9)) == ("session.ended", ms(9))


def test_ids_differ_where_events_differ_and_only_there():
    ids = {
        e.id
        for kind, after in (("connectionCreated", 0), ("connectionDestroyed", 5))
        for minute in (1, 2)
        for id in ("c1", "c2")
        for e in events(event(kind, minute + after, connection=connection(id, minute)))
    }
    assert len(ids) == 4 + 2 * 4
    found = event("connectionCreated", 1, connection=ANA)
    assert one(found).id == one(found | {"reason": "another delivery", "timestamp": 7}).id


@pytest.mark.parametrize(
    "bodies",
    [
        [archive("started"), archive("stopped", 600)],
        [
            archive("started"),
            archive("stopped", 600),
            archive("uploaded", 600),
            archive("available", 600),
            archive("expired", 600),
        ],
        [archive("started"), archive("stopped", 0), archive("available", 600)],
        [archive("started"), archive("paused"), archive("started"), archive("uploaded", 600)],
        [archive("started"), archive("stopped", 0, updatedAt=ms(18))],
    ],
)
def test_an_archive_lasts_from_its_creation_for_its_duration(bodies):
    found = [e for body in bodies for e in events(body)]
    for order in (found, found[::-1]):
        expect(
            ask(order, start="2026-03-02", as_of=NOW),
            {"recorded_minutes": 10, "max_concurrent_recordings": 1},
        )


@pytest.mark.parametrize("statuses", ["sf", "sfp", "spf"])
def test_an_archive_that_failed_recorded_nothing(statuses):
    """It is reported as started (s), stopped (p) after ten minutes, and failed (f)."""
    bodies = {"s": archive("started"), "p": archive("stopped", 600), "f": archive("failed", 600)}
    found = [e for status in statuses for e in events(bodies[status])]
    for order in (found, found[::-1]):
        expect(
            ask(order, start="2026-03-02", as_of=NOW),
            {"recorded_minutes": 0, "max_concurrent_recordings": 0},
        )
    assert type_and_time(archive("failed", updatedAt=ms(18))) == ("recording.deleted", ms(8))


@pytest.mark.parametrize("kinds", ["CD", "D", "DC"])
@pytest.mark.parametrize("data", ["", "bo"])
def test_the_end_of_a_connection_makes_up_for_a_lost_join(kinds, data):
    """Bo is there from 10:05 to 11:05. Only the join need have his name, which then counts."""
    bodies = {
        "C": event("connectionCreated", 5, connection=BO | {"data": "bo"}),
        "D": event("connectionDestroyed", 65, connection=BO | {"data": data}),
    }
    found = [e for kind in kinds for e in events(bodies[kind])]
    expected = {"participation_minutes": 60, "active_participants": 1, "sessions": 1, "max_concurrent_participants": 1}  # fmt: skip
    expect(ask(found, start="2026-03-02", as_of="2026-03-02T12:00:00Z"), expected)
    assert len({e.id for e in found}) == len(set(found))
    ana = events(event("connectionCreated", 70, connection=ANA | {"data": "bo"}))
    if "C" in kinds or data:  # one person with two devices
        expect(ask(found + ana, start="2026-03-02", as_of="2026-03-02T12:00:00Z"), {"active_participants": 1})  # fmt: skip


def test_a_connection_of_length_zero_stays_closed():
    bodies = [event("connectionCreated", 5, connection=BO), event("connectionDestroyed", 5, connection=BO)]  # fmt: skip
    found = [e for body in bodies for e in events(body)]
    assert [(e.type, e.time) for e in found] == [("participant.joined", ms(5)), ("participant.left", ms(5))]  # fmt: skip
    expect(ask(found, start="2026-03-02", as_of=NOW), {"participation_minutes": 0, "active_participants": 1})  # fmt: skip


def test_captions_have_times_in_seconds():
    assert type_and_time(captions("started")) == ("captions.started", ms(10))
    assert type_and_time(captions("stopped", duration=60)) == ("captions.stopped", ms(11))
    assert type_and_time(captions("stopped", updatedAt=ms(12) // 1000)) == (
        "captions.stopped",
        ms(12),
    )
    assert type_and_time(captions("failed", updatedAt=ms(12))) == ("captions.stopped", ms(12))
    assert events(captions("paused")) == []


@pytest.mark.parametrize(
    "kind", ["broadcast", "render", "callCreated", "callUpdated", "callDestroyed"]
)
def test_known_events_without_a_part_in_usage_are_ignored(kind):
    assert events(event(kind, 1)) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (event("connectionTeleported", 1, connection=ANA), "unknown-type"),
        (PUBLISHED[0] | {"event": None}, "unknown-type"),
        (PUBLISHED[0] | {"event": ["connectionCreated"]}, "unknown-type"),
        (archive("melted"), "unknown-type"),
        (captions("melted"), "unknown-type"),
        (captions("started") | {"group": "subtitles"}, "unknown-type"),
        (event("connectionCreated", 1), "missing-field"),
        (event("connectionCreated", 1, connection=[]), "wrong-type"),
        (event("connectionCreated", 1, connection={"id": "c\0"}), "nul-character"),
        (event("streamCreated", 1, stream={"id": "s"}), "missing-field"),
        (event("streamCreated", 1, stream=stream("s", ANA, 1, videoType=["camera"])), "wrong-type"),
        (event("connectionDestroyed", 1, connection=ANA) | {"timestamp": 10**17}, "bad-time"),
        (event("connectionDestroyed", 1, connection=ANA) | {"sessionId": None}, "missing-field"),
        (archive("stopped", "long"), "bad-time"),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(body, reason):
    assert quarantine_reason(body) == reason
