"""John, a caller by telephone, and Jane, who moves to a breakout room and back; recorded for ten minutes."""

import base64

from platforms.samples import URL, Sample
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import hmac_sha256

SECRET = "whsec_f6afdb6c7e4b4e2a"
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW - 3_600_000
APP = "vpaas-magic-cookie-c2824d584eac4489a1e32e4e164d5a3c"
SESSION = "c3348153-1027-4382-afad-5ae91b433c26"
CONFERENCE = {"conference": f"testroom2@conference.{APP}.stage.8x8.vc"}
SIDE = {"isBreakout": True, "breakoutRoomId": "e0f49fd5-c3dc-4f36-9612-8cdab4d8ccfd"}


def sign(
    body: bytes, *, secret: str = SECRET, received: int = NOW, signed: int | None = None
) -> Delivery:
    when = str(received if signed is None else signed)
    signature = base64.b64encode(hmac_sha256(secret.encode(), when.encode() + b"." + body)).decode()
    return Delivery(
        body,
        {"x-jaas-signature": f"t={when},v1={signature}", "content-type": "application/json"},
        URL,
        received,
    )


_count = iter(range(1, 10_000))


def event(kind: str, minute: float, data: dict | list) -> dict:
    return {
        "idempotencyKey": f"d11f155d-ced5-4a7e-b6d9-{next(_count):012d}",
        "customerId": "c2824d584eac4489a1e32e4e164d5a3c",
        "appId": APP,
        "eventType": kind,
        "sessionId": SESSION,
        "timestamp": TEN + int(minute * 60_000),
        "fqn": f"{APP}/testroom2",
        "data": data,
    }


def person(name: str, jid: str, **fields) -> dict:
    return {
        "moderator": "true",
        "name": name,
        "group": APP,
        "email": "",
        "id": f"user-{name.lower()}",
        "participantJid": f"{jid}-a6ef-40cf-8b1b-f5097f46fbf7@stage.8x8.vc",
        "participantId": jid,
        "avatar": "https://link.to/avatar",
    } | fields


JOHN, JANE = person("John", "3988218d"), person("Jane", "77cc1552")
CALLER = {
    "direction": "in",
    "nick": "40364630871",
    "participantJid": "47bc002e-3473-4e39-8001-c487e0622542@stage.8x8.vc",
    "participantId": "47bc002e",
}

MEETING = (
    event("PARTICIPANT_JOINED", 0, JOHN),  # arrives before ROOM_CREATED
    event("ROOM_CREATED", 0, CONFERENCE),
    event(
        "USAGE",
        0,
        [{"deviceId": "349304d3627f59eac2015f29a9ade613", "email": None, "userId": "user-john"}],
    ),
    event("PARTICIPANT_JOINED_LOBBY", 4, JANE),
    event("PARTICIPANT_JOINED", 5, JANE),
    event("DIAL_IN_STARTED", 6, CALLER),
    event("RECORDING_STARTED", 8, CONFERENCE),
    event("ROOM_CREATED", 10, CONFERENCE | SIDE),
    event("PARTICIPANT_LEFT", 10, JANE | {"disconnectReason": "switch_room"}),
    event("PARTICIPANT_JOINED", 10, JANE | SIDE),
    event("DIAL_IN_ENDED", 16, CALLER),
    event("RECORDING_ENDED", 18, CONFERENCE),
    event("PARTICIPANT_LEFT", 20, JANE | SIDE | {"disconnectReason": "switch_room"}),
    event("PARTICIPANT_JOINED", 20, JANE),
    event("ROOM_DESTROYED", 21, CONFERENCE | SIDE),
    event("PARTICIPANT_LEFT", 30, JANE | {"disconnectReason": "left"}),
    event("PARTICIPANT_LEFT", 30, JOHN | {"disconnectReason": "left"}),
    event("ROOM_DESTROYED", 30, CONFERENCE),
    event(
        "RECORDING_UPLOADED",
        35,
        {
            "durationSec": 600,
            "startTimestamp": TEN + 480_000,
            "endTimestamp": TEN + 1_080_000,
            "recordingSessionId": "n",
        },
    ),
    event(
        "SCREEN_SHARING_HISTORY",
        35,
        {"preAuthenticatedLink": "https://8x8.vc/v1/_jaas/x", "linkExpiration": TEN + 86_400_000},
    ),
)

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        "participation_minutes": 65,
        "active_participants": 3,
        "max_concurrent_participants": 3,
        "sessions": 1,
        "active_rooms": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 3,
        "recorded_minutes": 10,
        "max_concurrent_recordings": 1,
        "breakout_minutes": 11,
    },
    unknown=event("PARTICIPANT_TELEPORTED", 1, JOHN),
    proof=("x-jaas-signature",),
)
