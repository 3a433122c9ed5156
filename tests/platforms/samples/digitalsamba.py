"""Ana, with an external id, and Bo for half an hour, in both forms of the payload; a recording, and a question with an answer."""

from platforms.samples import URL, Sample
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery

SECRET = "9f2c1b7e-token"
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW // 1000 - 3600
ROOM, SESSION = "7f8c8eac-6643-47db-8d93-e7633e6e53ec", "4fcc375c-e0ce-4f52-9b35-3a034042ab5a"


def sign(body: bytes) -> Delivery:
    return Delivery(body, {"authorization": SECRET, "content-type": "application/json"}, URL, NOW)


def event(kind: str, minute: float, **data) -> dict:
    """An event in the form of the vendor's reference."""
    return {
        "eventType": kind,
        "sessionId": SESSION,
        "roomId": ROOM,
        "timestamp": TEN + int(minute * 60),
        "data": data,
    }


def other(kind: str, minute: float, **data) -> dict:
    """An event in the form of the vendor's example code."""
    return {
        "event": kind,
        "timestamp": TEN + int(minute * 60),
        "data": {"room_id": ROOM, "session_id": SESSION, **data},
    }


MEETING = (
    event("session_started", 0),
    event(
        "participant_joined", 0, participantId="p-1", name="Ana", role="moderator", externalId="ana"
    ),
    other("participant_joined", 5, participant_id="p-2", name="Bo"),
    event("participant_hand_raised", 6, participantId="p-2"),
    event("recording_started", 10, recordingId="r-1"),
    other("question_asked", 12, question_id="q-1"),
    event("question_answered", 13, questionId="q-1", answerId="a-1"),
    other("recording_stopped", 20, recording_id="r-1"),
    event("recording_ready", 21, recordingId="r-1"),
    event("participant_left", 30, participantId="p-1"),
    other("participant_left", 30, participant_id="p-2"),
    # Ana returns with another connection.
    other("participant_joined", 31, participant_id="p-3", external_id="ana", name="Ana"),
    event("session_ended", 32),
)

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        "participation_minutes": 30 + 25 + 1,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "sessions": 1,
        "active_rooms": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "recorded_minutes": 10,
        "max_concurrent_recordings": 1,
        "recording_storage_minutes": 10,
        "qa_posts": 2,
    },
    unknown=event("participant_teleported", 1, participantId="p-1"),
    proof=("authorization",),
    signs_body=False,
)
