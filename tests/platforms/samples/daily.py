"""Joao and Ana in one room for half an hour; Ana's connection breaks and she returns; a cloud recording of ten minutes."""

import base64

from platforms.samples import URL, Sample
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import hmac_sha256

KEY = b"thirty-two bytes of a secret key"
SECRET = base64.b64encode(KEY).decode()
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW // 1000 - 3600
ROOM, MEETING_ID = "standup", "5f9d4a52-0b2e-4f6c-8f57-2c7b1a2f9d10"


def sign(
    body: bytes, *, key: bytes = KEY, received: int = NOW, signed: int | None = None
) -> Delivery:
    when = str(received if signed is None else signed)
    signature = base64.b64encode(hmac_sha256(key, when.encode() + b"." + body)).decode()
    return Delivery(
        body,
        {
            "x-webhook-timestamp": when,
            "x-webhook-signature": signature,
            "content-type": "application/json",
        },
        URL,
        received,
    )


_count = iter(range(1, 10_000))


def event(kind: str, minute: float, **payload) -> dict:
    """An event that is sent a little more than a second after what it reports."""
    return {
        "version": "1.0.0",
        "type": kind,
        "id": f"evt_{next(_count):08d}",
        "payload": payload,
        "event_ts": TEN + minute * 60 + 1.346,
    }


def person(name: str, connection: str, minute: float, stayed: float | None = None) -> dict:
    fields = {
        "joined_at": TEN + minute * 60,
        "session_id": connection,
        "room": ROOM,
        "user_id": name,
        "user_name": name.title(),
        "owner": False,
    }
    return fields if stayed is None else fields | {"duration": stayed * 60}


MEETING = (
    event("meeting.started", 0, start_ts=TEN, meeting_id=MEETING_ID, room=ROOM),
    event("participant.joined", 0, **person("joao", "participant_abc123def456", 0)),
    event("waiting-participant.joined", 4, joined_at=TEN + 240, session_id="participant_2", room=ROOM),
    event("participant.joined", 5, **person("ana", "participant_2", 5.0125)),
    event("participant.left", 15, **person("ana", "participant_2", 5.0125, 10)),
    event("participant.joined", 16, **person("ana", "participant_3", 16)),
    event("recording.started", 10, recording_id="rec_1", action="start-cloud-recording", start_ts=TEN + 600, started_by="participant_3"),
    event("participant.left", 30, **person("ana", "participant_3", 16, 14)),
    event("participant.left", 30, **person("joao", "participant_abc123def456", 0, 30)),
    event("meeting.ended", 30, start_ts=TEN, end_ts=TEN + 1800, meeting_id=MEETING_ID, room=ROOM),
    event("recording.ready-to-download", 33, recording_id="rec_1", room_name=ROOM, type="cloud", start_ts=TEN + 600, duration=600,
          status="finished", max_participants=2, s3_key="domain/standup/1772445600000"),
)  # fmt: skip

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        "participation_minutes": 54,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "active_rooms": 1,
        "sessions": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "recorded_minutes": 10,
        "max_concurrent_recordings": 1,
    },
    unknown=event("participant.teleported", 1, **person("joao", "participant_abc123def456", 0)),
    proof=("x-webhook-timestamp", "x-webhook-signature"),
)
