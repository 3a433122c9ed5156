"""LiveKit: its token, and what its events become."""

import base64
import hashlib
import hmac
import json

import pytest

from platforms.reading import Reading
from platforms.samples import URL, jwt
from platforms.samples.livekit import (
    CAMERA,
    EGRESS,
    ENDED,
    KEY,
    MIC,
    NOW,
    ROOM,
    SCREEN,
    SCREEN_SOUND,
    SECRET,
    TEN,
    event,
    person,
    sign,
    track,
)
from support.harness import TEAM, ask, expect
from usage_report.core.events import QuarantinedInput
from usage_report.sources.contract import Context, Delivery
from usage_report.sources.webhooks import livekit

reading = Reading(livekit.SOURCE)
translate, one, type_and_time, quarantine_reason = (
    reading.translate,
    reading.one,
    reading.type_and_time,
    reading.quarantine_reason,
)


# The token


def test_a_token_computed_by_hand_is_accepted():
    """As RFC 7519 and LiveKit document it: HS256, five minutes, the digest of the body in base64."""
    body = b'{"event":"room_started"}'
    claims = {
        "exp": NOW // 1000 + 300,
        "iss": KEY,
        "nbf": NOW // 1000,
        "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
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
    for prefix in ("", "Bearer "):
        delivery = Delivery(
            body, {"authorization": prefix + ".".join([*part, signature])}, URL, NOW
        )
        livekit.SOURCE.verify(delivery, f"{KEY}:{SECRET}")
        livekit.SOURCE.verify(delivery, SECRET)


def rejection(delivery: Delivery, secret: str = f"{KEY}:{SECRET}") -> str:
    return reading.rejection(delivery, secret)


BODY = b'{"event":"room_started"}'


def test_each_fault_of_the_token_has_its_own_message():
    good = sign(BODY)
    now = NOW // 1000
    assert "no signed token" in rejection(good._replace(headers={}))
    assert "another secret" in rejection(sign(BODY, secret="wrong"))
    assert "another body" in rejection(good._replace(body=BODY + b" "))
    assert "another body" in rejection(sign(BODY, sha256=None))
    assert "another body" in rejection(sign(BODY, sha256=7))
    assert "another API key" in rejection(sign(BODY, iss="APIother"))
    assert "expired" in rejection(sign(BODY, exp=now - 301))
    assert "not yet valid" in rejection(sign(BODY, nbf=now + 301))
    assert "expired" in rejection(sign(BODY, exp="soon"))
    assert "no end" in rejection(sign(BODY, exp=None))
    # A token that was valid when it was sent expires.
    assert "expired" in rejection(good._replace(received=NOW + 3_600_000))


def test_only_hs256_is_accepted():
    claims = {
        "iss": KEY,
        "exp": NOW // 1000 + 300,
        "sha256": base64.b64encode(hashlib.sha256(BODY).digest()).decode(),
    }
    for alg, digest in (
        ("none", "sha256"),
        ("None", "sha256"),
        ("HS512", "sha512"),
        ("HS384", "sha384"),
        ("RS256", "sha256"),
        ("", "sha256"),
    ):
        assert "HS256" in rejection(
            Delivery(BODY, {"authorization": jwt(claims, SECRET, alg, digest)}, URL, NOW)
        )
    unsigned = jwt(claims, SECRET, "none").rpartition(".")[0] + "."
    assert rejection(Delivery(BODY, {"authorization": unsigned}, URL, NOW))


def test_without_a_secret_every_delivery_is_rejected():
    assert "no secret" in rejection(sign(BODY, secret=""), "")
    assert "no secret" in rejection(sign(BODY, secret=""), f"{KEY}:")


# The events


def test_sessions():
    began = one(event("room_started", 0))
    assert (began.type, began.time, began.session, began.room) == (
        "session.started",
        TEN * 1000,
        "RM_hycBMAjmt6Ub",
        "standup",
    )
    exact = event("room_started", 0, room=ROOM | {"creationTimeMs": str(TEN * 1000 + 7)})
    assert type_and_time(exact) == ("session.started", TEN * 1000 + 7)
    assert type_and_time(event("room_finished", 31)) == ("session.ended", (TEN + 31 * 60) * 1000)


def test_the_id_is_that_of_the_server():
    body = event("room_started", 0)
    assert one(body).id == body["id"]
    assert quarantine_reason(body | {"id": ""}) == "missing-field"


def test_a_join_has_its_own_time_and_a_leave_that_of_its_event():
    joined = one(event("participant_joined", 5.5, participant=person("bo", 5)))
    assert (joined.connection, joined.person, joined.name, joined.time) == (
        "PA_bo",
        "bo",
        "Bo",
        (TEN + 300) * 1000 + 250,
    )
    whole = person("bo", 5)
    del whole["joinedAtMs"]
    assert type_and_time(event("participant_joined", 5.5, participant=whole)) == (
        "participant.joined",
        (TEN + 300) * 1000,
    )
    del whole["joinedAt"]
    assert type_and_time(event("participant_joined", 5.5, participant=whole)) == (
        "participant.joined",
        (TEN + 330) * 1000,
    )
    assert type_and_time(event("participant_left", 30, participant=person("bo", 5))) == (
        "participant.left",
        (TEN + 1800) * 1000,
    )


def test_a_stay_within_one_second_does_not_end_before_it_began():
    """The queue has whole seconds: the leave would be 250 ms before the join, and the stay would never end."""
    stay = person("bo", 5)
    joined, left = (
        one(event("participant_joined", 5, participant=stay)),
        one(event("participant_left", 5, participant=stay)),
    )
    assert left.time == joined.time == (TEN + 300) * 1000 + 250


def test_an_aborted_connection_is_a_leave():
    assert (
        one(event("participant_connection_aborted", 5, participant=person("bo", 5))).type
        == "participant.left"
    )


@pytest.mark.parametrize("kind", ["EGRESS", "INGRESS", "AGENT", 1, 2, 4])
def test_machines_are_not_participants(kind):
    for what in ("participant_joined", "participant_left", "participant_connection_aborted"):
        assert translate(event(what, 5, participant=person("bot", 5, kind=kind))) == []


@pytest.mark.parametrize("kind", ["STANDARD", "SIP", 0, 3])
def test_people_and_callers_are_participants(kind):
    assert (
        one(event("participant_joined", 5, participant=person("bo", 5, kind=kind))).connection
        == "PA_bo"
    )


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (MIC, "audio"),
        (track("TR_1"), "audio"),
        (track("TR_1", type="AUDIO"), "audio"),
        (track("TR_1", type=0), "audio"),
        (CAMERA, "video"),
        (track("TR_1", type=1, source=1), "video"),
        (track("TR_1", type="VIDEO"), "video"),
        (SCREEN, "screenshare"),
        (SCREEN_SOUND, "screenshare"),
        (track("TR_1", type="VIDEO", source=3), "screenshare"),
        (track("TR_1", source=4), "screenshare"),
    ],
)
def test_kinds_of_tracks(what, kind):
    on = one(event("track_published", 1, participant=person("ana"), track=what))
    off = one(event("track_unpublished", 2, participant=person("ana"), track=what))
    assert (on.type, on.detail, on.connection, on.subject) == (
        "track.published",
        kind,
        "PA_ana",
        what["sid"],
    )
    assert (off.type, off.connection, off.subject, off.time - on.time) == (
        "track.unpublished",
        "PA_ana",
        what["sid"],
        60_000,
    )


