"""Events over HTTP, durably, against a route that only parses the JSON and commits one row per request.

Both servers run alone, one after the other in every round, under the same bounded load from one process: keep-alive
connections on the loopback address, each sending its next request when the last is answered.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import orjson
from common import CACHE, ROOT, Result, package_path, remove, say, under

CONNECTIONS = 16
#: Seconds each side is asked, for each size of batch.
SECONDS = 8.0
#: Minutes of the run that watches memory, and the most it may grow after its first minute.
MINUTES = 10
GROWTH = 1.10
TARGET = 0.7


def run(small: bool, rounds: int) -> list[Result]:
    seconds = 2.0 if small else SECONDS
    results: list[Result] = []
    for size in (1, 100):
        ours, bare, late = 0.0, 0.0, float("inf")
        for i in range(min(rounds, 3)):
            with Ours() as server:
                rate, p95, _ = load(server, size, seconds)
                ours, late = max(ours, rate), min(late, p95)
            with Bare() as server:
                bare = max(bare, load(server, size, seconds)[0])
            say(f"batches of {size}, round {i + 1}: {ours:,.0f} against {bare:,.0f} events/s")
        results.append(Result("receive", f"events per second, batches of {size}", "parse and commit one row", ours, bare, "/s", ours / bare, TARGET, at_least=True))
        results.append(under("receive", f"95 % of requests answered within, batches of {size}", late * 1000, 2_000, "ms"))
    results.append(lag(3.0 if small else 10.0))
    results.append(memory(0.2 if small else float(os.environ.get("BENCH_MINUTES", MINUTES))))
    return results


def lag(seconds: float, rate: int = 200) -> Result:
    """Longest time from an accepted event to the live figure that holds it, at ``rate`` events a second."""
    worst = 0.0
    with Ours() as server:
        token = subprocess.run(
            [sys.executable, "-m", "usage_report.cli", "token", "create", "--team", "bench", "--scope", "read"],
            cwd=ROOT, env=server.environment(), capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        accepted: list[tuple[float, int]] = []

        def send() -> None:
            c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            due = time.monotonic()
            for i in range(int(seconds * 10)):
                stay = [_joined(i * rate // 10 + j) for j in range(rate // 10)]
                c.request("POST", "/api/v1/events", orjson.dumps(stay), server.headers)
                c.getresponse().read()
                accepted.append((time.monotonic(), (i + 1) * rate // 10))
                due += 0.1
                time.sleep(max(0.0, due - time.monotonic()))

        sender = threading.Thread(target=send)
        sender.start()
        c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        figure = 0
        while sender.is_alive() or (accepted and figure < accepted[-1][1] and time.monotonic() < accepted[-1][0] + 30):
            asked = time.monotonic()
            c.request("GET", "/api/v1/live", headers={"Authorization": f"Bearer {token}"})
            figure = orjson.loads(c.getresponse().read()).get("live_participants", 0)
            worst = max([worst, *(asked - at for at, n in list(accepted) if n > figure)])
            time.sleep(0.05)
    return under("receive", f"longest wait for the live figure at {rate} events a second", worst * 1000, 2_000, "ms")


def _joined(n: int) -> dict:
    """One more person present, in one of fifty sessions."""
    at = time.time_ns() // 1_000_000 - 50
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03d}Z"
    data = {"room": f"room-{n % 50}", "session": f"s-{n % 50}", "connection": f"c-{n}"}
    return {"specversion": "1.0", "id": f"j-{n}", "source": "bench", "type": "participant.joined", "time": when, "data": data}


def memory(minutes: float) -> Result:
    """Resident memory through a long run: the end against the first tenth."""
    with Ours() as server:
        sizes: list[float] = []
        stop = time.monotonic() + minutes * 60
        watch = threading.Thread(target=lambda: _watch(server.process.pid, sizes, stop), daemon=True)
        watch.start()
        rate, _, _ = load(server, 100, minutes * 60, connections=2, pause=0.1)
        watch.join()
    early, late = max(sizes[: max(1, len(sizes) // 10)]), max(sizes[-max(1, len(sizes) // 10) :])
    say(f"memory: {early:.0f} MB at first, {late:.0f} MB at the end of {minutes:g} minutes at {rate:,.0f} events/s")
    return Result("receive", f"memory after {minutes:g} minutes of load", "its first tenth", late, early, "MB", late / early, GROWTH)


def _watch(pid: int, sizes: list[float], stop: float) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    while time.monotonic() < stop:
        sizes.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page / 1e6)
        time.sleep(0.5)


class Server:
    """A server process on a free port with a new database; ends with the block."""

    name = ""

    def __enter__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        CACHE.mkdir(parents=True, exist_ok=True)
        self.database = CACHE / f"receive-{self.name}.db"
        remove(self.database)
        self.headers = {"Content-Type": "application/json"} | self.prepare()
        self.process = subprocess.Popen(self.command(), cwd=ROOT, env=self.environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                c.request("GET", "/healthz")
                c.getresponse().read()
                return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"receive: {self.name} does not start")

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(30)
        remove(self.database)

    def environment(self) -> dict[str, str]:
        return os.environ | package_path() | {"USAGE_REPORT_DATABASE_URL": f"sqlite:///{self.database}"}

    def prepare(self) -> dict[str, str]:
        return {}


class Bare(Server):
    name = "bare"

    def command(self) -> list[str]:
        return [sys.executable, str(ROOT / "benchmarks" / "bare_receiver.py"), str(self.database), str(self.port)]


class Ours(Server):
    """The receiver as it is run: tokens, checks, duplicates, and the worker that counts beside it."""

    name = "ours"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "usage_report.cli", "serve", "--port", str(self.port)]

    def prepare(self) -> dict[str, str]:
        made = subprocess.run(
            [sys.executable, "-m", "usage_report.cli", "token", "create", "--team", "bench"],
            cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {"Authorization": f"Bearer {made.stdout.strip()}"}


def bodies(sender: int, size: int):
    """Bodies of ``size`` fresh events each, without end: meetings of eight that join, speak and leave."""
    n = 0
    while True:
        batch = []
        for _ in range(size):
            step, person = n % 4, (n // 4) % 8
            session = f"s-{sender}-{n // 64}"
            data = {"room": f"room-{sender}", "session": session, "connection": f"c-{person}"}
            kind = ("participant.joined", "track.published", "track.unpublished", "participant.left")[step]
            if step == 0:
                data["participant"] = f"p-{sender}-{person}"
            elif step < 3:
                data |= {"track": f"t-{person}"} | ({"kind": "audio"} if step == 1 else {})
            at = time.time_ns() // 1_000_000 - 60_000
            when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03d}Z"
            batch.append({"specversion": "1.0", "id": f"{sender}-{n}", "source": "bench", "type": kind, "time": when, "data": data})
            n += 1
        yield orjson.dumps(batch if size > 1 else batch[0])


def load(server: Server, size: int, seconds: float, connections: int = CONNECTIONS, pause: float = 0.0) -> tuple[float, float, int]:
    """Ask for ``seconds`` -> (events answered 2xx per second, 95th percentile of a request in seconds, requests)."""
    stop = time.monotonic() + seconds
    took: list[float] = []
    accepted = [0] * connections

    def send(sender: int) -> None:
        c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for body in bodies(sender, size):
            if time.monotonic() >= stop:
                break
            begin = time.perf_counter()
            c.request("POST", "/api/v1/events", body, server.headers)
            answer = c.getresponse()
            answer.read()
            if answer.status == 429:
                time.sleep(float(answer.headers.get("Retry-After", 1)))
                continue
            if answer.status != 200:
                raise SystemExit(f"receive: {server.name} answered {answer.status}")
            took.append(time.perf_counter() - begin)
            accepted[sender] += size
            if pause:
                time.sleep(pause)

    threads = [threading.Thread(target=send, args=(i,)) for i in range(connections)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if not took:
        raise SystemExit(f"receive: {server.name} answered nothing")
    took.sort()
    return sum(accepted) / seconds, took[int(len(took) * 0.95)], len(took)
