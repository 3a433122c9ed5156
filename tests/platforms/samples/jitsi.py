"""Ana, with a token, and Bo for half an hour; Bo is in a breakout room for ten minutes of it. Bo's last leave is lost."""

from platforms.samples import URL, Sample
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery

SECRET = "TOKEN-237958623045"
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW // 1000 - 3600
ROOM = {"room_name": "catchup", "room_jid": "catchup@conference.meet.example.org"}
ANA = {
    "name": "Ana",
    "email": "ana@example.org",
    "id": "00380324-a840",
    "occupant_jid": "14f01c40@meet.example.org/OWhl8jSh",
}
BO = {"occupant_jid": "77aa1c40@meet.example.org/Xk2"}


def sign(body: bytes) -> Delivery:
    return Delivery(
        body, {"authorization": f"Bearer {SECRET}", "content-type": "application/json"}, URL, NOW
    )


def at(minute: float) -> int:
    return TEN + int(minute * 60)


def event(kind: str, breakout: str = "", **fields) -> dict:
    return {
        "event_name": kind,
        **ROOM,
        "is_breakout": bool(breakout),
        **({"breakout_room_id": breakout} if breakout else {}),
        **fields,
    }


def stay(who: dict, joined: float, left: float | None = None) -> dict:
    return {**who, "joined_at": at(joined), **({} if left is None else {"left_at": at(left)})}


MEETING = (
    event("muc-room-created", created_at=at(0)),
    event("muc-occupant-joined", active_occupants_count=1, occupant=stay(ANA, 0)),
    event("muc-occupant-joined", active_occupants_count=2, occupant=stay(BO, 5)),
    event("muc-room-created", "b-1", created_at=at(10)),
    event("muc-occupant-left", active_occupants_count=1, occupant=stay(BO, 5, 10)),
    event("muc-occupant-joined", "b-1", active_occupants_count=1, occupant=stay(BO, 10)),
    event("muc-occupant-left", "b-1", active_occupants_count=0, occupant=stay(BO, 10, 20)),
    event(
        "muc-room-destroyed",
        "b-1",
        created_at=at(10),
        destroyed_at=at(20),
        all_occupants=[stay(BO, 10, 20)],
    ),
    event("muc-occupant-joined", active_occupants_count=2, occupant=stay(BO, 20)),
    event("muc-occupant-left", active_occupants_count=1, occupant=stay(ANA, 0, 30)),
    event(
        "muc-room-destroyed",
        created_at=at(0),
        destroyed_at=at(30),
        all_occupants=[stay(ANA, 0, 30), stay(BO, 20, 25)],
    ),
)

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        # Ana; Bo in the main room, in the breakout room and in the main room again
        "participation_minutes": 30 + 5 + 10 + 5,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "active_rooms": 1,
        "sessions": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "breakout_minutes": 10,
    },
    unknown=event("muc-occupant-teleported", occupant=stay(ANA, 0)),
    proof=("authorization",),
    signs_body=False,
)