def test_tracks_of_data_are_ignored():
    for what in ("track_published", "track_unpublished"):
        assert (
            translate(event(what, 1, participant=person("ana"), track=track("TR_D", type="DATA")))
            == []
        )


def test_recordings_have_times_in_nanoseconds():
    began, ended = (
        one(event("egress_started", 10.1, egressInfo=EGRESS)),
        one(event("egress_ended", 20.1, egressInfo=ENDED)),
    )
    assert (began.type, began.time, began.subject, began.session) == (
        "recording.started",
        (TEN + 600) * 1000 + 123,
        EGRESS["egressId"],
        ROOM["sid"],
    )
    assert (ended.type, ended.time, ended.subject, ended.session) == (
        "recording.stopped",
        (TEN + 1200) * 1000 + 123,
        EGRESS["egressId"],
        ROOM["sid"],
    )
    untimed = {k: v for k, v in EGRESS.items() if k != "startedAt"} | {"endedAt": "0"}
    assert one(event("egress_started", 10, egressInfo=untimed)).time == (TEN + 600) * 1000


@pytest.mark.parametrize("status", ["EGRESS_FAILED", "EGRESS_ABORTED", 4, 5])
def test_a_recording_that_failed_recorded_nothing(status):
    began = one(event("egress_started", 10.1, egressInfo=EGRESS))
    ended = one(event("egress_ended", 20.1, egressInfo=ENDED | {"status": status}))
    assert (ended.type, ended.time, ended.subject, ended.session) == (
        "recording.deleted",
        began.time,
        began.subject,
        began.session,
    )
    expected = {"recorded_minutes": 0, "max_concurrent_recordings": 0}
    expect(ask([began, ended], start="2026-03-02", as_of=NOW), expected)
    untimed = {k: v for k, v in ENDED.items() if k != "startedAt"} | {"status": status}
    assert type_and_time(event("egress_ended", 20, egressInfo=untimed)) == (
        "recording.deleted",
        (TEN + 1200) * 1000 + 123,
    )


