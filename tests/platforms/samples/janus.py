"""Ana and Bo for half an hour in one room, as Janus 1.1.2 reports it: Ana adds a camera and drops it, Bo is kicked."""

import base64
import itertools

from platforms.samples import URL, Sample
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery

SECRET = "janus:opens-doors"
NOW = instant("2026-03-02T11:00:00Z")
TEN = (NOW - 3_600_000) * 1000
ROOM, ANA, BO = 4711, 7565340622707965, 77


def sign(body: bytes, *, pair: str = SECRET) -> Delivery:
    header = "Basic " + base64.b64encode(pair.encode()).decode()
    return Delivery(body, {"authorization": header, "content-type": "application/json"}, URL, NOW)


_tick = itertools.count()


def event(type: int, minute: float, event: dict, **handle) -> dict:
    # Two events never have the same microsecond.
    return {
        "emitter": "sfu-1",
        "type": type,
        "timestamp": TEN + int(minute * 60_000_000) + next(_tick),
        **handle,
        "event": event,
    }


def room(name: str, minute: float, id: int | None = None, **data) -> dict:
    """An event of the VideoRoom plugin. The events of an end have no handle."""
    handle = (
        {}
        if name in ("leaving", "kicked", "unpublished")
        else {"session_id": 38596507 + (id or 0) % 7, "handle_id": 67261642 + (id or 0) % 7}
    )
    if id == ANA and handle:
        handle["opaque_id"] = "ana"
    about = {"event": name, "room": ROOM, **({"id": id} if id else {}), **data}
    return event(64, minute, {"plugin": "janus.plugin.videoroom", "data": about}, **handle)


def streams(**kinds: bool) -> list[dict]:
    return [
        {"type": k, "mindex": n, "mid": str(n), **({"codec": "x"} if on else {"disabled": True})}
        for n, (k, on) in enumerate(kinds.items())
    ]


FEEDS = [{"type": "audio", "mid": "0", "feed_id": ANA, "feed_mid": "0"}]

MEETING = (
    event(256, -1, {"status": "started", "info": {"janus": "server_info"}}, subtype=1),
    [
        event(
            1,
            0,
            {"name": "created", "transport": {"transport": "janus.transport.http", "id": "1"}},
            session_id=38596507,
        ),
        room("created", 0),
        room("joined", 0, ANA, private_id=3922052226, display="Ana"),
    ],
    room("configured", 0, ANA, bitrate=128000),
    room("published", 0, ANA, display="Ana", streams=streams(audio=True)),
    [
        room("joined", 5, BO, private_id=1941424643, display="Bo"),
        room("subscribing", 5, streams=FEEDS, private_id=0),
        room("subscribed", 5),
    ],
    room("updated", 10, ANA, display="Ana", streams=streams(audio=True, video=True, data=True)),
    room("updated", 10, streams=FEEDS, private_id=0),
    event(
        32,
        11,
        {"media": "video", "mid": "1", "receiving": True},
        session_id=38596507,
        handle_id=67261642,
    ),
    room("updated", 20, ANA, display="Ana", streams=streams(audio=True, video=False)),
    event(
        64,
        21,
        {
            "plugin": "janus.plugin.videoroom",
            "data": {
                "videoroom": "moderated",
                "room": ROOM,
                "id": ANA,
                "mid": "0",
                "moderation": "muted",
            },
        },
    ),
    room("kicked", 25, BO),
    [room("unpublished", 30, ANA), room("unpublished", 30, ANA), room("leaving", 30, ANA)],
    room("destroyed", 31),
    event(256, 40, {"status": "shutdown", "signum": 15}, subtype=2),
)

SAMPLE = Sample(
    secret=SECRET,
    now=NOW,
    sign=sign,
    meeting=MEETING,
    figures={
        "participation_minutes": 30 + 20,
        "broadcast_minutes": 30,
        "broadcast_minutes_audio_video": 10,
        "broadcast_minutes_audio": 20,
        "consumed_minutes": 20,
        "active_participants": 2,
        "max_concurrent_participants": 2,
        "active_rooms": 1,
        "sessions": 1,
        "max_concurrent_sessions": 1,
        "max_participants_per_session": 2,
    },
    unknown=room("teleported", 1, ANA),
    proof=("authorization",),
    signs_body=False,
)
