"""Ana with camera and microphone, Bo with a microphone, a screen of Ana's; archived and captioned."""

from platforms.samples import URL, Sample, jwt, sha256
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery

SECRET = "Xk3wZ2v9qLr8uB1nT6yE"
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW - 3_600_000
SESSION, PROJECT = "2_MX4xMzExMjU3MX5-MTQ3MDI1NzY3OTkxOH45QXRr", "123456"


def sign(body: bytes, *, secret: str = SECRET, received: int = NOW, **claims) -> Delivery:
    all_claims = {"iat": received // 1000, "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5", "iss": "Vonage", "payload_hash": sha256(body).hex(),
            "api_key": "abcd1234", "application_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"} | claims  # fmt: skip
    return Delivery(
        body,
        {"authorization": f"Bearer {jwt(all_claims, secret)}", "content-type": "application/json"},
        URL,
        received,
    )


def ms(minute: float) -> int:
    return TEN + int(minute * 60_000)


def event(kind: str, minute: float, **fields) -> dict:
    # A start is reported a little later, an end at once.
    return {
        "sessionId": SESSION,
        "projectId": PROJECT,
        "event": kind,
        "timestamp": ms(minute) + (166 if kind.endswith("Created") else 0),
        **fields,
    }


def connection(id: str, minute: float, data: str = "") -> dict:
    return {"id": id, "createdAt": ms(minute), "data": data}


def stream(id: str, of: dict, minute: float, **fields) -> dict:
    return {"id": id, "connection": of, "createdAt": ms(minute), "name": "", **fields}


def archive(status: str, duration: int = 0, **fields) -> dict:
    return {"id": "b40ef09b-3811-4726-b508-e41a0f96c68f", "event": "archive", "createdAt": ms(8), "duration": duration, "name": "", "partnerId": 123456,
            "reason": "", "sessionId": SESSION, "size": 0, "status": status, **fields}  # fmt: skip


def captions(status: str, **fields) -> dict:
    return {"captionId": "7c0580fc-6274-4de5-a66f-d0648e8d3ac3", "projectId": PROJECT, "sessionId": SESSION, "status": status, "createdAt": ms(10) // 1000,
            "duration": 0, "languageCode": "en-us", "provider": "aws-transcribe", "group": "captions", **fields}  # fmt: skip


ANA, BO = (
    connection("c053fcc8-c681-41d5-8ec2-7a9e1434a21e", 0),
    connection("d164fdd9-d792-52e6-9fd3-8b0f2545b32f", 5),
)
CAMERA = stream("63245362-e00e-4834-8371-9397deb3e452", ANA, 0, videoType="camera")
SCREEN = stream("74356473-f11f-5945-9482-a4a8efc4f563", ANA, 15, videoType="screen")
VOICE = stream("85467584-0220-6a56-a593-b5b9f0d50674", BO, 5)

MEETING = (
    event("sessionCreated", 0),
    event("connectionCreated", 0, connection=ANA | {"data": "ana"}),
    event("streamCreated", 0, stream=CAMERA),
    event("connectionCreated", 5, connection=BO | {"data": "bo"}),
    event("streamCreated", 5, stream=VOICE),
    archive("started"),
    captions("started", updatedAt=ms(10) // 1000),
    event("streamCreated", 15, stream=SCREEN),
    captions("stopped", duration=540, updatedAt=ms(19.5) // 1000),
    archive("paused"),
    archive("stopped", 600),
    event("streamDestroyed", 25, reason="clientDisconnected", stream=SCREEN),
    event("streamDestroyed", 30, reason="clientDisconnected", stream=CAMERA),
    event("connectionDestroyed", 30, reason="clientDisconnected", connection=ANA),
    event("streamDestroyed", 30, reason="clientDisconnected", stream=VOICE),
    event("connectionDestroyed", 30, reason="clientDisconnected", connection=BO),
    event("sessionDestroyed", 30),
    archive("uploaded", 600),
)

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        "participation_minutes": 55,
        "broadcast_minutes": 65,
        "broadcast_minutes_audio_video": 30,
        "broadcast_minutes_audio": 25,
        "broadcast_minutes_screenshare": 10,
        "consumed_minutes": 60,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "sessions": 1,
        "active_rooms": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "recorded_minutes": 10,
        "max_concurrent_recordings": 1,
        "captions_minutes": 9,
    },
    unknown=event("connectionTeleported", 1, connection=ANA),
    proof=("authorization",),
)
