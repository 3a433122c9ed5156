"""Ana and Bo for half an hour, Ana with camera, microphone and screen; recorded for ten minutes by an egress, which joins too."""

import base64

from platforms.samples import URL, Sample, jwt, sha256
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery

KEY, SECRET = "APIdemo", "cc5d0a3e2b8f4b1f9d6a"
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW // 1000 - 3600  # 10:00:00, in the seconds of createdAt
ROOM = {"sid": "RM_hycBMAjmt6Ub", "name": "standup", "creationTime": str(TEN), "numParticipants": 2}


def sign(body: bytes, *, secret: str = SECRET, received: int = NOW, **claims) -> Delivery:
    """Sign as the server does: a token of five minutes, with the digest of the body in base64."""
    digest = base64.b64encode(sha256(body)).decode()
    now = received // 1000
    token = jwt({"iss": KEY, "nbf": now, "exp": now + 300, "sha256": digest} | claims, secret)
    return Delivery(
        body, {"authorization": token, "content-type": "application/webhook+json"}, URL, received
    )


_count = iter(range(1, 10_000))


def event(kind: str, minute: float, **fields) -> dict:
    return {
        "event": kind,
        "room": ROOM,
        **fields,
        "id": f"EV_{next(_count):06d}",
        "createdAt": str(TEN + int(minute * 60)),
    }


def person(name: str, minute: float | None = None, **fields) -> dict:
    participant = {"sid": f"PA_{name}", "identity": name, **fields}
    if minute is not None:
        at = TEN + int(minute * 60)
        participant |= {
            "name": name.title(),
            "state": "ACTIVE",
            "joinedAt": str(at),
            "joinedAtMs": str(at * 1000 + 250),
        }
    return participant


def track(sid: str, **fields) -> dict:
    return {"sid": sid, **fields}


MIC = track("TR_AM1", source="MICROPHONE")  # the type AUDIO is 0 and left out
CAMERA = track("TR_VC1", type="VIDEO", source="CAMERA", width=1280, height=720)
SCREEN = track("TR_VS1", type="VIDEO", source="SCREEN_SHARE")
SCREEN_SOUND = track("TR_AS1", source="SCREEN_SHARE_AUDIO")
EGRESS = {
    "egressId": "EG_4Jm8LDvQ3hxQ",
    "roomId": ROOM["sid"],
    "roomName": "standup",
    "status": "EGRESS_ACTIVE",
    "startedAt": str((TEN + 600) * 10**9 + 123_456_789),
    "roomComposite": {"roomName": "standup", "fileOutputs": [{"filepath": "standup.mp4"}]},
}
ENDED = EGRESS | {
    "status": "EGRESS_COMPLETE",
    "endedAt": str((TEN + 1200) * 10**9 + 123_456_789),
    "fileResults": [{"filename": "standup.mp4"}],
}
RECORDER = person("EG_4Jm8LDvQ3hxQ", 10, kind="EGRESS", permission={"hidden": True})

MEETING = (
    event("room_started", 0),
    event("participant_joined", 0, participant=person("ana", 0)),
    event("track_published", 0, participant=person("ana"), track=MIC),
    event("track_published", 0, participant=person("ana"), track=CAMERA),
    event("participant_joined", 5, participant=person("bo", 5, kind="SIP")),
    event("egress_started", 10, egressInfo=EGRESS),
    event("participant_joined", 10, participant=RECORDER),
    event("track_published", 15, participant=person("ana"), track=SCREEN),
    event("track_published", 15, participant=person("ana"), track=SCREEN_SOUND),
    event("egress_updated", 20, egressInfo=EGRESS | {"status": "EGRESS_ENDING"}),
    event("participant_left", 20, participant=RECORDER),
    event("egress_ended", 20, egressInfo=ENDED),
    event("track_unpublished", 25, participant=person("ana"), track=SCREEN),
    event("track_unpublished", 25, participant=person("ana"), track=SCREEN_SOUND),
    event("track_unpublished", 30, participant=person("ana"), track=CAMERA),
    event("track_unpublished", 30, participant=person("ana"), track=MIC),
    event("participant_left", 30, participant=person("ana", 0)),
    event("participant_left", 30, participant=person("bo", 5, kind="SIP")),
    event("room_finished", 31),
)

QUARTER = 0.25 / 60  # in minutes: each joins a quarter of a second after the full minute

SAMPLE = Sample(
    secret=f"{KEY}:{SECRET}",
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        "participation_minutes": 55 - 2 * QUARTER,
        "broadcast_minutes": 40 - QUARTER,
        "broadcast_minutes_audio_video": 30 - QUARTER,
        "broadcast_minutes_screenshare": 10,
        "consumed_minutes": 35 - QUARTER,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "sessions": 1,
        "active_rooms": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "recorded_minutes": 10,
        "max_concurrent_recordings": 1,
    },
    unknown=event("participant_teleported", 1, participant=person("ana", 0)),
    proof=("authorization",),
)
