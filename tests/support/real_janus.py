"""A real Janus WebRTC server for tests, with its own configuration, a receiver of its events, and clients.

Debian's package ``janus`` has the server with its plugins, the wheel ``aiortc`` the clients. Everything listens on free
ports of loopback; an installed configuration is not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from usage_report.sources.contract import Delivery

USER, PASSWORD = "janus", "opens-doors"
ROOM, ROOM_SECRET = 4711, "moderates"
TIMEOUT_SECONDS = 15.0


def why_not() -> str:
    """Return why it cannot be run here, an empty text if it can."""
    if not shutil.which("janus"):
        return "janus is not installed (apt-get install janus)"
    try:
        import aiortc  # noqa: F401
    except ImportError:
        return "aiortc is not installed (pip install aiortc)"
    return ""


class _Catcher(BaseHTTPRequestHandler):
    """Receives what the event handler posts."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {k.lower(): v for k, v in self.headers.items()}
        self.server.caught.append(
            Delivery(body, headers, f"http://{headers['host']}{self.path}", int(time.time() * 1000))
        )
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Running:
    """A running server: the address of its API, and the deliveries it has sent."""

    def __init__(self, api: str, caught: list[Delivery], log: Path) -> None:
        self.api, self.caught, self.log = api, caught, log

    def has_sent(self, event: str, count: int = 1) -> bool:
        """Return whether at least ``count`` videoroom events of this name have arrived."""
        items = (item for delivery in self.caught for item in json.loads(delivery.body))
        return (
            sum(
                item["event"].get("data", {}).get("event") == event
                for item in items
                if isinstance(item.get("event"), dict)
            )
            >= count
        )

    async def wait_for(self, event: str, count: int = 1) -> None:
        end = time.monotonic() + TIMEOUT_SECONDS
        while not self.has_sent(event, count):
            assert time.monotonic() < end, (
                f"no {event!r} within {TIMEOUT_SECONDS} s: {[d.body for d in self.caught]}"
            )
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _configure(folder: Path, api_port: int, backend: str) -> None:
    files = {
        "janus.jcfg": f"""
            general: {{ configs_folder = "{folder}" server_name = "test" debug_level = 4 session_timeout = 60 }}
            media: {{ rtp_port_range = "20000-40000" }}
            nat: {{ ice_lite = false }}
            plugins: {{ disable = "libjanus_audiobridge.so,libjanus_echotest.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so,libjanus_duktape.so,libjanus_lua.so" }}
            transports: {{ disable = "libjanus_websockets.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so" }}
            loggers: {{ disable = "libjanus_jsonlog.so" }}
            events: {{ broadcast = true disable = "libjanus_gelfevh.so,libjanus_mqttevh.so,libjanus_nanomsgevh.so,libjanus_rabbitmqevh.so,libjanus_wsevh.so" stats_period = 5 }}
        """,
        "janus.transport.http.jcfg": f"""
            general: {{ json = "compact" base_path = "/janus" http = true port = {api_port} ip = "127.0.0.1" https = false }}
            admin: {{ admin_http = false admin_https = false }}
        """,
        "janus.eventhandler.sampleevh.jcfg": f"""
            general: {{ enabled = true events = "all" grouping = true json = "compact"
                       backend = "{backend}" backend_user = "{USER}" backend_pwd = "{PASSWORD}" }}
        """,
        "janus.plugin.videoroom.jcfg": f"""
            general: {{ events = true }}
            room-{ROOM}: {{ description = "Tests" secret = "{ROOM_SECRET}" publishers = 6 bitrate = 128000 audiocodec = "opus" videocodec = "vp8" record = false }}
        """,
    }
    for name, text in files.items():
        (folder / name).write_text(text)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Run a server within the block. ``folder`` must be empty."""
    catcher = ThreadingHTTPServer(("127.0.0.1", 0), _Catcher)
    catcher.caught = []
    threading.Thread(target=catcher.serve_forever, daemon=True).start()
    port = _free_port()
    _configure(folder, port, f"http://127.0.0.1:{catcher.server_port}/hook")
    log = folder / "janus.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            ["janus", "-C", str(folder / "janus.jcfg"), "-F", str(folder), "-o"],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
    try:
        api = f"http://127.0.0.1:{port}/janus"
        end = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{api}/info", timeout=2).close()
                break
            except OSError:
                assert process.poll() is None, (
                    f"janus ended:\n{log.read_text(errors='replace')[-3000:]}"
                )
                assert time.monotonic() < end, (
                    f"janus does not answer:\n{log.read_text(errors='replace')[-3000:]}"
                )
                time.sleep(0.1)
        yield Running(api, catcher.caught, log)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        catcher.shutdown()
        catcher.server_close()


class Handle:
    """One handle of a session of the Janus API, and the peer connection behind it."""

    def __init__(self, client: Client, id: int) -> None:
        self.client, self.id, self.peer = client, id, None
        self.path = f"/{client.session}/{id}"

    async def message(
        self, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request to the plugin and return the event that answers it."""
        return await self.client.ask(
            self.path, {"janus": "message", "body": body} | ({"jsep": jsep} if jsep else {})
        )

    async def detach(self) -> None:
        await self.client.ask(self.path, {"janus": "detach"})