@pytest.mark.parametrize(
    "info",
    [
        {"roomComposite": {"streamOutputs": [{"protocol": "RTMP"}]}},
        {"streamResults": [{"url": "rtmp://x"}]},
        {"track": {"websocketUrl": "wss://x"}},
        {"participant": {"imageOutputs": [{}]}},
    ],
)
def test_an_egress_that_only_streams_is_not_a_recording(info):
    plain = {k: v for k, v in EGRESS.items() if k != "roomComposite"} | info
    assert (
        translate(event("egress_started", 10, egressInfo=plain))
        == translate(event("egress_ended", 20, egressInfo=plain))
        == []
    )
    # One that also writes a file is.
    assert (
        one(
            event("egress_started", 10, egressInfo=plain | {"fileResults": [{"filename": "a"}]})
        ).type
        == "recording.started"
    )


def test_a_recording_of_a_web_page_has_no_room():
    found = event(
        "egress_started",
        10,
        egressInfo={"egressId": "EG_1", "web": {"url": "https://example.org", "fileOutputs": [{}]}},
    )
    del found["room"]
    assert (one(found).session, one(found).room) == ("EG_1", "EG_1")


@pytest.mark.parametrize("kind", ["egress_updated", "ingress_started", "ingress_ended"])
def test_known_events_without_a_part_in_usage_are_ignored(kind):
    assert translate(event(kind, 10, egressInfo=EGRESS)) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"createdAt": "soon"}, "bad-time"),
        ({"createdAt": "1772445600000"}, "bad-time"),  # ms instead of seconds: the year 58,000
        ({"createdAt": "9" * 20}, "bad-time"),
        ({"createdAt": "1"}, "too-early"),
        ({"createdAt": None}, "missing-field"),
        ({"room": None}, "missing-field"),
        ({"room": []}, "wrong-type"),
        ({"room": {"sid": ["a"]}}, "wrong-type"),
        ({"room": {"sid": "a\0b"}}, "nul-character"),
        ({"room": {"sid": "x" * 1001}}, "too-long"),
        ({"event": None}, "unknown-type"),
        ({"event": ["room_finished"]}, "unknown-type"),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(change, reason):
    assert quarantine_reason(event("room_finished", 31) | change) == reason


def test_an_invalid_name_does_not_invalidate_the_event():
    assert (
        one(
            event("participant_joined", 5, participant=person("bo", 5) | {"name": "B\0" * 2_000})
        ).name
        == "B" * 250
    )
    assert one(event("participant_joined", 5, participant=person("bo", 5) | {"name": 7})).name == ""


def test_an_event_in_the_future_is_quarantined():
    (found,) = livekit.SOURCE.translate(
        sign(json.dumps(event("room_finished", 31)).encode()), Context(TEN * 1000, TEAM)
    )
    assert type(found) is QuarantinedInput
    assert found.reason == "in-the-future"
    assert "five minutes after now" in found.why
