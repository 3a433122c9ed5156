"""The real processes: figures follow at once, nothing lost when one is killed, nothing counted twice by several."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support import databases, oracle, product
from support.api_serving import free_port, joined, process, told
from support.shell import ROOT, Shell, environment
from usage_report import storage
from usage_report.core.events import instant, iso, parse
from usage_report.ingest import pipeline

pytestmark = pytest.mark.slow

MINUTE = 60_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def token(url: str, scope: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {Shell(url)('token', 'create', '--team', 'acme', '--scope', scope).stdout.strip()}"
    }


#: Seconds after which an accepted event must show, on a machine that does other things too. How fast it really is: benchmarks/receive.py.
SOON = 15.0


def test_figures_follow_while_200_events_a_second_come_in(tmp_path):
    """Every event is one more person present: what was accepted a while ago must be in the live figure."""
    url = f"sqlite:///{tmp_path}/usage.db"
    send, read = token(url, "ingest"), token(url, "read")
    accepted: list[tuple[float, int]] = []  # when, and how many by then
    sent = 0
    with (
        process(url, tmp_path / "log") as (_, address),
        httpx.Client(base_url=address, timeout=20) as sender,
        httpx.Client(base_url=address, timeout=20) as reader,
    ):
        end = threading.Event()

        def load() -> None:
            nonlocal sent
            due = time.monotonic()
            for i in range(100):  # 20 every tenth of a second, for ten seconds
                events = [
                    joined(
                        f"{i}-{j}",
                        at=now_ms() - 50,
                        session=f"s-{(i * 20 + j) % 700}",
                        connection=f"c-{i}-{j}",
                    )
                    for j in range(20)
                ]
                answer = sender.post("/api/v1/events", json=events, headers=send)
                assert answer.json()["accepted"] == 20, answer.text
                sent += 20
                accepted.append((time.monotonic(), sent))
                due += 0.1
                time.sleep(max(0.0, due - time.monotonic()))
            end.set()

        thread = threading.Thread(target=load)
        began = time.monotonic()
        thread.start()
        looked = figure = 0
        while not end.is_set() or time.monotonic() < accepted[-1][0] + 2.2 or figure < sent:
            assert time.monotonic() - began < 60
            asked = time.monotonic()
            figure = (
                reader.get("/api/v1/live", headers=read).json()["live_participants"]
                if accepted
                else 0
            )
            must = max((n for at, n in accepted if at <= asked - SOON), default=0)
            assert figure >= must, (
                f"{asked - began:.1f} s: {figure} live, {must} were accepted {SOON:g} s before"
            )
            looked += 1
            time.sleep(0.1)
        thread.join()
        assert looked > 5
        assert sent == 2_000
        assert reader.get("/api/v1/live", headers=read).json()["live_participants"] == 2_000
        assert (
            'usage_report_events_total{platform="jsonl",result="accepted"} 2000.0'
            in reader.get("/metrics").text
        )


def day(seed: int, sessions: int) -> list[list[dict]]:
    """Requests of a made-up day, those of one session spread over many others; some events in two requests."""
    random_ = random.Random(seed)
    start = instant("2026-03-02T06:00:00Z")
    events = []
    for s in range(sessions):
        at, name = start + random_.randrange(600) * MINUTE, f"s-{s}"
        for p in range(random_.randrange(1, 5)):
            c = f"{name}-{p}"
            since, until = (
                at + random_.randrange(10 * MINUTE),
                at + random_.randrange(15, 40) * MINUTE,
            )
            events.append(
                joined(
                    f"j-{c}",
                    at=since,
                    session=name,
                    connection=c,
                    participant=f"person {random_.randrange(60)}",
                )
            )
            kind = random_.choice(["audio", "video", "screenshare"])
            events.append(
                told(
                    "track.published",
                    f"p-{c}",
                    at=since + 1_000,
                    session=name,
                    connection=c,
                    track="t",
                    kind=kind,
                )
            )
            events.append(
                told(
                    "chat.posted",
                    f"m-{c}",
                    at=since + 2_000,
                    session=name,
                    post=c,
                    visibility="public",
                )
            )
            if random_.random() < 0.8:
                events.append(
                    told("participant.left", f"l-{c}", at=until, session=name, connection=c)
                )
        if random_.random() < 0.7:
            events.append(told("session.ended", f"e-{name}", at=at + 60 * MINUTE, session=name))
    events += random_.choices(events, k=len(events) // 5)
    random_.shuffle(events)
    requests = []
    while events:
        n = random_.choice([1, 1, 2, 5, 20])
        requests.append([events.pop() for _ in range(min(n, len(events)))])
    return requests


QUESTION = {
    "team": "acme",
    "start": "2026-03-01",
    "last": "2026-03-04",
    "zone": "Europe/Berlin",
    "as_of": instant("2026-03-10T00:00:00Z"),
}


def hold(url: str, requests: list[list[dict]]) -> None:
    """The report must be the oracle's on all that was sent."""
    sent = {e["id"]: parse(e, now=now_ms()) for request in requests for e in request}
    engine = storage.open_database(url)
    pipeline.process_pending(engine)
    with storage.reading(engine) as c:
        assert {row[0] for row in c.exec_driver_sql("SELECT id FROM events")} == sent.keys()
        assert c.exec_driver_sql("SELECT count(*) FROM events").scalar() == len(sent)
        assert c.exec_driver_sql("SELECT sum(events) FROM sources").scalar() == len(sent)
    assert product.answer(engine, QUESTION) == oracle.report(sent.values(), **QUESTION)
    engine.dispose()
    assert "every figure as before" in Shell(url)("rebuild").stdout