class Client:
    """One browser, as the server sees it: a session of the Janus API, polled, with its handles."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.session = 0
        self._waiting: dict[str, asyncio.Future] = {}
        self._gone = False
        self._peers: list[Any] = []

    async def __aenter__(self) -> Self:
        self.session = (await self._post("", {"janus": "create"}))["data"]["id"]
        threading.Thread(target=self._poll, args=(asyncio.get_running_loop(),), daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for peer in self._peers:
            await peer.close()
        self._gone = True

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        def call() -> dict[str, Any]:
            data = json.dumps({"transaction": uuid.uuid4().hex} | body).encode()
            with urllib.request.urlopen(
                self.server.api + path, data, timeout=TIMEOUT_SECONDS
            ) as answer:
                return json.loads(answer.read())

        return await asyncio.to_thread(call)

    def _poll(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver every event to the coroutine that waits for it, in a daemon thread: a poll can take long."""
        while not self._gone:
            try:
                with urllib.request.urlopen(
                    f"{self.server.api}/{self.session}?maxev=10", timeout=40
                ) as answer:
                    events = json.loads(answer.read())
                loop.call_soon_threadsafe(
                    self._hand, events if isinstance(events, list) else [events]
                )
            except (
                OSError,
                RuntimeError,
                http.client.HTTPException,
            ):  # the session, the server or the loop has gone
                return

    def _hand(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            future = self._waiting.pop(event.get("transaction", ""), None)
            if future and not future.done():
                future.set_result(event)

    async def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        transaction = uuid.uuid4().hex
        future = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        answer = await self._post(path, body | {"transaction": transaction})
        if answer["janus"] == "ack":
            answer = await asyncio.wait_for(future, TIMEOUT_SECONDS)
        self._waiting.pop(transaction, None)
        assert answer["janus"] != "error", answer
        return answer

    async def attach(self, **fields: str) -> Handle:
        answer = await self.ask(
            f"/{self.session}", {"janus": "attach", "plugin": "janus.plugin.videoroom"} | fields
        )
        return Handle(self, answer["data"]["id"])

    async def destroy(self) -> None:
        """Disconnect without leaving the room, as a closed browser window does."""
        await self._post(f"/{self.session}", {"janus": "destroy"})

    async def join(
        self, display: str, id: int | None = None, **fields: str
    ) -> tuple[Handle, dict[str, Any]]:
        handle = await self.attach(**fields)
        body = {"request": "join", "ptype": "publisher", "room": ROOM, "display": display} | (
            {"id": id} if id else {}
        )
        return handle, (await handle.message(body))["plugindata"]["data"]

    async def publish(self, handle: Handle, *, audio: bool = True, video: bool = True) -> None:
        """Send a tone and a picture; return when the media flows."""
        from aiortc import RTCPeerConnection, RTCSessionDescription
        from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

        handle.peer = peer = RTCPeerConnection()
        self._peers.append(peer)
        if audio:
            peer.addTrack(AudioStreamTrack())
        if video:
            peer.addTrack(VideoStreamTrack())
        await peer.setLocalDescription(await peer.createOffer())
        answer = await handle.message(
            {"request": "configure", "audio": audio, "video": video},
            {"type": peer.localDescription.type, "sdp": peer.localDescription.sdp},
        )
        await peer.setRemoteDescription(
            RTCSessionDescription(**{k: answer["jsep"][k] for k in ("type", "sdp")})
        )
        await self._connected(peer)

    async def subscribe(self, publisher: int) -> Handle:
        """Receive all streams of a publisher over a new handle; return when the media flows."""
        from aiortc import RTCPeerConnection, RTCSessionDescription

        handle = await self.attach()
        offer = await handle.message(
            {
                "request": "join",
                "ptype": "subscriber",
                "room": ROOM,
                "streams": [{"feed": publisher}],
            }
        )
        handle.peer = peer = RTCPeerConnection()
        self._peers.append(peer)
        await peer.setRemoteDescription(
            RTCSessionDescription(**{k: offer["jsep"][k] for k in ("type", "sdp")})
        )
        await peer.setLocalDescription(await peer.createAnswer())
        await handle.message(
            {"request": "start"},
            {"type": peer.localDescription.type, "sdp": peer.localDescription.sdp},
        )
        await self._connected(peer)
        return handle

    async def _connected(self, peer: Any) -> None:
        end = time.monotonic() + TIMEOUT_SECONDS
        while peer.connectionState != "connected":
            assert peer.connectionState in ("new", "connecting"), peer.connectionState
            assert time.monotonic() < end, "the media does not flow"
            await asyncio.sleep(0.05)
