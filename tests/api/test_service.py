"""Real processes: figures follow at once, kills lose nothing, several workers count nothing twice."""

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
from support.api_serving import eventually, free_port, joined, process, sent_event
from support.shell import ROOT, Shell, environment
from usage_report import storage
from usage_report.core import clock
from usage_report.core.events import instant, iso, parse
from usage_report.ingest import pipeline

pytestmark = pytest.mark.slow

MINUTE = 60_000


def bearer(url: str, scope: str) -> dict[str, str]:
    """Return the headers of a program with a token of team acme."""
    created = Shell(url)("token", "create", "--team", "acme", "--scope", scope)
    return {"Authorization": f"Bearer {created.stdout.strip()}"}


#: Seconds after which an accepted event must be counted on a busy machine. benchmarks/receive.py
#: measures the real delay.
MAX_DELAY_SECONDS = 15.0


def test_figures_follow_while_200_events_a_second_come_in(tmp_path):
    """Every event is one more live participant, and is counted within ``MAX_DELAY_SECONDS``."""
    url = f"sqlite:///{tmp_path}/usage.db"
    send, read = bearer(url, "ingest"), bearer(url, "read")
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
                        at=clock.now_ms() - 50,
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
            must = max((n for at, n in accepted if at <= asked - MAX_DELAY_SECONDS), default=0)
            assert figure >= must, (
                f"{asked - began:.1f} s: {figure} live, {must} were accepted {MAX_DELAY_SECONDS:g} s before"
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
    """Return the requests of an invented day.

    The events of one session are spread over many requests, and some are sent twice.
    """
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
                sent_event(
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
                sent_event(
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
                    sent_event("participant.left", f"l-{c}", at=until, session=name, connection=c)
                )
        if random_.random() < 0.7:
            events.append(
                sent_event("session.ended", f"e-{name}", at=at + 60 * MINUTE, session=name)
            )
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


def assert_report_of(url: str, requests: list[list[dict]]) -> None:
    """Assert that the report equals the oracle's report on everything that was sent."""
    sent = {e["id"]: parse(e, now=clock.now_ms()) for request in requests for e in request}
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
    """Send every request until it is answered 200, from several threads. Return the outcomes."""
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
        raise AssertionError("the service did not answer any more")

    with ThreadPoolExecutor(4) as senders:
        return list(senders.map(send, requests))


@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 6), ("postgresql", 3)])
def test_a_kill_under_load_loses_nothing_and_counts_nothing_twice(kind, kills, tmp_path, request):
    url = (
        f"sqlite:///{tmp_path}/usage.db"
        if kind == "sqlite"
        else databases.new_database(request.getfixturevalue("postgres_server"))
    )
    send = bearer(url, "ingest")
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
            # Kill it with its worker, or alone: then the worker must end by itself.
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
    assert_report_of(url, requests)


@pytest.mark.parametrize("kind", databases.KINDS)
def test_two_workers_count_everything_once(kind, tmp_path, request):
    url = (
        f"sqlite:///{tmp_path}/usage.db"
        if kind == "sqlite"
        else databases.new_database(request.getfixturevalue("postgres_server"))
    )
    send, read = bearer(url, "ingest"), bearer(url, "read")
    requests = day(11, 60)
    with process(url, tmp_path / "log", "--no-worker") as (_, address):
        first = requests[: len(requests) // 10]
        deliver(address, send, first, 30)
        assert not has_counted_all(address), "there is no worker yet"
        workers = [_worker(url) for _ in range(2)]
        try:
            deliver(address, send, requests[len(first) :], 60)
            assert eventually(lambda: has_counted_all(address))
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
    assert_report_of(url, requests)
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
    send = bearer(url, "ingest")
    with process(url, tmp_path / "log") as (running, address):
        for id in "ab":
            (worker,) = eventually(lambda: children(running.pid))
            httpx.post(f"{address}/api/v1/events", json=joined(id), headers=send).raise_for_status()
            assert eventually(lambda: has_counted_all(address))
            os.kill(worker, signal.SIGKILL)
            assert eventually(lambda worker=worker: worker not in children(running.pid))
        (worker,) = eventually(lambda: children(running.pid))
        running.send_signal(signal.SIGTERM)
        assert running.wait(15) in (0, -signal.SIGTERM)
        assert eventually(lambda: not Path(f"/proc/{worker}").exists())
    assert "is restarted" in (tmp_path / "log").read_text()


def has_counted_all(address: str) -> bool:
    return "usage_report_lag_seconds 0.0\n" in httpx.get(f"{address}/metrics").text


def children(pid: int) -> list[int]:
    """Return the ids of a process's children, those of all its threads."""
    return [
        int(x)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for x in (task / "children").read_text().split()
    ]


def _worker(url: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "usage_report", "worker"],
        env=environment(url, USAGE_REPORT_BACKGROUND_SECONDS="0.05"),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
