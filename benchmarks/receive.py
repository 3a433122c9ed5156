"""Events over HTTP, durably, against a route that only parses the JSON and commits one row per request.

Servers run alone, one after the other in every round, under the same load from one process (``load.py``). Beside that: how
soon a figure holds what was accepted, and memory through a long run.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import load
import orjson
from common import CACHE, ROOT, Result, package_path, remove, say, under

#: Seconds each side is asked, for each size of batch.
SECONDS = 8.0
#: Minutes of the run that watches memory, and the most it may grow after its first tenth.
MINUTES = 10
GROWTH = 1.10
TARGET = 0.7


def run(small: bool, rounds: int) -> list[Result]:
    seconds = 2.0 if small else SECONDS
    results: list[Result] = []
    for size in (1, 100):
        best = {"ours": 0.0, "plain": 0.0, "tuned": 0.0}
        late = figures = float("inf")
        for i in range(min(rounds, 3)):
            for server in (Ours(), Bare("plain"), Bare("tuned")):
                with server:
                    outcome = load.run(server.port, server.headers, size, seconds)
                    best[server.name] = max(best[server.name], outcome.rate)
                    if isinstance(server, Ours):
                        late, figures = min(late, outcome.p95), min(figures, server.counted())
            say(
                f"batches of {size}, round {i + 1}: "
                + ", ".join(f"{name} {rate:,.0f}" for name, rate in best.items())
                + " events/s at best"
            )
        what = f"events per second, batches of {size}"
        for name, baseline_is, target in (
            ("plain", "parse and commit one row", TARGET),
            ("tuned", "the same with WAL and orjson", None),
        ):
            results.append(
                Result(
                    "receive",
                    what,
                    baseline_is,
                    best["ours"],
                    best[name],
                    "/s",
                    best["ours"] / best[name],
                    target,
                    at_least=True,
                )
            )
        results.append(
            under(
                "receive",
                f"95 % of requests answered within, batches of {size}",
                late * 1000,
                2_000,
                "ms",
            )
        )
        results.append(
            Result(
                "receive",
                f"until figures hold all, batches of {size}",
                "the load itself",
                figures,
                seconds,
                "s",
                figures / seconds,
                None,
            )
        )
    results.append(lag(3.0 if small else 10.0))
    results += memory(0.2 if small else float(os.environ.get("BENCH_MINUTES", MINUTES)))
    return results


def lag(seconds: float, rate: int = 200) -> Result:
    """Longest time from an accepted event to the live figure that holds it, at ``rate`` events a second."""
    worst = 0.0
    with Ours() as server:
        token = subprocess.run(
            [sys.executable, "-m", "usage_report", "token", "create", "--team", "bench", "--scope", "read"],
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
        while sender.is_alive() or (
            accepted and figure < accepted[-1][1] and time.monotonic() < accepted[-1][0] + 30
        ):
            asked = time.monotonic()
            c.request("GET", "/api/v1/live", headers={"Authorization": f"Bearer {token}"})
            figure = orjson.loads(c.getresponse().read()).get("live_participants", 0)
            worst = max([worst, *(asked - at for at, n in list(accepted) if n > figure)])
            time.sleep(0.05)
    return under(
        "receive",
        f"longest wait for the live figure at {rate} events a second",
        worst * 1000,
        2_000,
        "ms",
    )


def _joined(n: int) -> dict:
    """One more person present, in one of fifty sessions."""
    at = time.time_ns() // 1_000_000 - 50
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03d}Z"
    data = {"room": f"room-{n % 50}", "session": f"s-{n % 50}", "connection": f"c-{n}"}
    return {
        "specversion": "1.0",
        "id": f"j-{n}",
        "source": "bench",
        "type": "participant.joined",
        "time": when,
        "data": data,
    }


def memory(minutes: float) -> list[Result]:
    """Memory of the server and its worker through a long run: the last tenth against the first, and the most of all."""
    with Ours() as server:
        sizes: list[float] = []
        stop = time.monotonic() + minutes * 60
        watch = threading.Thread(
            target=lambda: _watch(server.process.pid, sizes, stop), daemon=True
        )
        watch.start()
        rate = load.run(
            server.port, server.headers, 100, minutes * 60, connections=2, pause=0.1
        ).rate
        watch.join()
    tenth = max(1, len(sizes) // 10)
    early, late, most = (
        statistics.median(sizes[:tenth]),
        statistics.median(sizes[-tenth:]),
        max(sizes),
    )
    say(
        f"memory: {early:.0f} MB in the first tenth, {late:.0f} MB in the last of {minutes:g} minutes at {rate:,.0f} events/s; {most:.0f} MB at most"
    )
    what = f"memory through {minutes:g} minutes of load"
    return [
        Result(
            "receive",
            f"{what}, last tenth",
            "its first tenth",
            late,
            early,
            "MB",
            late / early,
            GROWTH,
        ),
        Result(
            "receive", f"{what}, at most", "its first tenth", most, early, "MB", most / early, None
        ),
    ]


def _watch(pid: int, sizes: list[float], stop: float) -> None:
    """What the processes hold themselves: pages of the database's file that are mapped belong to the system."""
    while time.monotonic() < stop:
        children = [
            p
            for task in Path(f"/proc/{pid}/task").iterdir()
            for p in (task / "children").read_text().split()
        ]
        status = [Path(f"/proc/{p}/status").read_text() for p in (pid, *children)]
        sizes.append(
            sum(int(re.search(r"RssAnon:\s+(\d+)", text)[1]) for text in status) * 1024 / 1e6
        )
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
        self.process = subprocess.Popen(
            self.command(),
            cwd=ROOT,
            env=self.environment(),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
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
        return (
            os.environ
            | package_path()
            | {"USAGE_REPORT_DATABASE_URL": f"sqlite:///{self.database}"}
        )

    def prepare(self) -> dict[str, str]:
        return {}


class Bare(Server):
    def __init__(self, name: str) -> None:
        self.name = name

    def command(self) -> list[str]:
        return [
            sys.executable,
            str(ROOT / "benchmarks" / "bare_receiver.py"),
            str(self.database),
            str(self.port),
            self.name,
        ]


class Ours(Server):
    """The receiver as it is run: tokens, checks, duplicates, and a worker process."""

    name = "ours"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "usage_report", "serve", "--port", str(self.port)]

    def prepare(self) -> dict[str, str]:
        made = subprocess.run(
            [sys.executable, "-m", "usage_report", "token", "create", "--team", "bench"],
            cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {"Authorization": f"Bearer {made.stdout.strip()}"}

    def counted(self) -> float:
        """Seconds until the figures hold everything that has been accepted."""
        began = time.monotonic()
        while time.monotonic() < began + 120:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            c.request("GET", "/metrics")
            if re.search(rb"^usage_report_lag_seconds 0\.0$", c.getresponse().read(), re.MULTILINE):
                return time.monotonic() - began
            time.sleep(0.1)
        raise SystemExit("receive: the figures never held all")
