"""Ana and Bo for half an hour: microphone with a mute, camera, screen, recording, chat. Forms, signed by a checksum."""

import hashlib
import json
from urllib.parse import urlencode

from platforms.samples import URL, Sample
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery

SECRET = "sharedsecretofthisserver"
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW - 3_600_000
MEETING_ID = "8043c8452ae9830aac14c517adff3839dbd9228f-1772445600000"
ANA, BO = "w_ana4gxtlfom", "w_bo8w0dzhtvk"


def sign(body: bytes, *, algorithm: str = "sha1", url: str = URL, secret: str = SECRET) -> Delivery:
    digest = hashlib.new(algorithm, url.encode() + body + secret.encode()).hexdigest()
    signed = f"{url}{'&' if '?' in url else '?'}checksum={digest}"
    return Delivery(
        body, {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}, signed, NOW
    )


def event(kind: str, minute: float, user: str = "", about: dict | None = None, **fields) -> dict:
    attributes = {
        "meeting": {"internal-meeting-id": MEETING_ID, "external-meeting-id": "standup"},
        **(about or {}),
    }
    if user:
        attributes["user"] = {
            "internal-user-id": user,
            "external-user-id": user.split("_")[1][:3].rstrip("w"),
            **fields,
        }
    return {
        "data": {
            "type": "event",
            "id": kind,
            "attributes": attributes,
            "event": {"ts": TEN + int(minute * 60_000)},
        }
    }


def form(*events: dict) -> bytes:
    return urlencode(
        {"domain": "bbb.example.org", "event": json.dumps(list(events)), "timestamp": TEN}
    ).encode()


def camera(user: str) -> dict:
    return {"stream": f"{user}_0e2313d7c9d39860"}


EVENTS = (
    event(
        "meeting-created",
        0,
        about={
            "meeting": {
                "internal-meeting-id": MEETING_ID,
                "external-meeting-id": "standup",
                "is-breakout": False,
                "parent-id": "bbb-none",
            }
        },
    ),
    event("user-joined", 0, ANA, name="Ana", role="MODERATOR"),
    event("user-joined", 5, BO, name="Bo", role="VIEWER"),
    event(
        "user-audio-voice-enabled",
        0,
        ANA,
        **{"listening-only": False, "sharing-mic": True, "muted": False},
    ),
    event(
        "user-audio-voice-enabled",
        5,
        BO,
        **{"listening-only": True, "sharing-mic": False, "muted": False},
    ),
    event("user-cam-broadcast-start", 0, ANA, **camera(ANA)),
    event("user-audio-muted", 10, ANA, muted=True),
    event("user-audio-unmuted", 15, ANA, muted=False),
    event("meeting-screenshare-started", 15, ANA),
    event("meeting-recording-started", 10),
    event(
        "chat-group-message-sent",
        12,
        about={
            "chat-message": {"id": "1772446320000-9idm9pxf", "message": "hi"},
            "chat-id": "MAIN-PUBLIC-GROUP-CHAT",
        },
    ),
    event("user-raise-hand-changed", 13, BO),
    event("meeting-recording-stopped", 20),
    event("meeting-screenshare-stopped", 25, ANA),
    event("user-cam-broadcast-end", 20, ANA, **camera(ANA)),
    event("user-audio-voice-disabled", 25, ANA),
    event("user-left", 30, BO),
    event("meeting-ended", 30),
    event("rap-publish-ended", 40),
)

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    # The last delivery has two events: a server that is behind sends several at once.
    meeting=(*(form(e) for e in EVENTS[:-2]), form(*EVENTS[-2:])),
    figures={
        "participation_minutes": 30 + 25,
        # audio and video 0-10 and 15-20, video 10-15, audio 20-25, screen 15-25
        "broadcast_minutes": 15 + 5 + 5 + 10,
        "broadcast_minutes_audio_video": 15,
        "broadcast_minutes_audio": 5,
        "broadcast_minutes_video": 5,
        "broadcast_minutes_screenshare": 10,
        # Bo, from the fifth minute on
        "consumed_minutes": 10 + 5 + 5 + 10,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "sessions": 1,
        "active_rooms": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "recorded_minutes": 10,
        "max_concurrent_recordings": 1,
        "recording_storage_minutes": 10,
        "chat_posts": 1,
    },
    unknown=form(event("user-teleported", 1, ANA)),
    proof=("url",),
)
