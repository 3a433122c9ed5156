"""A load of events over HTTP that costs the machine little itself: keep-alive connections, each with one request under way.

One event loop, bodies made before the clock starts (only a number and the minute change in them), no HTTP library: what
is measured is the server, which shares the machine with its clients.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
import uvloop

CONNECTIONS = 16
#: Placeholders in the bodies for the number of the round and the minute, of the same length.
_ROUND, _MINUTE = b"@@@@@@@@", b"####-##-##T##:##"
#: Events of one meeting: eight people join, unmute, mute and leave.
_MEETING = 64


@dataclass(slots=True)
class Outcome:
    """Result of a load: seconds of each request answered 2xx, events in them, requests to retry later."""

    seconds: float
    took: list[float] = field(default_factory=list)
    events: int = 0
    put_off: int = 0
    fault: str = ""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def p95(self) -> float:
        """95th percentile of a request's seconds."""
        return sorted(self.took)[int(len(self.took) * 0.95)]


def run(
    port: int,
    headers: dict[str, str],
    size: int,
    seconds: float,
    *,
    connections: int = CONNECTIONS,
    pause: float = 0.0,
) -> Outcome:
    """Send batches of ``size`` fresh events for ``seconds``, ``pause`` seconds between an answer and the next request."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(_run(port, headers, size, seconds, connections, pause))
    if outcome.fault or not outcome.took:
        raise SystemExit(f"load: {outcome.fault or 'no answer came'}")
    return outcome


async def _run(
    port: int, headers: dict[str, str], size: int, seconds: float, connections: int, pause: float
) -> Outcome:
    loop = asyncio.get_running_loop()
    outcome = Outcome(seconds)
    sources = [_bodies(i, size) for i in range(connections)]
    stop = time.perf_counter() + seconds
    senders = [_Sender(loop, source, headers, stop, pause, outcome) for source in sources]
    for sender in senders:
        await loop.create_connection(lambda sender=sender: sender, "127.0.0.1", port)
    await asyncio.wait([sender.done for sender in senders], timeout=seconds + 60)
    outcome.events = len(outcome.took) * size
    return outcome


class _Sender(asyncio.Protocol):
    def __init__(
        self,
        loop,
        bodies: Iterator[bytes],
        headers: dict[str, str],
        stop: float,
        pause: float,
        outcome: Outcome,
    ) -> None:
        self._loop, self._bodies, self._stop, self._pause, self._outcome = (
            loop,
            bodies,
            stop,
            pause,
            outcome,
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = (
            f"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: ".encode()
        )
        self._got = b""
        self.done = loop.create_future()

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        if self._began >= self._stop:
            self._end()
            return
        body = next(self._bodies)
        self._transport.write(self._head + b"%d\r\n\r\n" % len(body) + body)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, rest = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.lower()
        length = int(lines.partition(b"content-length:")[2].split(None, 1)[0])
        if len(rest) < length:
            return
        self._got = b""
        status = int(head[9:12])
        if status == 200:
            self._outcome.took.append(time.perf_counter() - self._began)
            if self._pause:
                self._loop.call_later(self._pause, self._send)
            else:
                self._send()
        elif status == 429:
            self._outcome.put_off += 1
            self._loop.call_later(1.0, self._send)
        else:
            self._end(f"the server answered {status}: {rest[:200]!r}")

    def connection_lost(self, error: Exception | None) -> None:
        self._end("" if self.done.done() else f"the connection ended: {error}")

    def _end(self, fault: str = "") -> None:
        self._outcome.fault = self._outcome.fault or fault
        if not self.done.done():
            self.done.set_result(None)
            self._transport.close()


def _bodies(sender: int, size: int) -> Iterator[bytes]:
    """Bodies of ``size`` fresh events each, without end, one meeting after another."""
    templates = [
        orjson.dumps(batch if size > 1 else batch[0]) for batch in _templates(sender, size)
    ]
    round_ = 0
    while True:
        round_ += 1
        number = b"%08d" % round_
        minute = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 120)).encode()
        for template in templates:
            yield template.replace(_ROUND, number).replace(_MINUTE, minute)


def _templates(sender: int, size: int) -> Iterator[list[dict]]:
    mark, minute = _ROUND.decode(), _MINUTE.decode()
    for first in range(0, _MEETING * size, size):
        yield [_event(sender, n, mark, minute) for n in range(first, first + size)]


def _event(sender: int, n: int, mark: str, minute: str) -> dict:
    step, person, meeting = n % 4, n // 4 % 8, n // _MEETING
    kind = ("participant.joined", "track.published", "track.unpublished", "participant.left")[step]
    data = {
        "room": f"room-{sender}",
        "session": f"s-{sender}-{mark}-{meeting}",
        "connection": f"c-{person}-{n // 32 % 2}",
    }
    if step == 0:
        data["participant"] = f"p-{sender}-{person}"
    elif step < 3:
        data |= {"track": f"t-{person}"} | ({"kind": "audio"} if step == 1 else {})
    at = n % _MEETING * 900  # ms into the minute
    when = f"{minute}:{at // 1000:02d}.{at % 1000:03d}Z"
    return {
        "specversion": "1.0",
        "id": f"{sender}-{mark}-{n}",
        "source": "bench",
        "type": kind,
        "time": when,
        "data": data,
    }
