"""Ana (with an account) and a guest, who moves to a breakout room and back; a shared screen, a recording with a pause, and a message."""

from platforms.samples import URL, Sample
from usage_report.core.events import instant, iso
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import hmac_sha256

SECRET = "ymE9kJ7sRsCaSZ6Q3dTw2g"
NOW = instant("2026-03-02T11:00:00Z")
TEN = NOW - 3_600_000
MEETING_UUID, NUMBER = "4444AAAiAAAAAiAiAiiAii==", "89791995600"


def sign(
    body: bytes, *, secret: str = SECRET, received: int = NOW, signed: int | None = None
) -> Delivery:
    when = str(received // 1000 if signed is None else signed)
    signature = "v0=" + hmac_sha256(secret.encode(), f"v0:{when}:".encode() + body).hex()
    headers = {
        "x-zm-request-timestamp": when,
        "x-zm-signature": signature,
        "x-zm-trackingid": "v=2.0;clid=us04",
        "content-type": "application/json",
    }
    return Delivery(body, headers, URL, received)


def at(minute: float) -> str:
    return iso(TEN + int(minute * 60_000))


def event(kind: str, minute: float, **fields) -> dict:
    meeting = {"uuid": MEETING_UUID, "id": NUMBER, "host_id": "x1yCzABCDEfg23HiJKl4mN", "topic": "My Meeting", "type": 2, "start_time": at(0),
               "duration": 60, "timezone": "America/Los_Angeles"} | fields  # fmt: skip
    # The event is sent a little after it happened.
    return {
        "event": kind,
        "event_ts": TEN + int(minute * 60_000) + 572,
        "payload": {"account_id": "AAAAAABBBB", "object": meeting},
    }


def ana(**fields) -> dict:
    return {
        "user_id": "16778240",
        "user_name": "Ana",
        "id": "iFxeBPYun6SAiWUzBcEkX",
        "participant_uuid": "55555AAAiAAAAAiAiAiiAii==",
        "email": "",
    } | fields


def guest(user_id: str, **fields) -> dict:
    """A guest. Zoom assigns a new user_id at each move, and keeps the uuid."""
    return {
        "user_id": user_id,
        "user_name": "Bo",
        "participant_uuid": "66666AAAiAAAAAiAiAiiAii==",
        "email": "",
    } | fields


def shares(minute: float) -> dict:
    details = {
        "content": "application",
        "link_source": "",
        "file_link": "",
        "source": "",
        "date_time": at(minute),
    }
    return {
        "user_id": "16778240",
        "user_name": "Ana",
        "id": "iFxeBPYun6SAiWUzBcEkX",
        "sharing_details": details,
    }


def tape(start: float, end: float | None = None) -> dict:
    return {"recording_start": at(start), "recording_end": "" if end is None else at(end)}


SIDE = {"breakout_room_uuid": "FkQbpP2UR028mDrwzEahqw=="}
INTO, BACK = "left the meeting. Reason : left the meeting to join breakout room", "left the meeting"
MESSAGE = {"date_time": at(6), "sender_session_id": "16778240", "sender_name": "Ana", "sender_type": "host", "recipient_type": "everyone",
           "message_id": "MS17RDk0QTY3QUQtQkFGQy04QTJFLTI2RUEtNkYxQjRBRTU1MTk5fQ==", "message_content": "Hi"}  # fmt: skip

MEETING = (
    event(
        "meeting.participant_jbh_waiting",
        -1,
        participant={"id": "iFxeBPYun6SAiWUzBcEkX", "user_name": "Ana"},
    ),
    event("meeting.started", 0),
    event("meeting.participant_joined", 0, participant=ana(join_time=at(0))),
    event(
        "meeting.participant_joined_waiting_room", 4, participant=guest("16779264", date_time=at(4))
    ),
    event("meeting.participant_joined", 5, participant=guest("16779264", join_time=at(5))),
    event("meeting.chat_message_sent", 6, chat_message=MESSAGE),
    event("recording.started", 8, id=int(NUMBER), recording_file=tape(8)),
    # The move to the breakout room, in the order in which Zoom was seen to send it.
    event(
        "meeting.participant_joined_breakout_room",
        10,
        participant=guest("16780288", parent_user_id="16779264", join_time=at(10)),
        **SIDE,
    ),
    event("meeting.participant_joined", 10, participant=guest("16780288", join_time=at(10))),
    event(
        "meeting.participant_left",
        10,
        participant=guest("16779264", leave_time=at(10), leave_reason=INTO),
    ),
    event("recording.paused", 12, id=int(NUMBER), recording_file=tape(8, 12)),
    event("recording.resumed", 14, id=int(NUMBER), recording_file=tape(8)),
    event("meeting.sharing_started", 15, participant=shares(15)),
    event("meeting.sharing_ended", 18, participant=shares(18)),
    event(
        "meeting.participant_left_breakout_room",
        20,
        participant=guest("16780288", parent_user_id="16779264", leave_time=at(20)),
        **SIDE,
    ),
    event(
        "meeting.participant_left",
        20,
        participant=guest("16780288", leave_time=at(20), leave_reason=BACK),
    ),
    event("meeting.participant_joined", 20, participant=guest("16781312", join_time=at(20))),
    event("recording.stopped", 24, id=int(NUMBER), recording_file=tape(8, 24)),
    event(
        "meeting.participant_left",
        30,
        participant=guest(
            "16781312",
            leave_time=at(30),
            leave_reason="left the meeting. Reason : Host ended the meeting.",
        ),
    ),
    event("meeting.participant_left", 30, participant=ana(leave_time=at(30))),
    event("meeting.ended", 30, end_time=at(30)),
    event("recording.completed", 40, id=int(NUMBER), recording_files=[]),
)

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        "participation_minutes": 55,
        "broadcast_minutes_screenshare": 3,
        "consumed_minutes_screenshare": 3,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "sessions": 1,
        "active_rooms": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
        "recorded_minutes": 14,  # 8:00 to 12:00.572 and 14:00.572 to 24:00
        "max_concurrent_recordings": 1,
        "breakout_minutes": 10,
        "recording_storage_minutes": 14,
        "chat_posts": 1,
    },
    unknown=event("meeting.participant_teleported", 1, participant=ana()),
    proof=("x-zm-request-timestamp", "x-zm-signature"),
)
