"""A small Digital Samba on loopback: the documented responses over records of our own, and faults on request.

It uses real HTTP, so that connections, timeouts and incomplete responses are real as well.
"""

from __future__ import annotations

import asyncio
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

KEY = "developer-key"
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class FakeDigitalSamba:
    """The vendor's records, and how it behaves."""

    sessions: list[dict] = field(default_factory=list)
    participants: list[dict] = field(default_factory=list)
    recordings: list[dict] = field(default_factory=list)
    archived: list[dict] = field(default_factory=list)
    #: Whether a range includes its date_end.
    inclusive: bool = True
    #: Whether the range (day, day) is refused where it does not.
    refuses_empty: bool = False
    #: ``oas`` or ``docs``: spelling of the statistics; ``docs`` lists of recordings also have session and duration.
    spelling: str = "oas"
    #: Responses to the next requests, instead of the usual ones; ``None`` is the usual one.
    faults: list = field(default_factory=list)
    #: Called with the number of each request before it is answered.
    hook: object = None
    #: Path and query of each request.
    requests: list[str] = field(default_factory=list)
    #: ``Authorization`` headers of all requests.
    keys: set[str] = field(default_factory=set)
    statistics_extra: dict = field(default_factory=dict)
    max_page: int = 100
    #: Whether every offset gets the first page.
    ignores_offset: bool = False
    url: str = ""

    def meet(
        self, session: str, start: str, minutes: float, people: int, room: str = "room-1"
    ) -> None:
        """Add a session with all participants present throughout, closed seven minutes later."""
        begin = at(start)
        end = begin + timedelta(minutes=minutes)
        self.sessions.append(
            {"id": session, "start_time": f"{begin:%Y-%m-%dT%H:%M:%S}.000000Z", "end_time": f"{end + 7 * timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}.000000Z",
             "room_id": room, "room_external_id": None, "description": "Room", "friendly_url": room, "room_is_deleted": False,
             "participants_total": people, "participants_max": people, "live": False}
        )  # fmt: skip
        for n in range(people):
            self.participants.append(
                {"id": f"{session}-p{n}", "external_id": f"person-{n}", "session_id": session, "room_id": room, "room_external_id": None,
                 "room_is_deleted": False, "name": f"Person {n}", "role": "moderator", "friendly_url": room,
                 "join_time": f"{begin:%Y-%m-%d %H:%M:%S}", "leave_time": f"{end:%Y-%m-%d %H:%M:%S}", "live": False}
            )  # fmt: skip

    def record(self, id: str, session: str, start: str, seconds: int, room: str = "room-1") -> dict:
        """Add a recording and return it."""
        self.recordings.append(
            {"id": id, "name": id, "status": "READY", "room_id": room, "external_room_id": "e", "friendly_url": room, "privacy": "public",
             "created_at": f"{at(start):%Y-%m-%dT%H:%M:%S}Z", "updated_at": f"{at(start):%Y-%m-%dT%H:%M:%S}Z",
             "session_id": session, "duration": seconds}
        )  # fmt: skip
        return self.recordings[-1]

    def _days(self, request: Request) -> tuple[date, date]:
        """Return the first day, and the day after the last."""
        start, end = (
            date.fromisoformat(request.query_params[name]) for name in ("date_start", "date_end")
        )
        return start, end + DAY if self.inclusive else end

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.requests.append(
            path.removeprefix("/api/v1/") + (f"?{request.url.query}" if request.url.query else "")
        )
        self.keys.add(request.headers.get("authorization", ""))
        if self.hook:
            self.hook(len(self.requests))
        if self.faults and (fault := self.faults.pop(0)) is not None:
            return fault if isinstance(fault, Response) else await fault()
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"message": "Unauthenticated."}, 401)
        what = path.removeprefix("/api/v1/")
        if what in ("sessions", "participants"):
            start, end = self._days(request)
            name = "start_time" if what == "sessions" else "join_time"
            rows = [
                r for r in getattr(self, what) if start <= at(r[name].replace("Z", "")).date() < end
            ]
            return self._page(request, rows)
        if what == "recordings":
            hidden = ("session_id", "duration") if self.spelling == "oas" else ()
            return self._page(
                request, [{k: v for k, v in r.items() if k not in hidden} for r in self.recordings]
            )
        if what == "recordings/archived":
            return self._page(request, self.archived)
        if what.startswith("recordings/"):
            found = [
                r
                for r in [*self.recordings, *self.archived]
                if r["id"] == what.removeprefix("recordings/")
            ]
            return JSONResponse(found[0]) if found else JSONResponse({"message": "Not found."}, 404)
        if what == "statistics":
            start, end = self._days(request)
            if start >= end and self.refuses_empty:
                return JSONResponse({"message": "The date end must be after date start."}, 422)
            return JSONResponse(
                self.statistics(start, end)
                | {"date_start": start.isoformat(), "date_end": request.query_params["date_end"]}
            )
        return JSONResponse({"message": "Not found."}, 404)

    def _page(self, request: Request, rows: list[dict]) -> Response:
        limit, offset = int(request.query_params["limit"]), int(request.query_params["offset"])
        assert limit <= 100
        offset = 0 if self.ignores_offset else offset
        return JSONResponse(
            {
                "data": rows[offset : offset + min(limit, self.max_page)],
                "total_count": str(len(rows)),
            }
        )

    def statistics(self, start: date, end: date) -> dict:
        """Return statistics as the vendor documents them: each connection is rounded up to whole minutes."""
        there = [
            (at(p["join_time"]), at(p["leave_time"]), p)
            for p in self.participants
            if start <= at(p["join_time"]).date() < end and p["leave_time"]
        ]
        minutes = sum(math.ceil((b - a).total_seconds() / 60) for a, b, _ in there)
        sessions = {p["session_id"] for *_, p in there}
        peak, peaks = (
            Counter(p["session_id"] for *_, p in there),
            ("concurrent", "active") if self.spelling == "oas" else ("active", "concurrent"),
        )
        return {
            "participation_minutes": minutes, "desktop_participation_minutes": minutes, "broadcasted_minutes": 10 * len(there),
            "screen_broadcasted_minutes": 4 * len(there), "subscribed_minutes": 7 * len(there), "screen_subscribed_minutes": 0,
            "active_participants": len({p["external_id"] for *_, p in there}), f"max_{peaks[0]}_participants": max(peak.values(), default=0),
            "sessions": len(sessions), "rooms": len({p["room_id"] for *_, p in there}), f"max_{peaks[0]}_sessions": min(1, len(sessions)),
            "recorded_minutes": 0, "captions_minutes": 5 * len(sessions), "stored_recorded_minutes": 99, "public_chat_posts": 3, "questions": 2,
            "answers": 1, "live_participants": 0,
        } | self.statistics_extra  # fmt: skip


def truncated() -> Response:
    """Complete as HTTP, incomplete as JSON."""
    return Response(b'{"data": [{"id": "s1", "start_ti', media_type="application/json")


async def broken() -> Response:
    """Fewer bytes than announced, then the end of the connection."""
    return Response(b"{", headers={"content-length": "5000"}, media_type="application/json")


def status(code: int, **headers: str) -> Response:
    return PlainTextResponse(
        "fault", code, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def slow(seconds: float):
    async def answer() -> Response:
        await asyncio.sleep(seconds)
        return JSONResponse({"data": [], "total_count": "0"})

    return answer


@contextmanager
def serving(fake: FakeDigitalSamba) -> Iterator[FakeDigitalSamba]:
    """Serve ``fake`` on a free port of loopback within the block."""
    app = Starlette(routes=[Route("/{path:path}", fake.answer)])
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end, "the server does not start"
        time.sleep(0.01)
    fake.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield fake
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
