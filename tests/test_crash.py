"""An ingest that is killed at any instant and run again gives the state of one that was not. So do two at once."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import databases
from support.harness import Log
from support.product import fingerprint
from support.shell import Shell, line, spawn
from usage_report import storage

pytestmark = pytest.mark.slow

MONTH = (
    "report",
    "--team",
    "acme",
    "--from",
    "2026-03-01",
    "--to",
    "2026-03-31",
    "--as-of",
    "2026-04-01T00:00:00Z",
    "--zone",
    "Europe/Berlin",
)
#: Sessions of 34 events each: several batches of events and several steps of processing.
SESSIONS = 1_200


def sessions(n: int = SESSIONS):
    """A month of sessions with every kind of event, as lines of JSON; the same every time."""
    for i in range(n):
        random_ = random.Random(i)
        day, hour, minute = 1 + i % 28, random_.randrange(23), random_.randrange(40)
        log = Log(f"2026-03-{day:02d}", session=f"s-{i}", room=f"room {i % 17}")
        for p in range(4):
            at = f"{hour:02d}:{minute + p:02d}"
            log.joined(at, f"c-{p}", f"person {random_.randrange(200)}")
            log.published(at, f"c-{p}", f"t-{p}", "audio").published(
                at, f"c-{p}", f"v-{p}", random_.choice(("video", "screenshare"))
            )
            log.add(at, "chat.posted", post=f"p-{p}", visibility="public")
            log.unpublished(f"{hour:02d}:{minute + p + 9:02d}", f"c-{p}", f"t-{p}")
        log.recording(f"{hour:02d}:{minute:02d}", f"{hour:02d}:{minute + 15:02d}", name="r")
        for p in range(3):  # the fourth leaves with the end of the session
            log.left(f"{hour:02d}:{minute + 12 + p:02d}", f"c-{p}")
        log.ended(f"{hour:02d}:59")
        yield from (line(e._replace(id=f"{i}-{e.id}")) for e in log)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("month") / "month.jsonl"
    with path.open("wb") as out:
        out.writelines(sessions())
    return path


def state(url: str) -> tuple[str, dict]:
    engine = storage.connect(url)
    try:
        return fingerprint(engine, "acme"), Shell(url).json(*MONTH)
    finally:
        engine.dispose()


def new_url(kind: str, tmp_path: Path, server: str, name: str) -> str:
    return f"sqlite:///{tmp_path}/{name}.db" if kind == "sqlite" else databases.new_database(server)


@pytest.fixture(scope="module")
def whole(file, tmp_path_factory) -> tuple[tuple[str, dict], float]:
    """The state after an ingest that is not interrupted, and the seconds it takes."""
    url = f"sqlite:///{tmp_path_factory.mktemp('whole')}/usage.db"
    began = time.monotonic()
    assert spawn(url, "ingest", file, stdout=subprocess.DEVNULL).wait(300) == 0
    return state(url), time.monotonic() - began


def killed(url: str, file: Path, after: float) -> bool:
    """Start an ingest and kill it. Return whether it was still running."""
    process = spawn(url, "ingest", file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    return process.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 16), ("postgresql", 5)])
def test_killed_at_any_instant(kind, kills, file, whole, tmp_path, postgres_server):
    """Kills are spread over the whole run, from creating the schema to processing the last session.

    At the end a rebuild changes nothing: every kill has left whole steps.
    """
    expected, seconds = whole
    url = new_url(kind, tmp_path, postgres_server, "killed")
    random_ = random.Random(kind)
    hits = 0
    for i in range(kills):
        # Early kills meet the creation of the schema, later ones any step of what is left.
        hits += killed(url, file, 0.3 + (seconds - 0.3) * (i + random_.random()) / kills)
    assert hits >= kills // 3, "the kills came too late to prove anything"
    assert spawn(url, "ingest", file, stdout=subprocess.DEVNULL).wait(300) == 0
    mark, report = state(url)
    assert report == expected[1]
    if kind == "sqlite":
        assert mark == expected[0]
    assert "every figure as before" in Shell(url)("rebuild").stdout


def test_killed_before_processing(whole, file, tmp_path):
    """All events are stored and some sessions are pending: a report processes them."""
    expected, seconds = whole
    url = f"sqlite:///{tmp_path}/usage.db"
    process = spawn(url, "ingest", file, stdout=subprocess.PIPE)
    assert process.stdout.readline().endswith(b"0 known already\n")  # all events are stored now
    time.sleep(min(0.1, seconds / 20))
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    process.communicate()
    assert Shell(url).json(*MONTH) == expected[1]


@pytest.mark.parametrize("kind", databases.KINDS)
def test_two_at_once(kind, file, whole, tmp_path, postgres_server):
    """Two processes ingest one file into one new database: nothing is lost, nothing counts twice."""
    expected, _ = whole
    url = new_url(kind, tmp_path, postgres_server, "shared")
    both = [spawn(url, "ingest", file) for _ in range(2)]
    outputs = [p.communicate(timeout=300) for p in both]
    assert [p.returncode for p in both] == [0, 0], outputs
    numbers = [
        [
            int(word)
            for word in re.findall(r" (\d+) ", out.decode().splitlines()[0].replace(",", ""))
        ]
        for out, _ in outputs
    ]
    events = sum(1 for _ in file.open("rb"))
    assert sum(n[0] for n in numbers) == events
    assert [sum(n) for n in numbers] == [events, events]
    assert state(url)[1] == expected[1]
    assert "every figure as before" in Shell(url)("rebuild").stdout


def test_two_halves_at_once(file, whole, tmp_path):
    """Every other line goes to one process and the rest to another, so both have events of every session."""
    expected, _ = whole
    lines = file.read_bytes().splitlines(keepends=True)
    halves = [tmp_path / f"{i}.jsonl" for i in range(2)]
    for i, half in enumerate(halves):
        half.write_bytes(b"".join(lines[i::2]))
    url = f"sqlite:///{tmp_path}/usage.db"
    both = [spawn(url, "ingest", half, stdout=subprocess.DEVNULL) for half in halves]
    assert [p.wait(300) for p in both] == [0, 0]
    assert state(url)[1] == expected[1]
    assert "every figure as before" in Shell(url)("rebuild").stdout