def deliver(
    address: str, headers: dict, requests: list[list[dict]], give_up: float, pace: float = 0.0
) -> list[list[str]]:
    """Send every request until it is answered 2xx, by several senders at once -> the outcomes."""
    end = time.monotonic() + give_up

    def send(request: list[dict]) -> list[str]:
        while time.monotonic() < end:
            try:
                answer = httpx.post(
                    f"{address}/api/v1/events",
                    content=json.dumps(request),
                    headers=headers,
                    timeout=10,
                )
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                time.sleep(pace)
                return [r["status"] for r in answer.json()["results"]]
            assert answer.status_code in (429, 503), answer.text
            time.sleep(0.1)
        raise AssertionError("it never came up again")

    with ThreadPoolExecutor(4) as senders:
        return list(senders.map(send, requests))


@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 6), ("postgresql", 3)])
def test_killed_under_load_nothing_answered_is_lost_and_nothing_counts_twice(
    kind, kills, tmp_path, request
):
    url = (
        f"sqlite:///{tmp_path}/usage.db"
        if kind == "sqlite"
        else databases.new_database(request.getfixturevalue("postgres_server"))
    )
    send = token(url, "ingest")
    requests = day(7, 22 * kills)
    port, address = free_port(), None
    random_ = random.Random(kind)
    answered: list[list[list[str]]] = []
    failed: list[BaseException] = []
    hits = 0

    def load() -> None:
        try:
            answered.append(deliver(address, send, requests, 90, pace=0.12))
        except BaseException as error:
            failed.append(error)

    address = f"http://127.0.0.1:{port}"
    thread = threading.Thread(target=load)
    thread.start()
    for _ in range(kills):
        with process(url, tmp_path / "log", port=port, USAGE_REPORT_BACKGROUND_SECONDS="0.05") as (
            running,
            _,
        ):
            thread.join(random_.uniform(0.05, 0.9))
            hits += thread.is_alive()
            # With its worker, or alone: the worker must end by itself then.
            random_.choice([os.kill, os.killpg])(running.pid, signal.SIGKILL)
            assert running.wait(10) == -signal.SIGKILL
    with process(url, tmp_path / "log", port=port):
        thread.join(60)
        assert not thread.is_alive()
    assert not failed, failed
    assert hits >= kills - 2, f"{hits} kills under load prove little"
    outcomes = list(itertools.chain.from_iterable(answered[0]))
    assert len(outcomes) == sum(map(len, requests))
    assert set(outcomes) <= {"accepted", "duplicate"}
    hold(url, requests)


@pytest.mark.parametrize("kind", databases.KINDS)
def test_two_workers_beside_the_receiver_count_everything_once(kind, tmp_path, request):
    url = (
        f"sqlite:///{tmp_path}/usage.db"
        if kind == "sqlite"
        else databases.new_database(request.getfixturevalue("postgres_server"))
    )
    send, read = token(url, "ingest"), token(url, "read")
    requests = day(11, 60)
    with process(url, tmp_path / "log", "--no-worker") as (_, address):
        first = requests[: len(requests) // 10]
        deliver(address, send, first, 30)
        assert "usage_report_lag_seconds 0.0\n" not in httpx.get(f"{address}/metrics").text, (
            "nobody counts yet"
        )
        workers = [_worker(url) for _ in range(2)]
        try:
            deliver(address, send, requests[len(first) :], 60)
            for _ in range(100):
                if "usage_report_lag_seconds 0.0\n" in httpx.get(f"{address}/metrics").text:
                    break
                time.sleep(0.1)
            else:
                pytest.fail("the workers do not come to an end")
            assert [w.poll() for w in workers] == [None, None]
            asked = {
                "from": QUESTION["start"],
                "to": QUESTION["last"],
                "zone": QUESTION["zone"],
                "as_of": iso(QUESTION["as_of"]),
            }
            report = httpx.get(f"{address}/api/v1/report", params=asked, headers=read).json()
        finally:
            for worker in workers:
                worker.terminate()
            ends = [w.wait(15) for w in workers]
    assert ends == [0, 0], [w.stderr.read() for w in workers]
    for worker in workers:
        assert b"ERROR" not in worker.stderr.read()
    hold(url, requests)
    Shell(url)("rebuild")
    again = Shell(url).json(
        "report",
        "--team",
        "acme",
        *itertools.chain.from_iterable((f"--{k.replace('_', '-')}", v) for k, v in asked.items()),
    )
    assert report == again


def test_a_worker_that_dies_is_replaced_and_none_outlives_the_service(tmp_path):
    url = f"sqlite:///{tmp_path}/usage.db"
    send = token(url, "ingest")
    with process(url, tmp_path / "log") as (running, address):
        for id in "ab":
            (worker,) = eventually(lambda: children(running.pid))
            httpx.post(f"{address}/api/v1/events", json=joined(id), headers=send).raise_for_status()
            assert eventually(
                lambda: "usage_report_lag_seconds 0.0\n" in httpx.get(f"{address}/metrics").text
            )
            os.kill(worker, signal.SIGKILL)
            assert eventually(lambda worker=worker: worker not in children(running.pid))
        (worker,) = eventually(lambda: children(running.pid))
        running.send_signal(signal.SIGTERM)
        assert running.wait(15) in (0, -signal.SIGTERM)
        assert eventually(lambda: not Path(f"/proc/{worker}").exists())
    assert "started again" in (tmp_path / "log").read_text()


def children(pid: int) -> list[int]:
    return [
        int(x)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for x in (task / "children").read_text().split()
    ]


def eventually(look, seconds: float = 20.0):
    """What ``look`` gives, as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _worker(url: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "usage_report", "worker"],
        env=environment(url, USAGE_REPORT_BACKGROUND_SECONDS="0.05"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
