"""The app as a process, on a database filled by the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from usage_report.core.events import iso

ROOT = Path(__file__).parents[2]
MINUTE = 60_000


class Server:
    """One app and its database; ``running()`` starts it."""

    def __init__(self, folder: Path, database: Path | None = None) -> None:
        self.database = database or folder / "usage.db"
        self.log = folder / "server.log"
        self.env = {
            k: v for k, v in os.environ.items() if not k.startswith(("USAGE_REPORT_", "STREAMLIT_"))
        }
        self.env |= {
            "USAGE_REPORT_DATABASE_URL": f"sqlite:///{self.database}",
            "PYTHONPATH": str(ROOT / "src"),
        }
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"

    def cli(self, *args: str) -> str:
        """Run ``usage-report`` and return its output; the test fails if the command does."""
        done = subprocess.run(
            [sys.executable, "-m", "usage_report", *args],
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ingest(self, *events: dict) -> None:
        """Ingest events through the command line."""
        file = self.database.parent / f"events-{time.time_ns()}.jsonl"
        file.write_text("".join(json.dumps(e) + "\n" for e in events))
        self.cli("ingest", str(file))

    @contextmanager
    def running(self) -> Iterator[Server]:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={self.port}"]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, env=self.env, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            for _ in range(240):
                if process.poll() is not None:
                    pytest.fail(f"the app ended unexpectedly:\n{self.log.read_text()[-3000:]}")
                try:
                    with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                        break
                except OSError:
                    time.sleep(0.25)
            else:
                pytest.fail(f"the app did not start:\n{self.log.read_text()[-3000:]}")
            yield self
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def event(type: str, at: int, room: str, session: str, **data: str) -> dict:
    """One event of team ``acme``; the same arguments give the same id."""
    data = {"team": "acme", "room": room, "session": session} | data
    return {
        "specversion": "1.0",
        "id": f"{type}/{at}/{sorted(data.items())}",
        "source": "test",
        "type": type,
        "time": iso(at),
        "data": data,
    }


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def meetings(now: int) -> Iterator[dict]:
    """Two people for half an hour a day over forty days, and two sessions live at ``now``."""
    for day in range(1, 41):
        start, session = now - day * 1440 * MINUTE - 60 * MINUTE, f"daily-{day}"
        for i, who in enumerate(("ana", "ben")):
            yield event(
                "participant.joined",
                start + i * MINUTE,
                "Daily",
                session,
                connection=f"{session}-{who}",
                participant=who,
            )
            yield event(
                "track.published",
                start + i * MINUTE,
                "Daily",
                session,
                connection=f"{session}-{who}",
                track=f"{session}-{who}-a",
                kind="audio",
            )
            yield event(
                "participant.left",
                start + 30 * MINUTE,
                "Daily",
                session,
                connection=f"{session}-{who}",
            )
    yield event(
        "participant.joined",
        now - 20 * MINUTE,
        "Stand-up",
        "s-live",
        connection="l-1",
        participant="ana",
    )
    yield event(
        "participant.joined",
        now - 15 * MINUTE,
        "Stand-up",
        "s-live",
        connection="l-2",
        participant="ben",
    )
    yield event("recording.started", now - 10 * MINUTE, "Stand-up", "s-live", recording="r-live")
    yield event(
        "participant.joined",
        now - 5 * MINUTE,
        "غرفة <b>1</b> 🎉",
        "s-arabic",
        connection="l-3",
        participant="cem",
    )
    yield event("session.started", now - 5 * MINUTE, "Empty room", "s-empty")
